"""Keys of cases, documents and certificates, and what queues of cases are read by (design section 2)."""

from typing import Final

NAME: Final = "procedures"

_UNIQUE: Final = (("Case", "id"), ("Certificate", "fingerprint"), ("Document", "id"), ("Preparation", "id"))
_RANGE: Final = (
    *(
        ("Case", by, *more, "filedAt", "id")
        for by in ("consumer", "provider", "consumerJurisdiction", "providerJurisdiction")
        for more in ((), ("state",))
    ),
    ("Case", "provider", "state", "dueAt", "id"),
    ("Case", "consumer", "dataset"),
    ("Case", "escalateAt", "id"),
    ("Case", "state", "calendar"),
    ("Grant", "consumer", "dataset"),
    ("Grant", "dataset"),
    ("Preparation", "person", "preparedAt"),
)


def statements() -> list[str]:
    """The statements in order; each does nothing when its object is there already."""
    return [
        *(
            f"CREATE CONSTRAINT {label.lower()}_{name}_unique IF NOT EXISTS FOR (n:{label}) REQUIRE n.{name} IS UNIQUE"
            for label, name in _UNIQUE
        ),
        *(
            f"CREATE RANGE INDEX {'_'.join((label, *names)).lower()} IF NOT EXISTS FOR (n:{label}) ON "
            f"({', '.join(f'n.{name}' for name in names)})"
            for label, *names in _RANGE
        ),
    ]
