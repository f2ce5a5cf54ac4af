"""One record of a DCAT-US 1.1 inventory, or of the `data.json` dialects that grew from it, as a `Harvested` value.

https://resources.data.gov/resources/dcat-us/ says what a record should hold. This module says what it does with
records as they are: a value that carries meaning for access or identity must be right or the record is rejected; a
descriptive one that cannot be used is left out with a warning.
"""

from typing import Any, Final

from gateway.catalog import DistributionSpec, FieldSpec
from gateway.federation.harvested import AccessLevel, Harvested
from gateway.federation.moments import is_repeating, read_moment, read_period, repeating_start
from gateway.federation.problems import Code, Problem, excerpt
from gateway.federation.reading import Reading
from gateway.federation.words import read_data_type, read_format, read_theme
from gateway.vocabulary import Period

_LONGEST_IDENTIFIER: Final = 400
_LONGEST_TITLE: Final = 1_000
_LONGEST_NAME: Final = 500
_LONGEST_ADDRESS: Final = 4_000
_LONGEST_TEXT: Final = 50_000
_MOST_WORDS: Final = 500
_MOST_DISTRIBUTIONS: Final = 2_000
_MOST_FIELDS: Final = 5_000
_DEEPEST_HIERARCHY: Final = 20

_REMARKS: Final = ("spatial", "temporal", "language", "describedBy", "conformsTo", "systemOfRecords", "references")
"""Keys without a place of their own whose text is kept as a remark."""


def read_record(
    record: Any, index: int, *, catalog_publisher: str | None = None, escaped_bytes: bool = False
) -> tuple[Harvested | None, tuple[Problem, ...], str | None]:
    """Read one record, whatever JSON value it is.

    Returns:
        The record, or None when it is rejected; what was found; and the identifier as far as it could be read, so
        that an entry whose record is broken today is not taken for one that is gone.
    """
    reading = Reading(index, escaped_bytes=escaped_bytes)
    if not isinstance(record, dict):
        reading.report(Code.NOT_AN_OBJECT, None, f"is {excerpt(record, 24)}; expected an object")
        return None, reading.problems, None
    identifier = reading.text(record, "identifier", _LONGEST_IDENTIFIER, required=True)
    if identifier is not None and identifier.isascii():
        reading.identifier = identifier
    reading.check(record)
    title = reading.text(record, "title", _LONGEST_TITLE, required=True)
    level = _access_level(reading, record)
    publishers = _publishers(reading, record, catalog_publisher)
    rest = _descriptive(reading, record)
    known = _well_formed(identifier)
    if reading.rejected or identifier is None or title is None or not publishers:
        return None, reading.problems, known
    harvested = Harvested(
        index=index, identifier=identifier, title=title, publishers=publishers, access_level=level, **rest
    )
    return harvested, reading.problems, known


def _well_formed(identifier: str | None) -> str | None:
    """The identifier when the graph could hold it."""
    try:
        return identifier if identifier is not None and "\0" not in identifier and identifier.encode() else None
    except UnicodeEncodeError:
        return None


def _access_level(reading: Reading, record: dict[str, Any]) -> AccessLevel | None:
    value = record.get("accessLevel")
    if value is None or value == "":
        reading.report(Code.ACCESS_LEVEL_ASSUMED, "accessLevel", "is missing; the import rule decides the opening tier")
        return None
    word = " ".join(value.split()).casefold() if isinstance(value, str) and len(value) < 100 else None
    try:
        return AccessLevel(word or "")
    except ValueError:
        expected = ", ".join(f"`{level}`" for level in AccessLevel)
        reading.report(Code.UNKNOWN_ACCESS_LEVEL, "accessLevel", f"is {excerpt(value)}; expected {expected}")
        return None


def _publishers(reading: Reading, record: dict[str, Any], catalog_publisher: str | None) -> tuple[str, ...]:
    """The chain of organisations. It ends where a name comes again: some inventories make an office part of itself."""
    names: dict[str, None] = {}
    value, path = record.get("publisher"), "publisher"
    if isinstance(value, str):
        value = {"name": value}
    while isinstance(value, dict) and len(names) < _DEEPEST_HIERARCHY:
        name = reading.text(
            value, "name", _LONGEST_NAME, path=f"{path}.", required=not names and catalog_publisher is None
        )
        if name is None:
            break
        if name in names:
            if len(names) > 1:
                reading.report(
                    Code.HIERARCHY_CYCLE, path, f"{excerpt(name)} is part of itself; the hierarchy ends before it"
                )
            break
        names[name] = None
        value, path = value.get("subOrganizationOf"), f"{path}.subOrganizationOf"
        if isinstance(value, str):
            value = {"name": value}
    if not names and catalog_publisher is not None:
        reading.report(
            Code.PUBLISHER_ASSUMED, "publisher", f"is missing; taken from the catalogue: {excerpt(catalog_publisher)}"
        )
        return (catalog_publisher,)
    if not names and not isinstance(record.get("publisher"), dict):
        reading.report(
            Code.MISSING,
            "publisher",
            "is missing or no object with a name; every entry needs a responsible party (R8.1)",
        )
    return tuple(names)


def _descriptive(reading: Reading, record: dict[str, Any]) -> dict[str, Any]:
    themes = reading.texts(record, "theme", _LONGEST_NAME, _MOST_WORDS)
    keywords = reading.texts(record, "keyword", _LONGEST_NAME, _MOST_WORDS)
    super_themes = reading.texts(record, "superTheme", _LONGEST_NAME, _MOST_WORDS)
    remarks: list[str] = []
    modified, repeats = _modified(reading, record, remarks)
    for key in _REMARKS:
        texts = reading.texts(record, key, _LONGEST_ADDRESS, _MOST_WORDS)
        remarks.extend([f"{key}: {', '.join(texts)}"] if texts else [])
    distributions, fields = _distributions(reading, record)
    return {
        "description": reading.text(record, "description", _LONGEST_TEXT),
        "keywords": tuple(dict.fromkeys((*keywords, *themes))),
        "themes": themes,
        "theme": read_theme((*super_themes, *themes, *keywords)),
        "period": _period(reading, record, remarks) or repeats,
        "modified": modified,
        "issued": _moment(reading, record, "issued", remarks),
        "landing_page": reading.text(record, "landingPage", _LONGEST_ADDRESS),
        "license": reading.text(record, "license", _LONGEST_ADDRESS),
        "rights": reading.text(record, "rights", _LONGEST_TEXT),
        "part_of": reading.text(record, "isPartOf", _LONGEST_IDENTIFIER),
        "remarks": tuple(remarks),
        "distributions": distributions,
        "fields": fields,
    }


def _modified(reading: Reading, record: dict[str, Any], remarks: list[str]) -> tuple[str | None, Period | None]:
    """When it was last changed; or, as DCAT-US allows for data that never rests, how often it is."""
    value = record.get("modified")
    if not isinstance(value, str) or not is_repeating(value):
        return _moment(reading, record, "modified", remarks), None
    if text := reading.text(record, "modified", _LONGEST_NAME):
        remarks.append(f"modified: {text}")
    return repeating_start(value), read_period(value)


def _moment(reading: Reading, record: dict[str, Any], key: str, remarks: list[str]) -> str | None:
    text = reading.text(record, key, _LONGEST_NAME)
    moment = read_moment(text) if text is not None else None
    if text is not None and moment is None:
        remarks.append(f"{key}: {text}")
        reading.report(Code.DATE_UNREADABLE, key, f"is {excerpt(text)}; expected an ISO 8601 date; kept as a remark")
    return moment


def _period(reading: Reading, record: dict[str, Any], remarks: list[str]) -> Period | None:
    text = reading.text(record, "accrualPeriodicity", _LONGEST_NAME)
    if text is None:
        return None
    period = read_period(text)
    if period is None:
        message = f"is {excerpt(text)}; expected a repeating duration like R/P1Y; kept as a remark"
        reading.report(Code.PERIOD_UNREADABLE, "accrualPeriodicity", message)
    if period is None or period is Period.IRREGULAR:
        remarks.append(f"accrualPeriodicity: {text}")
    return period or Period.UNKNOWN


def _distributions(
    reading: Reading, record: dict[str, Any]
) -> tuple[tuple[DistributionSpec, ...], tuple[FieldSpec, ...]]:
    distributions: list[DistributionSpec] = []
    fields: dict[str, FieldSpec] = {}
    for path, item in reading.objects(record, "distribution", _MOST_DISTRIBUTIONS):
        media_type = reading.text(item, "mediaType", _LONGEST_NAME, path=path)
        access_url = reading.text(item, "accessURL", _LONGEST_ADDRESS, path=path)
        download_url = reading.text(item, "downloadURL", _LONGEST_ADDRESS, path=path)
        word = reading.text(item, "format", _LONGEST_NAME, path=path)
        distributions.append(
            DistributionSpec(
                format=read_format(word, media_type, download_url or access_url),
                title=reading.text(item, "title", _LONGEST_TITLE, path=path),
                description=reading.text(item, "description", _LONGEST_TEXT, path=path),
                media_type=media_type,
                access_url=access_url,
                download_url=download_url,
            )
        )
        _fields(reading, item, path, fields)
    return tuple(distributions), tuple(fields.values())


def _fields(reading: Reading, item: dict[str, Any], path: str, found: dict[str, FieldSpec]) -> None:
    """Columns of one distribution. The same name in several distributions is one Field, as long as they agree."""
    for where, column in reading.objects(item, "field", _MOST_FIELDS, path=path):
        title = reading.text(column, "title", _LONGEST_NAME, path=where)
        name = reading.text(column, "name", _LONGEST_NAME, path=where) or title
        if name is None:
            reading.report(Code.VALUE_IGNORED, where.rstrip("."), "has neither name nor title; left out")
            continue
        field = FieldSpec(
            name=name,
            title=title if title != name else None,
            data_type=read_data_type(reading.text(column, "type", _LONGEST_NAME, path=where)),
            description=reading.text(column, "description", _LONGEST_TEXT, path=where),
        )
        if name not in found and len(found) >= _MOST_FIELDS:
            reading.report(Code.TOO_MANY, f"{path}field", f"more than {_MOST_FIELDS} fields in one record")
            return
        if found.setdefault(name, field) != field:
            reading.report(
                Code.DUPLICATE_FIELD,
                where.rstrip("."),
                f"{excerpt(name)} was described differently before; kept as then",
            )
