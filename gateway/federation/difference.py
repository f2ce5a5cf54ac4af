"""What has to change so that the graph says what the file says: pure, so that every case can be shown."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Holder(StrEnum):
    """To whom an identifier belongs in the graph."""

    OURS = "OURS"
    """An imported entry of this source."""
    OTHERS = "OTHERS"
    """An entry of another source, or one that an agency compiled or adopted: never overwritten, never withdrawn."""


@dataclass(frozen=True, slots=True)
class Known:
    """An identifier that the graph holds already."""

    holder: Holder
    digest: str | None = None
    """`recordDigest` of the entry as it was last imported."""
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """Identifiers, by what has to be done about each."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()
    """Withdrawn before, and in the file again."""
    unchanged: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    """Held by others."""
    gone: tuple[str, ...] = ()
    """Ours, in the catalogue, and not in the file any more."""

    @property
    def to_write(self) -> tuple[str, ...]:
        """What has to be written, in the order of the file within each kind."""
        return (*self.new, *self.changed, *self.returned)


def difference(known: Mapping[str, Known], wanted: Mapping[str, str], broken: Iterable[str]) -> Difference:
    """Compare the graph with a file.

    Args:
        known: what the graph holds of this source, and of every identifier of the file.
        wanted: identifier to digest of the records that can be loaded.
        broken: identifiers of records that cannot be loaded today. Their entries stay as they are: a fault in a file
            is no decision of its publisher to withdraw.
    """
    found: dict[str, list[str]] = {name: [] for name in ("new", "changed", "returned", "unchanged", "taken")}
    for identifier, digest in wanted.items():
        entry = known.get(identifier)
        if entry is None:
            kind = "new"
        elif entry.holder is Holder.OTHERS:
            kind = "taken"
        elif entry.withdrawn:
            kind = "returned"
        else:
            kind = "unchanged" if entry.digest == digest else "changed"
        found[kind].append(identifier)
    present = {*wanted, *broken}
    gone = sorted(
        identifier
        for identifier, entry in known.items()
        if entry.holder is Holder.OURS and not entry.withdrawn and identifier not in present
    )
    return Difference(**{kind: tuple(identifiers) for kind, identifiers in found.items()}, gone=tuple(gone))
