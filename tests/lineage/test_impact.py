"""What depends on something: all that was made from it, with the grants and uses that the caller may see by itself."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast

from gateway.audit.asking import Events, Resource
from gateway.audit.event import About, Actor, ActorKind, Cause, Event
from gateway.audit.index import EPOCH, Index, day_of
from gateway.audit.kinds import DataFetched
from gateway.audit.log import Log, LogFolder, Sealed
from gateway.graph import Graph
from gateway.sharing.cases import sees
from gateway.sharing.filing import Filing
from gateway.sharing.reading import Cases
from gateway.sharing.words import Purpose
from gateway.vocabulary import FOREVER, Role
from tests.lineage.test_walks import INSTANTS, lineage_world
from tests.lineage.walked import Model
from tests.plan.asking import CALLERS, POLICY, Gateway
from tests.support.database import empty
from tests.support.loading import load
from tests.support.world import Row, World

IMPACT: Final = """
query I($of: ID!, $level: LineageLevel, $at: DateTime) {
  impact(of: $of, level: $level, asOf: $at, knownAt: $at) {
    agencies {
      agency { id } nodes { id distance } grants { id state }
      uses { datasetId agencyId purpose fetches since until }
    }
    isComplete truncatedBecause hidden { rule }
  }
}"""
NOW: Final = datetime(2026, 6, 1, tzinfo=UTC)


def grants_of(rnd: random.Random, world: World) -> list[Row]:
    """Grants in every state, on every dataset, between all agencies."""
    found = []
    for i, dataset in enumerate(world.datasets):
        fields = [f["id"] for f in world.fields if f["_dataset"] == dataset["id"]]
        consumer = rnd.choice([a for a in world.agencies if a["id"] != dataset["agency"]])
        for n, status in enumerate(("ACTIVE", rnd.choice(["SUSPENDED", "REVOKED", "EXPIRED"]))):
            grant = {
                "id": f"gr_{i}/{n}",
                "status": status,
                "fields": fields[: rnd.randint(0, 3)],
                "version": 1,
                "scope": "{}",
                "purpose": rnd.choice(list(Purpose)),
                "validFrom": "2024-01-01T00:00:00.000Z",
                "grantedAt": f"2024-{n}",
                "validTo": rnd.choice([FOREVER, FOREVER, "2025-01-01T00:00:00.000Z"]),
                "dataset": dataset["id"],
                "provider": dataset["agency"],
                "providerJurisdiction": dataset["jurisdiction"],
                "consumer": consumer["id"],
                "consumerJurisdiction": consumer["jurisdiction"],
                "case": f"cs_{i}",
            }
            found.append(grant)
    return found


def fetches_of(rnd: random.Random, world: World) -> list[Event]:
    """Some fetches of some datasets."""
    found: list[Event] = []
    for hours in range(0, 2000, 40):
        dataset, by = rnd.choice(world.datasets), rnd.choice(world.agencies)
        found.append(
            DataFetched(
                cause=Cause(Actor(ActorKind.PERSON, "pe_z", by["id"], jurisdictions=(by["jurisdiction"],)), "p"),
                about=About((dataset["agency"],), (dataset["jurisdiction"],), (dataset["id"],)),
                moment=NOW + timedelta(hours=hours),
                purpose=rnd.choice(["履职", "科研"]),
                grant=None,
                n=1,
            )
        )
    return found


def log_of(state: Path, events: list[Event]) -> Events:
    """A log that holds them."""
    log = Log(state, "test.example/log")
    log.open()
    log.record([Sealed(one.id, one.body) for one in events])
    log.publish()
    log.close()
    Index(log.folder.index).add((i, one.body) for i, one in enumerate(events))
    return Events(LogFolder(state))


async def test_impact_is_what_walk_grants_and_events_say(graph: Graph, tmp_path: Path) -> None:
    granted = used = nodes = 0
    for seed, name in enumerate(("staff", "public", "auditor", "center")):
        rnd = random.Random(f"impact {seed}")
        world, at = lineage_world(rnd), INSTANTS[2]
        world.grants = []
        grants, fetches = grants_of(rnd, world), fetches_of(rnd, world)
        await empty(graph)
        await load(graph, world)
        await graph.run(
            "UNWIND $rows AS r MATCH (d:Dataset {id: r.dataset}) CREATE (g:Grant)-[:ON]->(d) SET g = r",
            {"rows": grants},
        )
        subject, events = CALLERS[name], log_of(tmp_path / name, fetches)
        gateway = Gateway(graph, cases=Cases(graph, lambda: NOW), events=events)
        gateway.filing = cast(Filing, SimpleNamespace(clock=lambda: NOW))
        model = Model(world, subject, POLICY.table_for(subject.profile))
        homes = {d["id"]: d for d in world.datasets} | {
            f["id"]: next(d for d in world.datasets if d["id"] == f["_dataset"]) for f in world.fields
        }
        for of in [row["id"] for row in (*world.datasets, *world.fields[:12])]:
            level = "DATASET" if of.startswith("ds_") else "FIELD"
            asked = {"of": of, "level": level, "at": at}
            found: Any = (await gateway.data(IMPACT, asked, subject))["impact"]
            walk = model.walk(of, "DOWNSTREAM", level, 10, as_of=at, known_at=at)
            if walk is None:
                assert found is None
                continue
            far = {of: 0, **{id_: distance for _, distance, id_ in walk.nodes}}
            said = {n["id"]: n["distance"] for one in found["agencies"] for n in one["nodes"]}
            assert said == far
            assert set(found["truncatedBecause"]) == walk.truncated
            for one in found["agencies"]:
                provider = one["agency"]["id"]
                datasets = {homes[id_]["id"] for id_ in far if homes[id_]["agency"] == provider}
                assert {n["id"] for n in one["nodes"]} == {id_ for id_ in far if homes[id_]["agency"] == provider}
                open_ = {
                    g["id"]
                    for g in grants
                    if g["dataset"] in datasets and g["status"] in ("ACTIVE", "SUSPENDED") and g["validTo"] == FOREVER
                    and (level == "DATASET" or {*g["fields"]} & far.keys())
                    and (sees(subject, g) or Role.CENTER in subject.profile.roles)
                }  # fmt: skip
                assert {g["id"] for g in one["grants"]} == open_
                granted += len(open_)
                nodes += len(one["nodes"])
                expected = []
                for id_ in sorted(datasets):
                    resource = Resource(id_, provider, homes[id_]["jurisdiction"])
                    whole = subject.agency == provider or resource.jurisdiction in subject.jurisdictions
                    for event in fetches:
                        actor = event.cause.actor
                        mine = actor.agency == subject.agency or {*actor.jurisdictions} & {*subject.jurisdictions}
                        if event.about.datasets == (id_,) and subject.agency and (whole or mine):
                            day = EPOCH + timedelta(days=day_of(int(event.moment.timestamp() * 1000)))
                            expected.append((id_, actor.agency, getattr(event, "purpose", ""), day.isoformat()))
                counted: dict[tuple[Any, ...], list[str]] = {}
                for *by, day_ in expected:
                    counted.setdefault(tuple(by), []).append(day_)
                assert {
                    (u["datasetId"], u["agencyId"], u["purpose"]): (u["fetches"], u["since"], u["until"])
                    for u in one["uses"]
                } == {by: (len(days), min(days), max(days)) for by, days in counted.items()}
                used += len(counted)
    assert min(granted, used, nodes) > 20
