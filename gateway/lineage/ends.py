"""Which node stands for a name: the entry that it is mapped to, or an external node of who asserts it.

Its own agency's mapping counts first. Else the only entry that anybody has mapped it to, if it is in the published
catalogue: whoever maps a name to a draft tells nobody of it. An output is an entry of the asserter's own, or external.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import orjson
from neo4j import AsyncManagedTransaction

from gateway.catalog.batches import pieces, value
from gateway.classes import UNPUBLISHED
from gateway.graph import make_id
from gateway.lineage import statements
from gateway.lineage.names import Name


class End(NamedTuple):
    """An end of a derivation, as it is stated."""

    name: Name
    field: str
    """Empty for the dataset."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """That an agency calls an entry by a name."""

    agency: str
    dataset: str
    identifier: str
    owner: str
    published: bool
    fields: Mapping[str, str]
    """Own names of fields, by what a system calls them; the others are called alike."""


@dataclass(frozen=True, slots=True)
class Ends:
    """What stands for names at this moment, whose locks the transaction holds."""

    mapped: Mapping[str, Sequence[Mapped]]
    fields: set[str] = field(default_factory=set)
    """Those fields that are there, of those that were looked for."""

    def entry(self, name: Name, asserter: str, *, output: bool) -> Mapped | None:
        """The entry that a name stands for, if it stands for one."""
        some = self.mapped.get(name.key, ())
        found = next((one for one in some if asserter == one.agency == one.owner), None)
        if found is None:
            others = {one.dataset: one for one in some if one.published and one.agency == one.owner}
            found = next(iter(others.values())) if len(others) == 1 else None
        return None if found is None or (output and found.owner != asserter) else found

    def id(self, end: End, asserter: str, *, output: bool) -> str:
        """The id of the node that stands for an end."""
        entry = self.entry(end.name, asserter, output=output)
        if entry is not None and not end.field:
            return entry.dataset
        if entry is not None and (found := _field_id(entry, end.field)) in self.fields:
            return found
        return external_id(asserter, end)

    async def look_for_fields(self, tx: AsyncManagedTransaction, ends: Iterable[End]) -> None:
        """Learn which of the fields that ends may stand for are there."""
        wanted = {_field_id(one, end.field) for end in ends if end.field for one in self.mapped.get(end.name.key, ())}
        for piece in pieces(sorted(wanted)):
            self.fields.update(await value(tx, statements.PRESENT_FIELDS, ids=list(piece)))


def _field_id(entry: Mapped, name: str) -> str:
    return make_id("fd_", entry.identifier, entry.fields.get(name, name))


def external_id(asserter: str, end: End) -> str:
    """The id of the external node of an agency for a name, or for a field of it."""
    return make_id(EXTERNAL, asserter, *end.name, end.field)


def external(identifier: str, end: End) -> dict[str, Any]:
    """What an external node says, but for whose it is."""
    return {
        "id": identifier,
        "key": end.name.key,
        "namespace": end.name.namespace,
        "name": end.name.name,
        "field": end.field or None,
        "accessClass": UNPUBLISHED,
    }


EXTERNAL: Final = "xn_"
"""What the ids of external nodes begin with."""
_UNPUBLISHED: Final = str(UNPUBLISHED)


async def lock_names(tx: AsyncManagedTransaction, names: Iterable[Name]) -> Ends:
    """Hold names to the end of the transaction, and read what they stand for."""
    some = {*names}
    keys, mapped = sorted({name.key for name in some}), dict[str, list[Mapped]]()
    for piece in pieces(sorted({name.lock for name in some})):
        await value(tx, statements.LOCK_NAMES, locks=list(piece))
    for piece in pieces(keys):
        for row in await value(tx, statements.MAPPED, names=list(piece), unpublished=_UNPUBLISHED):
            fields = orjson.loads(row.pop("fields"))
            mapped.setdefault(row.pop("key"), []).append(Mapped(**row, fields=fields))
    return Ends(mapped)
