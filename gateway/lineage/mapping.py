"""What agencies call their entries: the mapping from systems' names, and the edges that follow it (R13).

Whoever maps a name does it for the entries that it provides. Edges that hang on the name are ended and drawn anew to
what stands for it since; what was on record stays on record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from neo4j import AsyncManagedTransaction

from gateway.audit.event import About, Cause
from gateway.audit.kinds import LineageNameMapped, LineageNameUnmapped
from gateway.audit.ledger import Denied, Key, Ledger, Made, Work
from gateway.catalog.batches import value
from gateway.graph import make_id
from gateway.graph.times import now as clock
from gateway.identity import Subject
from gateway.lineage.drawing import Drawing, edge_id
from gateway.lineage.ends import End, lock_names
from gateway.lineage.names import LONGEST, Name, is_name
from gateway.lineage.tiering import Tiers
from gateway.sharing.procedure import SIGNERS
from gateway.vocabulary import FOREVER

MAP: Final = "mapLineageName"
UNMAP: Final = "unmapLineageName"
_MOST_FIELDS: Final = 10_000

_ENTRY: Final = """
MATCH (d:Dataset {identifier: $identifier})-[:PROVIDED_BY]->(a:Agency)
RETURN {id: d.id, agency: a.id, jurisdictions: COLLECT {
    MATCH (a)-[:IN]->(:Jurisdiction)-[:PART_OF*0..16]->(j) RETURN DISTINCT j.id AS id ORDER BY id },
  fields: COLLECT { MATCH (d)-[:HAS_FIELD]->(f:Field) RETURN f.name }}
"""
_MAP: Final = """
MATCH (d:Dataset {id: $dataset})
MERGE (m:LineageName {id: $p.id}) SET m = $p
WITH m, d
CALL (m) { MATCH (m)-[old:NAMES]->() DELETE old }
CREATE (m)-[:NAMES]->(d)
RETURN count(*)
"""
_UNMAP: Final = """
MATCH (m:LineageName {id: $id})-[:NAMES]->(d:Dataset)
WITH m, d, d.id AS dataset
DETACH DELETE m
RETURN dataset
"""
_HANGING: Final = """
RETURN COLLECT {
  MATCH (t)-[e:DERIVED_FROM]->(s) USING INDEX e:DERIVED_FROM(targetName, recordedTo)
  WHERE e.targetName = $name AND e.recordedTo = $forever
  RETURN [properties(e), t.id, s.id]
} + COLLECT {
  MATCH (t)-[e:DERIVED_FROM]->(s) USING INDEX e:DERIVED_FROM(sourceName, recordedTo)
  WHERE e.sourceName = $name AND e.recordedTo = $forever
  RETURN [properties(e), t.id, s.id]
}
"""
_MATCHED: Final = """
MATCH (x:External) USING INDEX x:External(key) WHERE x.key = $name AND x.field IS NULL
SET x.unmatched = x.id IN $used
RETURN count(*)
"""
_HOME: Final = """
MATCH (a:Agency {id: $agency})
RETURN COLLECT { MATCH (a)-[:IN]->(:Jurisdiction)-[:PART_OF*0..16]->(j) RETURN DISTINCT j.id AS id ORDER BY id }
"""


@dataclass(frozen=True, slots=True)
class Stated:
    """That a name is that of an entry."""

    name: Name
    identifier: str
    """The code of the entry."""
    fields: Mapping[str, str]
    """Its fields that systems call otherwise, by what they call them."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names of a graph. `by` is who asks, of an agency's officers and heads."""

    ledger: Ledger
    tiers: Tiers | None = None
    """Settles what becomes stricter by it; without it, somebody else does."""

    async def map(self, cause: Cause, stated: Stated, key: str, *, by: Subject) -> Mapping[str, Any]:
        """Say which entry of one's own a name is, or that it is another one.

        Returns:
            `{name}`: the id of the statement.

        Raises:
            Denied: `NOT_FOUND`, also for what is another agency's, so that nobody learns whether it is there;
                `NOT_ALLOWED`; `BAD_NAME`; `UNKNOWN_FIELD`: the entry has no such field.
            LogError: see `Ledger.change`.
        """

        async def work(tx: AsyncManagedTransaction) -> Made:
            _check(stated.name)
            entry = await _entry(tx, stated, by)
            about = About((entry["agency"],), tuple(entry["jurisdictions"]), (entry["id"],))
            for called, field in stated.fields.items():
                _check(Name(stated.name.namespace, called), "fields")
                if field not in entry["fields"]:
                    text = f"{stated.identifier} has no field {field!r:.60}"
                    raise Denied("UNKNOWN_FIELD", text, path="fields", target=stated.identifier, about=about)
            await lock_names(tx, [stated.name])
            identifier = make_id("ln_", entry["agency"], *stated.name)
            given = {
                "id": identifier,
                "key": stated.name.key,
                "agency": entry["agency"],
                "namespace": stated.name.namespace,
                "name": stated.name.name,
                "fields": orjson.dumps(dict(stated.fields)).decode(),
                "since": clock(),
            }
            await value(tx, _MAP, dataset=entry["id"], p=given)
            event = LineageNameMapped(
                cause=cause,
                about=about,
                namespace=stated.name.namespace,
                name=stated.name.name,
                identifier=stated.identifier,
                fields=len(stated.fields),
            )
            await _follow(tx, stated.name, event.id)
            return Made({"name": identifier}, {entry["id"]: [event]})

        given = {"name": [*stated.name], "identifier": stated.identifier, "fields": sorted(stated.fields.items())}
        return await self._made(Key(str(by.id), MAP, key, given), cause, work)

    async def _made(self, key: Key, cause: Cause, work: Work) -> Mapping[str, Any]:
        made = await self.ledger.change(key, cause, work)
        if self.tiers is not None:
            await self.tiers.after(cause)
        return made

    async def unmap(self, cause: Cause, name: Name, key: str, *, by: Subject) -> Mapping[str, Any]:
        """Say that a name is no more that of an entry of one's own.

        Returns:
            `{name}`: the id that the statement had.

        Raises:
            Denied: `NOT_FOUND`: one's agency has not mapped it; `NOT_ALLOWED`.
            LogError: see `Ledger.change`.
        """

        async def work(tx: AsyncManagedTransaction) -> Made:
            agency = by.agency or ""
            home = await (await tx.run(_HOME, {"agency": agency})).single()
            about = About() if home is None else About((agency,), tuple(home[0]))
            _check_role(by, about, name)
            await lock_names(tx, [name])
            identifier = _identifier(agency, name)
            found = None if identifier is None else await (await tx.run(_UNMAP, {"id": identifier})).single()
            if found is None:
                text = "your agency has not mapped this name; see lineageNames"
                raise Denied("NOT_FOUND", text, path="name", target=str(name), about=about)
            event = LineageNameUnmapped(
                cause=cause,
                about=About(about.agencies, about.jurisdictions, (found[0],)),
                namespace=name.namespace,
                name=name.name,
            )
            await _follow(tx, name, event.id)
            return Made({"name": identifier}, {found[0]: [event]})

        return await self._made(Key(str(by.id), UNMAP, key, {"name": [*name]}), cause, work)


def _identifier(agency: str, name: Name) -> str | None:
    try:
        return make_id("ln_", agency, *name)
    except ValueError:  # no name, as it has a separator in it
        return None


async def _entry(tx: AsyncManagedTransaction, stated: Stated, by: Subject) -> dict[str, Any]:
    record = await (await tx.run(_ENTRY, {"identifier": stated.identifier})).single()
    found: dict[str, Any] | None = None if record is None else record[0]
    about = About() if found is None else About((found["agency"],), tuple(found["jurisdictions"]), (found["id"],))
    if found is None or by.agency != found["agency"]:
        about = About(about.agencies, about.jurisdictions, about.datasets, hidden=found is not None)
        text = f"there is no dataset {stated.identifier!r:.60} of your agency"
        raise Denied("NOT_FOUND", text, path="identifier", target=stated.identifier, about=about)
    _check_role(by, about, stated.name)
    return found


def _check_role(by: Subject, about: About, name: Name) -> None:
    if by.agency is None or not by.profile.roles & SIGNERS:
        text = "only officers and heads say what their agency's systems call its entries"
        raise Denied("NOT_ALLOWED", text, target=str(name), about=about)


def _check(name: Name, path: str = "name") -> None:
    if not all(map(is_name, name)):
        raise Denied("BAD_NAME", f"a name has 1 to {LONGEST} characters without control characters", path=path)


async def _follow(tx: AsyncManagedTransaction, name: Name, event: str) -> None:
    """Draw anew what hangs on a name, where something else stands for it since. Its lock is held."""
    now, ends = clock(), await lock_names(tx, [name])
    hanging: Sequence[Any] = await value(tx, _HANGING, name=name.key, forever=FOREVER)
    # One whose both ends are called so comes twice.
    edges = {properties["id"]: (properties, target, source) for properties, target, source in hanging}.values()
    await ends.look_for_fields(tx, (end for one, _, _ in edges for end in _called(name, one)))
    drawing, ended, used = Drawing(ends), list[list[str]](), set[str]()
    for properties, target, source in edges:
        asserter = properties["asserter"]
        places = [target, source]
        for place, side in enumerate(("target", "source")):
            if properties[f"{side}Name"] == name.key:
                end = End(name, properties.get(f"{side}Field", ""))
                places[place] = drawing.place(end, asserter, output=side == "target")
        used.update(places)
        if places != [target, source]:
            ended.append([properties["line"], properties["validTo"]])
            identifier = edge_id()
            again = {**properties, "id": identifier, "recordedFrom": now, "event": event}
            drawing.draw(places[0], places[1], again | ({"declared": identifier} if "declared" in properties else {}))
    await drawing.end(tx, ended, now)
    await drawing.finish(tx)
    await value(tx, _MATCHED, name=name.key, used=sorted(one for one in used if one.startswith("xn_")))


def _called(name: Name, properties: Mapping[str, Any]) -> list[End]:
    """The ends of an edge that are called by a name."""
    return [
        End(name, properties.get(f"{side}Field", ""))
        for side in ("target", "source")
        if properties[f"{side}Name"] == name.key
    ]
