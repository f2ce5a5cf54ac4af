"""Entries between which tiers flow, short ways to change them, and what must come of it, worked out all anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from neo4j import AsyncManagedTransaction

from gateway.audit.event import OPERATOR, Cause
from gateway.catalog import Derivation, Entry, FieldSpec, write_derivations, write_entries
from gateway.classes import Tier
from gateway.graph import make_id
from gateway.graph.times import now as clock
from gateway.lineage import Name, Tiers
from gateway.lineage.tiers import mark
from gateway.vocabulary import FOREVER, DataType, OpenType, Sensitivity, ShareType
from tests.catalog.entries import entry
from tests.lineage.reporting import NAMESPACE, Desk

CAUSE: Final = Cause(OPERATOR, "0" * 64)
FREE: Final = Tier(ShareType.UNCONDITIONAL, OpenType.OPEN)
ASKED: Final = Tier(ShareType.CONDITIONAL, OpenType.CONDITIONAL)
KEPT: Final = Tier(ShareType.NON_SHARED, OpenType.NOT_OPEN, frozenset({Sensitivity.BY_LAW}))
PERSONAL: Final = Tier(ShareType.CONDITIONAL, OpenType.NOT_OPEN, frozenset({Sensitivity.PERSONAL}))
AGENCIES: Final = {1: "water", 2: "water", 3: "power", 4: "power"}
_numbers = count()

_FIELDS: Final = """
MATCH (f:Field)
RETURN collect([f.id, f.shareType, f.openType, f.sensitivity, f.lineageTier, f.violation, f.accessClass,
  coalesce(head([(f)<-[:HAS_FIELD]-(d) | d.agency]), head([(f)<-[:LISTS]-()<-[:HAS_VERSION]-(d) | d.agency]))])
"""
_DATASETS: Final = "MATCH (d:Dataset) RETURN collect([d.id, d.agency, d.noRedistribution, d.noRedistributionOf])"
_EDGES: Final = "MATCH (t)-[e:DERIVED_FROM]->(s) RETURN collect([t.id, s.id, properties(e)])"
_SIGNED: Final = "MATCH (x:Declassification) RETURN collect(properties(x))"
_CLEAR: Final = """
MATCH (n:Job|Run|Statement|Point|NameLock|Unsettled|External|Idempotency|Retier|Declassification) DETACH DELETE n
"""
_FORGET: Final = """
MATCH (n:Field|Dataset) REMOVE n.lineageTier, n.lineageSince, n.violation, n.noRedistributionOf,
  n.inheritedNoRedistribution
"""


def entry_id(number: int) -> str:
    return make_id("ds_", entry(number).identifier)


def field_id(number: int, name: str) -> str:
    return make_id("fd_", entry(number).identifier, name)


def tiered(number: int, agency: str = "", *, barred: bool = False, **fields: Tier) -> Entry:
    """An entry that is free itself, with fields in tiers."""
    specs = tuple(FieldSpec(name, None, DataType.STRING, tier=tier) for name, tier in fields.items())
    return entry(number, agency=agency or AGENCIES[number], fields=specs, no_redistribution=barred)


@dataclass(slots=True)
class Flow:
    """A desk, and what settles behind it."""

    desk: Desk
    at_once: int = 2_000

    @property
    def tiers(self) -> Tiers:
        ledger = self.desk.recording.ledger
        return Tiers(ledger.graph, ledger.outbox, self.at_once)

    async def begin(self) -> None:
        """Four entries with fields a and b, all free, and nothing reported of them."""
        await self.desk.graph.run("MATCH ()-[e:DERIVED_FROM]->() DELETE e")
        await self.desk.graph.run(_CLEAR)
        await self.write(*(tiered(number, a=FREE, b=FREE) for number in AGENCIES))
        await self.desk.graph.run(_FORGET)
        await self.desk.graph.run("MATCH (x:Retier) DETACH DELETE x")

    async def name(self) -> None:
        """Say what systems call the entries."""
        for number, agency in AGENCIES.items():
            assert await self.desk.names("map", Name(NAMESPACE, f"d{number}"), agency, entry(number).identifier) is None

    async def write(self, *entries: Entry) -> None:
        await write_entries(self.desk.graph, entries)

    async def derive(
        self,
        target: tuple[int, str],
        source: tuple[int, str],
        asserter: str = "",
        *,
        until: str = FOREVER,
        since: str | None = None,
    ) -> None:
        """Somebody claims that a field was made from another; of datasets where no field is named."""
        said = Derivation(
            entry(source[0]).identifier,
            entry(target[0]).identifier,
            source[1] or None,
            target[1] or None,
            asserter=self.desk.agencies[asserter or AGENCIES[target[0]]],
            run_id=f"run-{next(_numbers)}",
            valid_to=until,
            valid_from=since,
        )
        await write_derivations(self.desk.graph, [said])

    async def sign(self, target: tuple[int, str], source: tuple[int, str], **more: Any) -> str:
        """The owner of a source has signed a mask for what is made from it; the act's transaction marks."""
        now, number = clock(), f"dx_{next(_numbers)}"
        given = {
            "id": number,
            "target": field_id(*target),
            "source": field_id(*source),
            "mask": "hash",
            "agency": self.desk.agencies[AGENCIES[source[0]]],
            "validFrom": "2020-01-01T00:00:00.000Z",
            "validTo": FOREVER,
            "recordedFrom": now,
            "recordedTo": FOREVER,
            **more,
        }

        async def work(tx: AsyncManagedTransaction) -> None:
            await (await tx.run("CREATE (x:Declassification) SET x = $p", {"p": given})).consume()
            await mark(tx, [given["target"]])

        await self.desk.graph.write(work)
        return number

    async def revoke(self, number: str, target: tuple[int, str]) -> None:
        async def work(tx: AsyncManagedTransaction) -> None:
            statement = "MATCH (x:Declassification {id: $id}) SET x.recordedTo = $now"
            await (await tx.run(statement, {"id": number, "now": clock()})).consume()
            await mark(tx, [field_id(*target)])

        await self.desk.graph.write(work)

    async def settle(self) -> int:
        return await self.tiers.settle(CAUSE)

    async def of(self, number: int, name: str) -> str | None:
        """A field's tier through lineage, if it is stricter by that."""
        found: str | None = await self.desk.graph.read(
            "MATCH (f:Field {id: $id}) RETURN f.lineageTier", {"id": field_id(number, name)}
        )
        return found

    async def stored(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What is stored of fields and of datasets."""
        fields = {row[0]: (row[4], row[5]) for row in await self.desk.graph.read(_FIELDS)}
        return fields, {row[0]: set(row[3] or ()) for row in await self.desk.graph.read(_DATASETS)}

    async def expected(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The same as it has to be: simple, slow, and without a look at the real thing."""
        graph, now = self.desk.graph, clock()
        fields = {row[0]: row for row in await graph.read(_FIELDS)}
        datasets = {row[0]: row for row in await graph.read(_DATASETS)}
        signed = [x for x in await graph.read(_SIGNED) if x["recordedTo"] == FOREVER and _holds(x, now)]
        lifted = {(x["target"], x["source"]) for x in signed if fields[x["source"]][7] == x["agency"]}
        counted = []
        for target, source, said in await graph.read(_EDGES):
            if said["recordedTo"] != FOREVER or not _holds(said, now):
                continue
            home = fields[target][7] if target in fields else datasets[target][1] if target in datasets else None
            if said["asserter"] == home and not (said.get("masking") and (target, source) in lifted):
                counted.append((target, source))
        own = {id_: _tier(row) for id_, row in fields.items()}
        tier, owners = dict(own), {id_: set[str]() for id_ in datasets}
        changed = True
        while changed:
            changed = False
            for target, source in counted:
                if target in fields and source in fields:
                    now_ = tier[target].stricter(tier[source])
                    changed, tier[target] = changed or now_ != tier[target], now_
                if target in datasets and source in datasets:
                    given = owners[source] | ({datasets[source][1]} if datasets[source][2] else set())
                    given -= {datasets[target][1]}
                    changed = changed or not given <= owners[target]
                    owners[target] |= given
        stricter = {id_: None if tier[id_] == own[id_] else tier[id_].key for id_ in fields}
        return {
            id_: (stricter[id_], row[7] if stricter[id_] and row[6] != "DRAFT" else None) for id_, row in fields.items()
        }, owners


def _holds(said: Mapping[str, Any], now: str) -> bool:
    return bool(said["validFrom"] <= now < said["validTo"])


def _tier(row: Sequence[Any]) -> Tier:
    return Tier(ShareType(row[1]), OpenType(row[2]), frozenset(map(Sensitivity, row[3])))


def key(tier: Tier) -> str:
    return str(tier.key)
