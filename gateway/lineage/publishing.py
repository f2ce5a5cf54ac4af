"""Whether entries may be published as they are stated, given what their fields were made from (R17.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from neo4j import AsyncManagedTransaction

from gateway.catalog.batches import pieces, value
from gateway.catalog.problems import Code, Problem
from gateway.catalog.write import Proposed
from gateway.classes import ClassKey
from gateway.graph.times import now as clock
from gateway.identity import Profile, Subject
from gateway.lineage import statements
from gateway.lineage.reasons import named_way
from gateway.lineage.tier_reading import Ask, effective, read_fields
from gateway.lineage.tiers import FieldTier, exceeds, tier_key
from gateway.lineage.walking import Walker
from gateway.plan import Asker
from gateway.vocabulary import FOREVER, AgencyKind, Role

_MOST: Final = 20_000
"""Fields upstream that are looked at; beyond them counts what is on record."""
_TOLD: Final = 20
"""Fields of which the reason is looked for."""

_KIND: Final = "MATCH (a:Agency {id: $id}) RETURN a.kind"


@dataclass(frozen=True, slots=True)
class Publishing:
    """Checks what is to be written. The walker finds reasons as an officer of the entry's own agency would."""

    walker: Walker

    async def check(self, tx: AsyncManagedTransaction, proposed: Sequence[Proposed]) -> list[Problem]:
        """What stands against publishing entries, or making them less strict: `BELOW_SOURCES` by field.

        An entry that is too loose already may be written as long as it becomes no looser: it stays listed.
        """
        new = {
            row["id"]: tier_key(row["shareType"], row["openType"], row["sensitivity"])
            for one in proposed
            if one.published
            for row in one.fields
        }
        known, upstream = await self._upstream(tx, proposed, new)
        if not known:
            return []
        there = set[str]()
        for piece in pieces(sorted(new.keys() & known.keys())):
            there.update(await value(tx, statements.PRESENT_FIELDS, ids=list(piece)))
        found = effective({id_: replace(one, own=new.get(id_, one.own)) for id_, one in upstream.items()})
        problems, told = [], 0
        for one in proposed:
            for row in one.fields if one.published else ():
                id_ = row["id"]
                if id_ not in known or not exceeds(found[id_], new[id_]):
                    continue
                if one.was_published and id_ in there and not exceeds(known[id_].own, new[id_]):
                    continue
                told += 1
                why = await self._why(one, id_, new[id_], found[id_]) if told <= _TOLD else ""
                problems.append(Problem(one.identifier, Code.BELOW_SOURCES, f"fields[{row['position']}]", why))
        return problems

    async def _upstream(
        self, tx: AsyncManagedTransaction, proposed: Sequence[Proposed], new: Mapping[str, ClassKey]
    ) -> tuple[dict[str, FieldTier], dict[str, FieldTier]]:
        """The fields that are there and derived from others; and with them all that they were made from."""
        ask: Ask = partial(value, tx)
        given = {"now": clock(), "forever": FOREVER}
        agencies = {row["id"]: one.agency for one in proposed for row in one.fields}
        known = {
            id_: one
            for id_, one in (await read_fields(ask, [*new], given)).items()
            # Of an entry that becomes another agency's, what the one before has said does not count.
            if one.sources and one.agency == agencies[id_]
        }
        found, level = dict(known), {source for one in known.values() for source in one.sources} - known.keys()
        while level and len(found) < _MOST:
            some = await read_fields(ask, sorted(level), given)
            found |= some
            level = {source for one in some.values() for source in one.sources} - found.keys()
        return known, found

    async def _why(self, one: Proposed, field: str, own: ClassKey, effective_: ClassKey) -> str:
        kind = AgencyKind(await self.walker.reader.read(_KIND, {"id": one.agency}))
        officer = Subject(None, "", one.agency, profile=Profile(frozenset({Role.OFFICER}), kind))
        way = await named_way(self.walker, Asker(officer, one.agency), field, own, effective_)
        return (
            f"this field is {own}, and by what it was made from it is {effective_}: {way}; state a tier that is at "
            "least as strict, or let the owner of the source sign a mask for it (R17.2)"
        )
