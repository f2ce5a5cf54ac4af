"""The entry that a case is about, as its consumer may know it, and the way that each of its fields can be had."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from neo4j import AsyncManagedTransaction

from gateway.audit.event import About
from gateway.audit.ledger import Denied
from gateway.classes import TIERS, ClassKey
from gateway.identity import Subject
from gateway.plan.guard import relations_of
from gateway.policy.table import AccessTable
from gateway.sharing.words import Procedure
from gateway.vocabulary import FOREVER, Action, ShareType

_ENTRY: Final = """
MATCH (d:Dataset {id: $id})-[:PROVIDED_BY]->(a:Agency)
RETURN {id: d.id, identifier: d.identifier, title: d.title, accessClass: d.accessClass, agency: a.id, code: a.code,
  name: a.name, jurisdiction: d.jurisdiction, mask: CASE WHEN d.agency = $agency THEN 1 ELSE 0 END
    + CASE WHEN d.jurisdiction IN $jurisdictions THEN 2 ELSE 0 END,
  jurisdictions: COLLECT { MATCH (:Jurisdiction {id: d.jurisdiction})-[:PART_OF*0..16]->(j) RETURN j.id ORDER BY j.id },
  version: head(COLLECT { MATCH (d)-[:HAS_VERSION]->(v:DatasetVersion {recordedTo: $forever})
    RETURN {id: v.id, n: v.n, digest: v.digest} }),
  fields: COLLECT { MATCH (d)-[:HAS_FIELD]->(f:Field)
    RETURN {id: f.id, name: f.name, accessClass: f.accessClass} ORDER BY f.position, f.id }}
"""
_SHARED: Final = """
MATCH (d:Dataset {id: $id})
RETURN [d.accessClass, COLLECT { MATCH (d)-[:HAS_FIELD]->(f:Field) WHERE f.id IN $fields RETURN [f.id, f.accessClass] }]
"""
_WAYS: Final = {
    ShareType.UNCONDITIONAL: Procedure.DECLARATION,
    ShareType.CONDITIONAL: Procedure.APPLICATION,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A published entry."""

    id: str
    identifier: str
    title: str
    provider: Mapping[str, str]
    """Id, code and name of the agency."""
    share_type: ShareType
    jurisdiction: str
    jurisdictions: tuple[str, ...]
    version: Mapping[str, Any]
    """Id, number and digest of the version that is published now."""
    fields: Mapping[str, Mapping[str, str]]
    """Name and access class of the fields that may be known, by id."""

    @property
    def stated(self) -> dict[str, Any]:
        """As documents have it."""
        version = {"version": self.version["n"], "digest": self.version["digest"]}
        return {"id": self.id, "identifier": self.identifier, "title": self.title, **version}

    def stated_fields(self, chosen: Sequence[str]) -> list[dict[str, str]]:
        """Some of its fields, as documents have them."""
        return [{"id": one, "name": self.fields[one]["name"]} for one in chosen]

    def way_to(self, fields: Iterable[str]) -> Procedure | None:
        """By which procedure fields of it can be had together; None where none of these leads to every one of them."""
        ways = {_WAYS.get(TIERS[ClassKey(self.fields[one]["accessClass"])].share) for one in fields}
        if None in ways:
            return None
        return Procedure.APPLICATION if Procedure.APPLICATION in ways else Procedure.DECLARATION


async def find_entry(tx: AsyncManagedTransaction, subject: Subject, table: AccessTable, dataset: str) -> Entry:
    """The entry, with those of its fields that the caller may know.

    Raises:
        Denied: `NOT_FOUND`, for what is not there, not published, or not for the caller to know: nobody learns which.
    """
    given = {
        "id": dataset,
        "agency": subject.agency,
        "jurisdictions": list(subject.jurisdictions),
        "forever": FOREVER,
    }
    record = await (await tx.run(_ENTRY, given)).single()
    held = None if record is None else record[0]
    about = About() if held is None else _about(held)
    if held is None or held["accessClass"] not in TIERS or held["version"] is None:
        raise _not_found(dataset, about)
    relations = relations_of(held["mask"])
    if not table.decide(held["accessClass"], relations, Action.DISCOVER).allowed:
        raise _not_found(dataset, about)
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
        TIERS[held["accessClass"]].share,
        held["jurisdiction"],
        tuple(held["jurisdictions"]),
        held["version"],
        known,
    )


async def check_shared(tx: AsyncManagedTransaction, dataset: str, fields: Sequence[str], about: About) -> None:
    """Whether fields can still be granted: they may have been dropped or withheld since they were applied for.

    Raises:
        Denied: `FIELD_WITHHELD`, which names the first that cannot.
    """
    record = await (await tx.run(_SHARED, {"id": dataset, "fields": list(fields)})).single()
    entry, classes = ("", {}) if record is None else (record[0][0], dict(record[0][1]))
    for one in fields:
        if not (_is_shared(entry) and _is_shared(classes.get(one, ""))):
            text = f"{one} is not shared any more, or not there; drop it from the answer, with the reason"
            raise Denied("FIELD_WITHHELD", text, path="dropped", target=dataset, about=about)


def _is_shared(access_class: str) -> bool:
    tier = TIERS.get(ClassKey(access_class))
    return tier is not None and tier.share is not ShareType.NON_SHARED


def _about(held: Mapping[str, Any]) -> About:
    """What a refusal concerns that the actor may not know of."""
    return About((held["agency"],), tuple(held["jurisdictions"]), (held["id"],), hidden=True)


def _not_found(dataset: str, about: About) -> Denied:
    """The same for everything that the caller may not know of."""
    return Denied("NOT_FOUND", f"there is no dataset {dataset!r:.60}", path="dataset", target=dataset, about=about)
