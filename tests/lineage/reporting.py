"""OpenLineage events in few words, systems that report them, and the edges that come of it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5

from gateway.audit.event import About, Actor, ActorKind, Cause
from gateway.audit.ledger import Denied
from gateway.graph import Graph
from gateway.identity import Profile, Subject
from gateway.lineage import Name, Names, Recording, Reporter, Stated
from gateway.vocabulary import FOREVER, AgencyKind, Role
from tests.support.logged import logged

PRODUCER: Final = "https://example.org/scheduler"
SCHEMA: Final = "https://openlineage.io/spec/2-0-2/OpenLineage.json"
SPACE: Final = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
NAMESPACE: Final = "postgres://warehouse"
_EDGES: Final = """
MATCH (t)-[e:DERIVED_FROM]->(s)
RETURN collect({target: coalesce(t.identifier, t.id), source: coalesce(s.identifier, s.id),
  targetSaid: CASE WHEN t:Field THEN head([(d)-[:HAS_FIELD]->(t) | d.identifier]) + '.' + t.name
    ELSE coalesce(t.identifier, t.name) + coalesce('.' + t.field, '') END,
  sourceSaid: CASE WHEN s:Field THEN head([(d)-[:HAS_FIELD]->(s) | d.identifier]) + '.' + s.name
    ELSE coalesce(s.identifier, s.name) + coalesce('.' + s.field, '') END,
  labels: [head(labels(t)), head(labels(s))], p: properties(e)})
"""


def at(day: int, hour: int = 0) -> str:
    return f"2026-01-{day:02}T{hour:02}:00:00.000Z"


def dataset(name: str, **facets: Any) -> dict[str, Any]:
    return {"namespace": NAMESPACE, "name": name, **({"facets": facets} if facets else {})}


def columns(**fields: Sequence[str]) -> dict[str, Any]:
    """A column-lineage facet: `a=["b.c"]` is the field a from the field c of b."""
    entries = {name: {"inputFields": [column(*one.split(".")) for one in sources]} for name, sources in fields.items()}
    return {"fields": entries, "_producer": PRODUCER, "_schemaURL": SCHEMA}


def column(name: str, field: str, **more: Any) -> dict[str, Any]:
    return {"namespace": NAMESPACE, "name": name, "field": field, **more}


def event(
    run: object = 1,
    when: str = at(1),
    kind: str | None = "COMPLETE",
    *,
    inputs: Sequence[Any] = (),
    outputs: Sequence[Any] = (),
    job: str = "nightly",
    **more: Any,
) -> dict[str, Any]:
    """A run event; names alone are datasets."""
    return {
        "eventTime": when,
        "producer": PRODUCER,
        "schemaURL": SCHEMA,
        **({} if kind is None else {"eventType": kind}),
        "run": {"runId": str(uuid5(SPACE, f"{run}"))},
        "job": {"namespace": "scheduler", "name": job},
        "inputs": [dataset(one) if isinstance(one, str) else one for one in inputs],
        "outputs": [dataset(one) if isinstance(one, str) else one for one in outputs],
        **more,
    }


def run_id(run: object) -> str:
    return str(uuid5(SPACE, f"{run}"))


@dataclass
class Desk:
    """What takes reports, and who reports: systems of the agencies of the ground."""

    graph: Graph
    recording: Recording
    state: Path
    agencies: dict[str, str]
    """Ids by code."""
    _seen: int = 0
    keys: Any = field(default_factory=count)

    def reporter(self, agency: str = "water", system: str = "sy_a") -> Reporter:
        identifier = self.agencies[agency]
        return Reporter(system, identifier, About((identifier,), ("ju_x",)))

    async def send(self, events: Any, agency: str = "water", system: str = "sy_a") -> int:
        """As the endpoint does."""
        body = events if isinstance(events, bytes) else json.dumps(events).encode()
        by = self.reporter(agency, system)
        cause = Cause(Actor(ActorKind.SYSTEM, agency=by.agency), "0" * 64, "request-1")
        return await self.recording.record(cause, by, body)

    async def refused(self, events: Any) -> Denied:
        try:
            await self.send(events)
        except Denied as denied:
            return denied
        raise AssertionError("it was taken")

    def person(self, agency: str, role: Role = Role.OFFICER) -> Subject:
        profile = Profile(frozenset({role}), AgencyKind.PUBLIC_SERVICE)
        return Subject(f"pe_{agency}", agency, self.agencies.get(agency), "ap_x", profile=profile)

    async def names(
        self, deed: str, name: Name, agency: str, identifier: str, by: Subject | None = None, **fields: str
    ) -> str | None:
        """Map a name or unmap it. Why not, if it was refused."""
        by, names = by or self.person(agency), Names(self.recording.ledger)
        cause, key = Cause(Actor(ActorKind.PERSON), "0" * 64), f"key-{next(self.keys):08}"
        try:
            if deed == "map":
                await names.map(cause, Stated(name, identifier, fields), key, by=by)
            else:
                await names.unmap(cause, name, key, by=by)
        except Denied as denied:
            return denied.code
        return None

    async def edges(self, *, now: bool = True) -> list[dict[str, Any]]:
        """Those on record now, or all that ever were."""
        found: list[dict[str, Any]] = await self.graph.read(_EDGES)
        return [one for one in found if not now or one["p"]["recordedTo"] == FOREVER]

    async def said(self) -> list[tuple[str, str, str, str]]:
        """What is on record now: target, source, from when, until when (FOREVER is empty)."""
        return sorted(
            (
                one["targetSaid"],
                one["sourceSaid"],
                one["p"]["validFrom"],
                "" if one["p"]["validTo"] == FOREVER else one["p"]["validTo"],
            )
            for one in await self.edges()
        )

    def forget(self) -> None:
        self._seen = len(logged(self.state))

    def events(self) -> list[dict[str, Any]]:
        return logged(self.state)[self._seen :]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
