"""What of the catalogue somebody may name in a statement on lineage: their agency's own, and what they may inspect.

What is not there, and what may not be known, are refused alike: nobody learns which of the two it is (R17.2).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from neo4j import AsyncManagedTransaction

from gateway.audit.event import About
from gateway.audit.ledger import Denied
from gateway.catalog.batches import value
from gateway.classes import UNPUBLISHED, ClassKey
from gateway.graph.times import now as clock
from gateway.identity import Subject
from gateway.plan.guard import SITUATIONS, Guard, guard_for, relations_of
from gateway.policy.table import AccessTable
from gateway.sharing.office import Office
from gateway.sharing.procedure import SIGNERS
from gateway.vocabulary import Action

_ABOVE: Final = """COLLECT {
  MATCH (:Jurisdiction {id: d.jurisdiction})-[:PART_OF*0..16]->(j) RETURN DISTINCT j.id AS above ORDER BY above
}"""
_RELATIONS: Final = Guard(((Action.INSPECT, SITUATIONS),), same=False, nested=False).mask("d")
_THINGS: Final = f"""
UNWIND $ids AS id
CALL (id) {{
  MATCH (d:Dataset {{id: id}}) RETURN d, null AS f
  UNION
  MATCH (f:Field {{id: id}})<-[:HAS_FIELD]-(d:Dataset) RETURN d, f
}}
RETURN collect({{id: id, dataset: d.id, identifier: d.identifier, title: d.title, accessClass: d.accessClass,
  agency: d.agency, home: d.jurisdiction, jurisdictions: {_ABOVE}, field: f.name, fieldClass: f.accessClass,
  masks: f.masks, relations: {_RELATIONS}}})
"""
_LOCK: Final = """
MATCH (d:Dataset {id: $id})
SET d.locked = true REMOVE d.locked
RETURN count(*)
"""


@dataclass(frozen=True, slots=True)
class Thing:
    """A dataset, or a field with its dataset."""

    id: str
    dataset: str
    identifier: str
    title: str
    access_class: str
    agency: str
    home: str
    """The jurisdiction of its provider."""
    jurisdictions: tuple[str, ...]
    """That, and those above it."""
    field: str | None
    """Its name, if it is a field."""
    field_class: str | None
    masks: str | None
    """As the catalogue keeps them."""
    relations: int

    @property
    def stated(self) -> dict[str, Any]:
        """As documents have it."""
        return {"id": self.id, "dataset": self.identifier, **({} if self.field is None else {"field": self.field})}

    @property
    def about(self) -> About:
        """What an event about it concerns."""
        return About((self.agency,), self.jurisdictions, (self.dataset,))

    def may(self, table: AccessTable, action: Action) -> bool:
        """Whether who has this table may do something to it."""
        held = relations_of(self.relations)
        if not table.decide(ClassKey(self.access_class), held, action).allowed:
            return False
        if self.field_class is None:
            return True
        # A field is known only with its dataset, of which the fields are seen by who may inspect that.
        return (
            table.decide(ClassKey(self.access_class), held, Action.INSPECT).allowed
            and table.decide(ClassKey(self.field_class), held, action).allowed
        )

    def is_known_to_agencies(self, table: AccessTable) -> bool:
        """Whether any agency may know of it. `table` is that of somebody who acts for one."""
        if self.access_class == UNPUBLISHED:
            return False
        return table.decide(ClassKey(self.access_class), relations_of(0), Action.DISCOVER).allowed


def check_officer(office: Office) -> None:
    """Whether somebody can sign statements on lineage for their agency.

    Raises:
        Denied: `NOT_ALLOWED`.
    """
    if office.agency is None or office.role not in SIGNERS:
        wanted = " or ".join(sorted(SIGNERS))
        raise Denied("NOT_ALLOWED", f"this is for who acts for an agency as {wanted}; you act as {office.role}")


async def find_things(
    tx: AsyncManagedTransaction, subject: Subject, table: AccessTable, ids: Iterable[str]
) -> dict[str, Thing]:
    """Those of these datasets and fields that are there, by id, whoever may know of them."""
    wanted = sorted({*ids})
    if not wanted:
        return {}
    _, given = guard_for(subject, table)
    return {
        row["id"]: Thing(
            row["id"],
            row["dataset"],
            row["identifier"],
            row["title"],
            row["accessClass"],
            row["agency"],
            row["home"],
            tuple(row["jurisdictions"]),
            row["field"],
            row["fieldClass"],
            row["masks"],
            row["relations"],
        )
        for row in await value(tx, _THINGS, ids=wanted, now=clock(), **given)
    }


def own(things: Mapping[str, Thing], identifier: str, office: Office, path: str) -> Thing:
    """Something of an agency's own.

    Raises:
        Denied: `NOT_FOUND`, also for what is another one's.
    """
    found = things.get(identifier)
    if found is None or office.agency is None or found.agency != office.agency["id"]:
        text = f"your agency provides no {_kind(path)} {identifier!r:.60}"
        raise _not_found(found, identifier, path, text)
    return found


def inspected(things: Mapping[str, Thing], identifier: str, table: AccessTable, path: str) -> Thing:
    """Something that somebody may inspect.

    Raises:
        Denied: `NOT_FOUND`, also for what they may not.
    """
    found = things.get(identifier)
    if found is None or not found.may(table, Action.INSPECT):
        text = f"there is no dataset or field {identifier!r:.60} that you may inspect"
        raise _not_found(found, identifier, path, text)
    return found


async def lock_dataset(tx: AsyncManagedTransaction, identifier: str) -> None:
    """Hold a dataset to the end of the transaction: who states something of it at once waits, and then sees this."""
    await value(tx, _LOCK, id=identifier)


def _kind(path: str) -> str:
    return "dataset" if path == "dataset" else "field"


def _not_found(found: Thing | None, identifier: str, path: str, text: str) -> Denied:
    about = About() if found is None else About((found.agency,), found.jurisdictions, (found.dataset,), hidden=True)
    return Denied("NOT_FOUND", text, path=path, target=identifier, about=about)
