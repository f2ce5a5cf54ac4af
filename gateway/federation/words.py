"""Words of other catalogues and what they are in our closed vocabularies.

Tables, so that they can be read and extended.
"""

import re
from collections.abc import Iterable
from typing import Final, TypeVar
from urllib.parse import urlsplit

from gateway.vocabulary import DataType, Format, Sensitivity, Theme

_T = TypeVar("_T")


def squeeze(text: str) -> str:
    """Lower case, letters and digits only: `HT ML`, `html` and `.html` are one word."""
    return "".join(c for c in text.casefold() if c.isalnum())


def _table(rows: dict[_T, str]) -> dict[str, _T]:
    return {word: value for value, words in rows.items() for word in words.split()}


THEMES: Final = _table(
    {
        Theme.AGRI: "agri agriculture food fisheries forestry farming 农业 agricultura",
        Theme.ECON: "econ economy finance budget business economicdevelopment labor employment taxes "
        "realestate 经济 财政 economia",
        Theme.EDUC: "educ education culture sport schools arts libraries 教育 文化",
        Theme.ENER: "ener energy electricity power oil gas 能源 energia",
        Theme.ENVI: "envi environment environmental environmentandgeography water climate ecology 环境 水 ambiente",
        Theme.GOVE: "gove government administrative administration corporatemanagement politics elections fitara "
        "publicsector governance 政务 gobierno",
        Theme.HEAL: "heal health healthhumanservices publichealth medicine 卫生 医疗 salud",
        Theme.INTR: "intr international internationalaffairs foreignaffairs 国际",
        Theme.JUST: "just justice law legal lawenforcement publicsafety crime police courts safety civilrights "
        "司法 公安 accesoajusticia anticorrupcion derechoshumanos informacionjuridica poderjudicial "
        "politicacriminal seguridad sistemapenitenciario",
        Theme.REGI: "regi regions cities planning planningzoning zoning boundaries housing 城乡 规划",
        Theme.SOCI: "soci population society demographics census communities 人口 社会",
        Theme.TECH: "tech technology science research scienceandtechnology 科技",
        Theme.TRAN: "tran transport transportation transit traffic mobility 交通 transporte",
    }
)

FORMATS: Final = _table(
    {
        Format.CSV: "csv csvfile tsv textcsv commaseparatedvalues texttabseparatedvalues",
        Format.JSON: "json applicationjson textjson jsonld applicationldjson",
        Format.NDJSON: "ndjson jsonl jsonlines applicationxndjson",
        Format.XML: "xml applicationxml textxml rdf applicationrdfxml fgdccsdgmmetadata kml "
        "applicationvndgoogleearthkmlxml",
        Format.XLSX: "xlsx xslx xls excel spreadsheet applicationvndmsexcel ods "
        "applicationvndopenxmlformatsofficedocumentspreadsheetmlsheet",
        Format.PARQUET: "parquet geoparquet applicationvndapacheparquet",
        Format.GEOJSON: "geojson applicationgeojson applicationvndgeojson",
        Format.SHAPEFILE: "shp shapefile esrishapefile",
        Format.DATABASE: "database sql sqlite mdb accdb gdb geodatabase filegeodatabase gpkg geopackage",
        Format.API: "api rest restapi webservice applicationhttp geoservice wms wfs odata arcgis esrirest graphql soap",
        Format.PDF: "pdf applicationpdf",
        Format.DOCX: "docx doc word applicationmsword "
        "applicationvndopenxmlformatsofficedocumentwordprocessingmldocument",
        Format.HTML: "html htm aspx webpage texthtml website applicationxhtmlxml",
        Format.TEXT: "txt text textplain",
        Format.IMAGE: "jpeg jpg png png24 tif tiff img ecw gif imagejpeg imagepng imagetiff imagegif imagesvgxml "
        "applicationxerdashfa imagexraster",
        Format.VIDEO: "mp4 mov avi video videomp4 视频",
        Format.STREAM: "rss atom gtfsrt stream applicationrssxml applicationatomxml rtsp kafka",
        Format.ARCHIVE: "zip gz gzip tar 7z rar kmz zippedkmz gtfs applicationzip applicationgzip "
        "applicationvndgoogleearthkmz applicationvndgoogleearthkmzxml applicationxzipcompressed",
    }
)

_DATA_TYPES: Final = _table(
    {
        DataType.STRING: "string text varchar char str any 文本",
        DataType.INTEGER: "integer int bigint smallint long 整数",
        DataType.DECIMAL: "number decimal float double numeric real 小数",
        DataType.BOOLEAN: "boolean bool",
        DataType.DATE: "date isodate 日期",
        DataType.DATETIME: "datetime timestamp datetimeiso8601",
        DataType.GEOMETRY: "geometry geom geojson point polygon geopoint geoshape",
        DataType.BINARY: "binary blob bytes",
    }
)

_GROUNDS: Final = tuple(
    (ground, re.compile(pattern, re.IGNORECASE))
    for ground, pattern in (
        (Sensitivity.PERSONAL, r"\bPII\b|personal(ly)?[ -]+identif|personal (data|information)|privacy"),
        (Sensitivity.COMMERCIAL, r"proprietary|trade secret|business confidential|financial information"),
    )
)


def read_theme(words: Iterable[str]) -> Theme | None:
    """The theme of the first word that is recognised."""
    return next((THEMES[key] for word in words if (key := squeeze(word)) in THEMES), None)


def read_format(word: str | None, media_type: str | None, url: str | None) -> Format:
    """The format of a distribution: by its word, then its media type, then the ending of its address; else OTHER."""
    candidates = [*re.split(r"[,;]", word or ""), word or "", (media_type or "").split(";")[0]]
    if url and "." in (path := _path(url)).rsplit("/", 1)[-1]:
        candidates.append(path.rsplit(".", 1)[-1])
    return next((FORMATS[key] for text in candidates if (key := squeeze(text)) in FORMATS), Format.OTHER)


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def read_data_type(word: str | None) -> DataType | None:
    """The type of a field's values; a word that we do not know is OTHER, none is None."""
    return None if word is None else _DATA_TYPES.get(squeeze(word), DataType.OTHER)


def read_grounds(rights: str | None) -> frozenset[Sensitivity]:
    """The grounds of article 22 that a rights text names (R22); empty when it names none."""
    return frozenset(ground for ground, pattern in _GROUNDS if rights and pattern.search(rights))
