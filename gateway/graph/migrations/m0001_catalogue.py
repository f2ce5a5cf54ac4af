"""Keys, range indexes and full-text indexes of the catalogue graph (design section 2)."""

from typing import Final

NAME: Final = "catalogue"

_UNIQUE: Final = (
    ("Agency", "id"),
    ("Agency", "code"),
    ("Appointment", "id"),
    ("Dataset", "id"),
    ("Dataset", "identifier"),
    ("DatasetVersion", "id"),
    ("Distribution", "id"),
    ("Field", "id"),
    ("Grant", "id"),
    ("Identity", "iss", "sub"),
    ("Jurisdiction", "id"),
    ("Jurisdiction", "code"),
    ("Person", "id"),
    ("Source", "id"),
    ("Tally", "key"),
)

# With the id behind the sort key, one index gives both the start of a page and its order.
_RANGE: Final = (
    ("Dataset", "modified", "id"),
    ("Dataset", "title", "id"),
    ("Dataset", "accessClass", "id"),
    ("Dataset", "accessClass", "title", "id"),
    ("Dataset", "accessClass", "modified", "id"),
    ("Dataset", "agency", "id"),
    ("Dataset", "agency", "title", "id"),
    ("Dataset", "agency", "modified", "id"),
    ("Dataset", "jurisdiction", "id"),
    ("Dataset", "jurisdiction", "title", "id"),
    ("Dataset", "jurisdiction", "modified", "id"),
    ("Tally", "per"),
    ("Tally", "per", "agency"),
)

# `cjk` cuts Chinese into overlapping pairs and leaves other scripts as words.
_FULL_TEXT: Final = (
    ("dataset_title", "Dataset", ("title", "titleEn")),
    ("dataset_text", "Dataset", ("description", "keywords")),
    ("field_name", "Field", ("name", "title")),
    ("field_text", "Field", ("description",)),
    ("agency_name", "Agency", ("name", "nameEn")),
)


def statements() -> list[str]:
    """The statements in order; each does nothing when its object is there already."""
    return [
        *(_unique(label, *properties) for label, *properties in _UNIQUE),
        *(_range(label, *properties) for label, *properties in _RANGE),
        *(_full_text(name, label, properties) for name, label, properties in _FULL_TEXT),
    ]


def _unique(label: str, *properties: str) -> str:
    name = "_".join((label, *properties, "unique")).lower()
    keys = ", ".join(f"n.{p}" for p in properties)
    return f"CREATE CONSTRAINT {name} IF NOT EXISTS FOR (n:{label}) REQUIRE ({keys}) IS UNIQUE"


def _range(label: str, *properties: str) -> str:
    name = "_".join((label, *properties)).lower()
    return f"CREATE RANGE INDEX {name} IF NOT EXISTS FOR (n:{label}) ON ({', '.join(f'n.{p}' for p in properties)})"


def _full_text(name: str, label: str, properties: tuple[str, ...]) -> str:
    on = ", ".join(f"n.{p}" for p in properties)
    return (
        f"CREATE FULLTEXT INDEX {name} IF NOT EXISTS FOR (n:{label}) ON EACH [{on}] "
        "OPTIONS {indexConfig: {`fulltext.analyzer`: 'cjk', `fulltext.eventually_consistent`: false}}"
    )
