"""Which texts the graph can keep: lengths, characters, instants."""

import re
from collections.abc import Iterator
from typing import Final

from gateway.catalog.model import Entry
from gateway.catalog.problems import Code, Problem

SHORT: Final = 500
"""Most characters of names, titles, keywords and identifiers: they are index keys."""
LONG: Final = 200_000
"""Most characters of everything else."""
MOST_FIELDS: Final = 10_000
MOST_VALUES: Final = 1_000

_UNSTORABLE: Final = re.compile("[\x00\x1f\ud800-\udfff]")
"""NUL, lone surrogates, and U+001F, which separates the parts of keys."""
_INSTANT: Final = re.compile(
    r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z", re.ASCII
)

_Texts = Iterator[tuple[str, str | None, int]]


def text_faults(entry: Entry) -> Iterator[Problem]:
    """Every text, instant and list of the entry that cannot be kept as it is."""
    for path, text, most in _texts(entry):
        if text is not None and (fault := _fault(text, most)):
            yield Problem(entry.identifier, fault[0], path, fault[1])
    for path, text in (("modified", entry.modified), ("issued", entry.issued), ("refreshedAt", entry.refreshed_at)):
        if text is not None and not _INSTANT.fullmatch(text):
            yield Problem(
                entry.identifier, Code.INSTANT_MALFORMED, path, "write it as YYYY-MM-DDTHH:MM:SS.sssZ, in UTC"
            )
    for path, count, most in (
        ("fields", len(entry.fields), MOST_FIELDS),
        ("keywords", len(entry.keywords), MOST_VALUES),
        ("legalBasis", len(entry.legal_basis), MOST_VALUES),
        ("distributions", len(entry.distributions), MOST_VALUES),
    ):
        if count > most:
            yield Problem(entry.identifier, Code.TOO_MANY, path, f"{count} are too many; {most} is the limit")
    seen: set[str] = set()
    for i, field in enumerate(entry.fields):
        if field.name in seen:
            yield Problem(entry.identifier, Code.DUPLICATE, f"fields[{i}].name", f"{field.name!r} stands twice")
        seen.add(field.name)


def _fault(text: str, most: int) -> tuple[Code, str] | None:
    if not text.strip():
        return Code.TEXT_EMPTY, "an empty text says nothing; leave it out"
    if len(text) > most:
        return Code.TEXT_TOO_LONG, f"{len(text)} characters are too many; {most} is the limit"
    if bad := _UNSTORABLE.search(text):
        return Code.TEXT_UNSTORABLE, f"holds U+{ord(bad[0]):04X} at position {bad.start()}, which cannot be kept"
    return None


def _texts(entry: Entry) -> _Texts:
    yield "identifier", entry.identifier, SHORT
    yield "title", entry.title, SHORT
    yield "titleEn", entry.title_en, SHORT
    yield "category", entry.category, LONG
    if entry.agency:  # without one, that is the missing element, not an empty text
        yield "agency", entry.agency, SHORT
    for path, text in (
        ("description", entry.description),
        ("shareConditions", entry.share_conditions),
        ("openConditions", entry.open_conditions),
        ("usagePolicy", entry.usage_policy),
        ("dutyBasis", entry.duty_basis),
        ("attributes", entry.attributes),
        ("landingPage", entry.landing_page),
        ("license", entry.license),
        ("rights", entry.rights),
        ("accessLevel", entry.access_level),
        ("importRule", entry.import_rule),
        ("source", entry.source),
    ):
        yield path, text, LONG
    for i, keyword in enumerate(entry.keywords):
        yield f"keywords[{i}]", keyword, SHORT
    for i, basis in enumerate(entry.legal_basis):
        yield f"legalBasis[{i}].title", basis.title, SHORT
        yield f"legalBasis[{i}].citation", basis.citation or None, LONG
    yield from _part_texts(entry)


def _part_texts(entry: Entry) -> _Texts:
    for i, field in enumerate(entry.fields):
        yield f"fields[{i}].name", field.name, SHORT
        yield f"fields[{i}].title", field.title, SHORT
        yield f"fields[{i}].description", field.description, LONG
        yield f"fields[{i}].unit", field.unit, SHORT
        yield f"fields[{i}].format", field.format, SHORT
    for i, item in enumerate(entry.distributions):
        for name, text in (
            ("title", item.title),
            ("description", item.description),
            ("mediaType", item.media_type),
            ("accessURL", item.access_url),
            ("downloadURL", item.download_url),
        ):
            yield f"distributions[{i}].{name}", text, LONG
