"""Words of other catalogues land in our closed vocabularies, or visibly do not."""

import pytest

from gateway.federation.words import FORMATS, THEMES, read_data_type, read_format, read_grounds, read_theme
from gateway.vocabulary import DataType, Format, Sensitivity, Theme


@pytest.mark.parametrize(
    ("word", "media_type", "url", "expected"),
    [
        ("CSV", "text/csv", None, Format.CSV),
        ("SHP", "application/zip", None, Format.SHAPEFILE),
        ("HT ML", "application/octet-stream", None, Format.HTML),
        ("CSV, JSON", "application/octet-stream", None, Format.CSV),
        ("XSLX", None, None, Format.XLSX),
        ("GEOJSON", "application/octet-stream", None, Format.GEOJSON),
        ("API", "application/http", None, Format.API),
        (None, "application/vnd.ms-excel", None, Format.XLSX),
        (None, "text/html; charset=utf-8", None, Format.HTML),
        (None, None, "https://example.org/a/b.PDF?x=1", Format.PDF),
        (None, "application/octet-stream", "https://example.org/a.geojson", Format.GEOJSON),
        (None, None, "https://example.org/opendata", Format.OTHER),
        (None, None, "http://[broken", Format.OTHER),
        ("crystals", None, None, Format.OTHER),
        (None, None, None, Format.OTHER),
    ],
)
def test_format_is_read(word: str | None, media_type: str | None, url: str | None, expected: Format) -> None:
    assert read_format(word, media_type, url) is expected


def test_theme_is_the_first_word_recognised() -> None:
    assert read_theme(["geospatial", "Law enforcement", "energy"]) is Theme.JUST
    assert read_theme(["geospatial"]) is None


def test_every_format_and_theme_can_be_reached() -> None:
    assert set(FORMATS.values()) == set(Format) - {Format.OTHER}
    assert set(THEMES.values()) == set(Theme) - {Theme.OP_DATPRO}


def test_data_types_are_read() -> None:
    assert read_data_type(None) is None
    assert read_data_type("Integer") is DataType.INTEGER
    assert read_data_type("quaternion") is DataType.OTHER


@pytest.mark.parametrize(
    ("rights", "expected"),
    [
        ("The dataset contains PII", {Sensitivity.PERSONAL}),
        ("This data includes personally identifiable information", {Sensitivity.PERSONAL}),
        ("contains personal identifying information", {Sensitivity.PERSONAL}),
        ("Sensitive Financial information", {Sensitivity.COMMERCIAL}),
        ("true", set()),
        ("HIPPII", set()),
        (None, set()),
    ],
)
def test_a_rights_text_is_believed_when_it_names_a_ground(
    rights: str | None, expected: set[Sensitivity]
) -> None:  # R22
    assert read_grounds(rights) == expected
