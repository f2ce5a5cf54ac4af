"""The entry that a case is about, as its consumer may know it, and the way that each of its fields can be had."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from neo4j import AsyncManagedTransaction

from gateway.audit.event import About
from gateway.audit.ledger import Denied
from gateway.classes import TIERS, ClassKey, Tier
from gateway.graph import Graph
from gateway.identity import Subject
from gateway.masks import Audience
from gateway.plan.guard import relations_of
from gateway.policy.table import AccessTable
from gateway.sharing.words import Procedure
from gateway.vocabulary import FOREVER, Action, OpenType, ShareType

_ENTRY: Final = """
MATCH (d:Dataset {id: $id})-[:PROVIDED_BY]->(a:Agency)
RETURN {id: d.id, identifier: d.identifier, title: d.title, accessClass: d.accessClass, agency: a.id, code: a.code,
  name: a.name, jurisdiction: d.jurisdiction, owners: d.noRedistributionOf,
  mask: CASE WHEN d.agency = $agency THEN 1 ELSE 0 END
    + CASE WHEN d.jurisdiction IN $jurisdictions THEN 2 ELSE 0 END,
  jurisdictions: COLLECT { MATCH (:Jurisdiction {id: d.jurisdiction})-[:PART_OF*0..16]->(j) RETURN j.id ORDER BY j.id },
  version: head(COLLECT { MATCH (d)-[:HAS_VERSION]->(v:DatasetVersion {recordedTo: $forever})
    RETURN {id: v.id, n: v.n, digest: v.digest} }),
  fields: COLLECT { MATCH (d)-[:HAS_FIELD]->(f:Field)
    RETURN {id: f.id, name: f.name, accessClass: f.accessClass, lineageTier: f.lineageTier, masks: f.masks}
    ORDER BY f.position, f.id }}
"""
_NOW: Final = """
MATCH (d:Dataset {id: $id})
RETURN [d.accessClass, COLLECT { MATCH (d)-[:HAS_FIELD]->(f:Field) WHERE f.id IN $fields
  RETURN [f.id, {id: f.id, name: f.name, accessClass: f.accessClass, lineageTier: f.lineageTier, masks: f.masks}] }]
"""
_OWNERS: Final = "MATCH (d:Dataset {id: $id}) RETURN coalesce(d.noRedistributionOf, [])"
WAYS: Final = {
    ShareType.UNCONDITIONAL: Procedure.DECLARATION,
    ShareType.CONDITIONAL: Procedure.APPLICATION,
    ShareType.NON_SHARED: Procedure.NEGOTIATION,
}
"""By which procedure a tier is had between agencies, from the shortest way to the longest (article 16)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A published entry."""

    id: str
    identifier: str
    title: str
    provider: Mapping[str, str]
    """Id, code and name of the agency."""
    tier: Tier
    jurisdiction: str
    jurisdictions: tuple[str, ...]
    version: Mapping[str, Any]
    """Id, number and digest of the version that is published now."""
    fields: Mapping[str, Mapping[str, Any]]
    """Name, access class, tier through lineage and kept masks of the fields that may be known, by id."""
    owners: tuple[str, ...]
    """The agencies whose data is in it that may be given to nobody else (R17.2)."""

    @property
    def stated(self) -> dict[str, Any]:
        """As documents have it."""
        version = {"version": self.version["n"], "digest": self.version["digest"]}
        return {"id": self.id, "identifier": self.identifier, "title": self.title, **version}

    def stated_fields(self, chosen: Sequence[str]) -> list[dict[str, str]]:
        """Some of its fields, as documents have them."""
        return [{"id": one, "name": self.fields[one]["name"]} for one in chosen]

    def tier_of(self, field: str) -> Tier:
        """By which tier one of its fields goes: never less strict than its own, or what it was made from (R17.2)."""
        return TIERS[effective_class(self.fields[field])]

    def way_to(self, fields: Iterable[str]) -> Procedure:
        """By which procedure an agency has fields of it together: the longest way that one of them needs."""
        needed = {WAYS[self.tier.share], *(WAYS[self.tier_of(one).share] for one in fields)}
        return max(needed, key=list(WAYS.values()).index)


def effective_class(field: Mapping[str, Any]) -> ClassKey:
    """The access class by which a field that is in the published catalogue goes, what it was made from included."""
    own = ClassKey(field["accessClass"])
    if own not in TIERS or field["lineageTier"] is None:
        return own
    return TIERS[own].stricter(TIERS[ClassKey(field["lineageTier"])]).key


async def find_entry(tx: AsyncManagedTransaction, subject: Subject, table: AccessTable, dataset: str) -> Entry:
    """The entry, with those of its fields that the caller may know.

    Raises:
        Denied: `NOT_FOUND`, for what is not there, not published, or not for the caller to know: nobody learns which.
    """
    record = await (await tx.run(_ENTRY, _asked(subject, dataset))).single()
    held = None if record is None else record[0]
    found = _known(held, table)
    if found is None:
        about = About() if held is None else _about(held)
        text = f"there is no dataset {dataset!r:.60}"
        raise Denied("NOT_FOUND", text, path="dataset", target=dataset, about=about)
    return found


async def read_entry(graph: Graph, subject: Subject, table: AccessTable, dataset: str) -> Entry | None:
    """The same for who only looks; None for what is not there, or not for them to know."""
    return _known(await graph.read(_ENTRY, _asked(subject, dataset)), table)


def masked(
    fields: Iterable[Mapping[str, Any]], held: Mapping[str, Mapping[str, Any]], procedure: Procedure
) -> Iterator[dict[str, Any]]:
    """Stated fields, each with the rule by which its values leave under this procedure, as it is now (R23.1).

    What is stated is not changed when the rule is: `mask` is that of the answer, or of the declaration. It is absent
    where there is none.

    Args:
        fields: as documents have them.
        held: the fields as the entry has them, by id; a field that it has no more has no rule.
        procedure: by which they are granted.
    """
    audience = Audience.OPENING if procedure is Procedure.OPENING else Audience.SHARING
    for one in fields:
        masks = orjson.loads(held.get(one["id"], {}).get("masks") or "{}")
        unmasked = {name: value for name, value in one.items() if name != "mask"}
        yield {**unmasked, "mask": masks[audience]} if audience in masks else unmasked


def _asked(subject: Subject, dataset: str) -> dict[str, Any]:
    return {
        "id": dataset,
        "agency": subject.agency,
        "jurisdictions": list(subject.jurisdictions),
        "forever": FOREVER,
    }


def _known(held: Mapping[str, Any] | None, table: AccessTable) -> Entry | None:
    """An entry as far as a caller may know it."""
    if held is None or held["accessClass"] not in TIERS or held["version"] is None:
        return None
    relations = relations_of(held["mask"])
    if not table.decide(held["accessClass"], relations, Action.DISCOVER).allowed:
        return None
    inspected = table.decide(held["accessClass"], relations, Action.INSPECT).allowed
    known = {
        field["id"]: field
        for field in held["fields"]
        if inspected
        and field["accessClass"] in TIERS
        and table.decide(field["accessClass"], relations, Action.DISCOVER).allowed
    }
    return Entry(
        held["id"],
        held["identifier"],
        held["title"],
        {"id": held["agency"], "code": held["code"], "name": held["name"]},
        TIERS[held["accessClass"]],
        held["jurisdiction"],
        tuple(held["jurisdictions"]),
        held["version"],
        known,
        tuple(held["owners"] or ()),
    )


async def fields_now(
    tx: AsyncManagedTransaction, dataset: str, fields: Sequence[str]
) -> tuple[str, dict[str, Mapping[str, Any]]]:
    """The access class of an entry, empty for one that is not there, and those of these fields that it has, by id."""
    record = await (await tx.run(_NOW, {"id": dataset, "fields": list(fields)})).single()
    return ("", {}) if record is None else (record[0][0], dict(record[0][1]))


class BelowSources(Denied):
    """A field goes to nobody in this way, by what it was made from alone (R17.2). Whoever asks may be told the ways."""

    def __init__(self, field: str, own: ClassKey, effective: ClassKey, dataset: str, about: About) -> None:
        text = (
            f"{field} is {own}, and by what it was made from it is {effective}: drop it, or refuse, or let the owner "
            "of the source sign a mask for it (R17.2)"
        )
        super().__init__("BELOW_SOURCES", text, path="fields", target=dataset, about=about)
        self.field, self.own, self.effective = field, own, effective


async def check_granted(
    tx: AsyncManagedTransaction, procedure: Procedure, dataset: str, fields: Sequence[str], about: About
) -> None:
    """Whether fields can still be granted by a procedure: they may have been dropped or withheld meanwhile.

    Raises:
        Denied: `FIELD_WITHHELD`, which names the first that cannot; `BelowSources`, for one that only what it was made
            from stands against.
    """
    entry, held = await fields_now(tx, dataset, fields)
    for one in fields:
        now = effective_class(held[one]) if one in held else ""
        own = held[one]["accessClass"] if one in held else ""
        if _may_be_had(procedure, entry) and _may_be_had(procedure, own) and not _may_be_had(procedure, now):
            raise BelowSources(one, ClassKey(own), ClassKey(now), dataset, about)
        if not (_may_be_had(procedure, entry) and _may_be_had(procedure, now)):
            text = f"{one} is withheld now, or not there; what is granted cannot have it: drop it, or refuse"
            raise Denied("FIELD_WITHHELD", text, path="fields", target=dataset, about=about)


async def check_redistributed(tx: AsyncManagedTransaction, dataset: str, consumer: str, about: About) -> None:
    """Whether an entry may be given to somebody, as far as what it was made from goes.

    Raises:
        Denied: see `check_owners`.
    """
    record = await (await tx.run(_OWNERS, {"id": dataset})).single()
    check_owners(() if record is None else record[0], dataset, consumer, about)


def check_owners(owners: Iterable[str], dataset: str, consumer: str, about: About) -> None:
    """The same, given whose data is in it.

    Raises:
        Denied: `NO_REDISTRIBUTION`: not every one of them is the consumer. Whose it is else is not said.
    """
    if {*owners} - {consumer}:
        text = (
            "there is data in this that another agency gave for its receiver's own use: it goes to no third party, "
            "in changed form neither (R17.2); only the agency that it is from may give it"
        )
        raise Denied("NO_REDISTRIBUTION", text, path="dataset", target=dataset, about=about)


def _may_be_had(procedure: Procedure, access_class: str) -> bool:
    tier = TIERS.get(ClassKey(access_class))
    if tier is None or procedure is Procedure.NEGOTIATION:  # what is negotiated is withheld from everybody else
        return tier is not None
    if procedure is Procedure.OPENING:
        return tier.open is not OpenType.NOT_OPEN
    return tier.share is not ShareType.NON_SHARED


def _about(held: Mapping[str, Any]) -> About:
    """What a refusal concerns that the actor may not know of."""
    return About((held["agency"],), tuple(held["jurisdictions"]), (held["id"],), hidden=True)
