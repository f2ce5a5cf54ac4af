"""Migrations: the graph's shape, twice and from two gateways at once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from gateway.audit.event import GATEWAY, Cause
from gateway.audit.kinds import DataRefreshed
from gateway.audit.outbox import Outbox
from gateway.audit.recorder import Recorder
from gateway.graph import Graph, migrate, migrations, open_graph
from gateway.graph.dump import is_empty
from gateway.graph.errors import MigrationFailed
from gateway.rules import Calendar
from gateway.sharing.clocks import DEADLINE, deadline
from tests.audit.samples import event
from tests.support.database import DatabaseSettings, empty
from tests.support.logged import logged

INDEXES = "SHOW INDEXES YIELD name, state, type WHERE type <> 'LOOKUP' RETURN collect([name, state])"
ALL = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]
MIGRATIONS: Final = {number: statements for number, _, statements in migrations._ALL}
CONSTRAINTS = "SHOW CONSTRAINTS YIELD name RETURN collect(name)"


@pytest.fixture
async def bare(shared_graph: Graph) -> AsyncIterator[Graph]:
    """The graph as Neo4j makes it: no node, no index of ours. Migrated again afterwards."""
    await empty(shared_graph)
    await shared_graph.run("MATCH (m:Migration) DELETE m")
    for name in await shared_graph.run(CONSTRAINTS):
        await shared_graph.run(f"DROP CONSTRAINT {name}")
    for name, _ in await shared_graph.run(INDEXES):
        await shared_graph.run(f"DROP INDEX {name}")
    yield shared_graph
    await shared_graph.run("MATCH (m:Migration) DELETE m")
    await migrate(shared_graph)


async def test_a_second_run_finds_nothing_to_do(bare: Graph) -> None:
    assert await migrate(bare) == ALL
    before = await bare.run(INDEXES)
    assert await migrate(bare) == []
    assert await bare.run(INDEXES) == before


async def test_a_new_graph_stays_empty_and_one_that_has_entries_is_to_be_settled(bare: Graph) -> None:
    """A backup is restored into an empty graph; and what was recorded before there were tiers has none yet."""
    await migrate(bare)
    assert await is_empty(bare)
    await bare.run("CREATE (:Dataset {id: 'ds_older'})")
    for _ in range(2):
        for statement in MIGRATIONS[14]():
            await bare.run(statement)
    assert await bare.read("MATCH (m:Retier) RETURN collect(m.after)") == ["ds_"]


async def test_two_gateways_migrate_at_once(bare: Graph, database: DatabaseSettings) -> None:
    async with open_graph(database) as other:
        await asyncio.gather(migrate(bare), migrate(other), migrate(bare), migrate(other))
    states = {state for _, state in await bare.run(INDEXES)}
    assert states == {"ONLINE"}
    assert await bare.read("MATCH (m:Migration) WITH m.number AS n ORDER BY n RETURN collect(n)") == ALL


async def test_a_migration_that_stopped_halfway_is_finished(bare: Graph) -> None:
    await migrate(bare)
    whole = await bare.run(INDEXES)
    await bare.run("DROP INDEX field_text")
    await bare.run("MATCH (m:Migration) DELETE m")
    assert await migrate(bare) == ALL
    assert sorted(await bare.run(INDEXES)) == sorted(whole)


async def test_events_that_wait_for_the_log_come_through_the_change_of_the_outbox(bare: Graph, tmp_path: Path) -> None:
    for number in range(1, 9):
        for statement in MIGRATIONS[number]():
            await bare.run(statement)
        await bare.run("CREATE (:Migration {number: $number})", {"number": number})
    cause = Cause(GATEWAY, 'a policy of "quotes", \\n and 引号')
    events = [replace(event(n), cause=cause) for n in range(4)]
    rows = [
        {"id": one.id, "body": one.body.decode(), "case": f"case {n % 2}", "seq": 7 + n // 2, "at": f"2020-01-0{9 - n}"}
        for n, one in enumerate(events)
    ]
    await bare.run(
        "UNWIND $rows AS row MERGE (s:Sequence {caseId: row.case}) ON CREATE SET s.n = row.seq "
        "CREATE (o:Outbox {eventId: row.id, body: row.body, caseId: row.case, seq: row.seq}) "
        "SET o.instance = 'dead', o.at = row.at "
        "CREATE (:Notice {eventId: row.id, webhook: 'wh_a'})",
        {"rows": rows[::-1]},
    )
    assert await migrate(bare) == ALL[8:]
    for statement in MIGRATIONS[9]():  # as if it had stopped before it was recorded
        await bare.run(statement)
    async with Recorder(tmp_path, "test.example/log") as recorder, Outbox(bare, recorder):
        assert await bare.read("MATCH (o:Outbox) RETURN count(o)") == 0
        assert await bare.read("MATCH (n:Notice) WHERE n.index IS NULL RETURN count(n)") == 0
        assert await bare.read("MATCH (s:Sequence) RETURN collect(s.n)") == [8, 8]
    found = [body for body in logged(tmp_path) if body["kind"] == DataRefreshed.kind]
    assert sorted(body["id"] for body in found) == sorted(one.id for one in events)
    for some in (events[::2], events[1::2]):
        assert [body["id"] for body in found if body["id"] in {one.id for one in some}] == [one.id for one in some]
    assert {body["policy"] for body in found} == {cause.policy}


_DEADLINE: Final = {
    "duty": "ANSWER_ACCESS_REQUEST",
    "startedOn": "2026-02-10",
    "dueAt": "2026-02-26T15:59:59.999Z",
    "clocks": "[]",
    "calendar": Calendar().digest,
    "ruleBook": "b" * 64,
}


async def test_cases_keep_their_deadlines_when_these_become_nodes(bare: Graph) -> None:
    for number in range(1, 12):
        for statement in MIGRATIONS[number]():
            await bare.run(statement)
        await bare.run("CREATE (:Migration {number: $number})", {"number": number})
    soon, due = "2026-02-23T16:00:00.000Z", _DEADLINE["dueAt"]
    formerly = {"formerly": '[{"dueAt":"2026-02-25T15:59:59.999Z","calendar":"c"}]'}
    cases: dict[str, dict[str, Any]] = {
        "one": {"escalateAt": soon},
        "alike": {"escalateAt": soon},
        "told": {"escalateAt": "2026-02-25T16:00:00.000Z", "escalated": ["SOON"]},
        "waits": {"escalateAt": due, "escalated": ["SOON", "TODAY"]},
        "answered": {},
        "moved": {"escalateAt": soon, **formerly},
    }
    rows = [{"id": name, "state": "SUBMITTED", "of": name, **_DEADLINE, **more} for name, more in cases.items()]
    await bare.run("UNWIND $rows AS row CREATE (c:Case) SET c = row", {"rows": [*rows, {"id": "none"}]})
    assert await migrate(bare) == ALL[11:]
    for statement in MIGRATIONS[12]():  # as if it had stopped before it was recorded
        await bare.run(statement)
    read = f"MATCH (c:Case) RETURN collect(c {{.*, key: c.deadline, {DEADLINE}}})"
    found = {case.pop("id"): case for case in await bare.read(read)}
    assert found.pop("none") == {"key": None, "deadline": None}
    days = {"told": "2026-02-26", "waits": "2026-02-27", "answered": None}
    for name, case in found.items():
        key, said = case.pop("key"), case.pop("deadline")
        assert case == {"state": "SUBMITTED", "of": name}
        assert said.pop("id") == key
        day = days.get(name, "2026-02-24")
        same = {**_DEADLINE, "escalated": cases[name].get("escalated", []), "escalatesOn": day}
        same |= formerly if name == "moved" else {}
        assert said == {one: value for one, value in same.items() if value is not None}
        assert (key[:24], len(key)) == (deadline(said)["id"][:24], len(deadline(said)["id"]))
        cases[name]["key"] = key
    assert cases["one"]["key"] == cases["alike"]["key"]
    assert len({case["key"] for case in cases.values()}) == await bare.read("MATCH (d:Deadline) RETURN count(d)") == 5


async def test_the_graph_of_a_newer_gateway_is_left_alone(bare: Graph) -> None:
    await migrate(bare)
    await bare.run("CREATE (:Migration {number: 99, name: 'later'})")
    with pytest.raises(MigrationFailed, match="migration 99"):
        await migrate(bare)


@pytest.mark.parametrize("key", ["Dataset.identifier", "Agency.code", "Jurisdiction.code", "Tally.key", "Field.id"])
async def test_natural_keys_are_unique(graph: Graph, key: str) -> None:
    label, name = key.split(".")
    await graph.run(f"CREATE (:{label} {{{name}: 'a'}})")
    with pytest.raises(Exception, match="already exists"):
        await graph.run(f"CREATE (:{label} {{{name}: 'a'}})")


async def test_a_person_is_known_once_per_issuer_and_subject(graph: Graph) -> None:
    await graph.run("CREATE (:Identity {iss: 'a', sub: 'x'}), (:Identity {iss: 'b', sub: 'x'})")
    with pytest.raises(Exception, match="already exists"):
        await graph.run("CREATE (:Identity {iss: 'a', sub: 'x'})")


@pytest.mark.parametrize(("text", "found"), [("供水", True), ("水量", True), ("水城", False)])
async def test_full_text_finds_chinese_words_and_not_their_characters_scattered(
    graph: Graph, text: str, found: bool
) -> None:
    await graph.run("CREATE (:Dataset {id: 'x', title: '城市供水量统计'})")
    hits = await graph.read(
        "CALL db.index.fulltext.queryNodes('dataset_title', $q) YIELD node RETURN count(node)", {"q": text}
    )
    assert (hits == 1) is found
