"""How often data was used equals what counting the events themselves gives, for whoever may read them."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.audit.asking import Events, Resource, Used
from gateway.audit.event import About, Actor, ActorKind, Cause, Event, Outcome
from gateway.audit.index import Index, day_of
from gateway.audit.kinds import DataFetched, DataRefreshed
from gateway.audit.log import Log, LogFolder, Sealed
from gateway.identity import PUBLIC, Profile, Subject
from gateway.vocabulary import Role

START = datetime(2026, 11, 29, 12, tzinfo=UTC)
HOMES = {"water": ("county", "city"), "power": ("county", "city"), "police": ("city",)}
RESOURCES = [Resource(f"ds_{agency}", agency, homes[0]) for agency, homes in HOMES.items()]
AGENCY = st.sampled_from([*HOMES])
FIRST, LAST = day_of(int(START.timestamp() * 1000)), day_of(int(START.timestamp() * 1000)) + 4
CALLERS = st.builds(
    lambda agency, role, over: Subject(
        "pe_x", "x", agency, "ap_x", tuple(sorted(over)), HOMES[agency], Profile(frozenset({role}))
    ),
    AGENCY,
    st.sampled_from([Role.STAFF, Role.CENTER, Role.SUPERVISOR, Role.AUDITOR]),
    st.sets(st.sampled_from(["city", "county"])),
)


def fetched(by: str | None, owner: str, purpose: str, hours: int, outcome: Outcome = Outcome.DONE) -> Event:
    # Somebody else than who asks: what people do in nobody's name, they see themselves, and no count has it.
    acting = Actor(ActorKind.PERSON, "pe_y", by, jurisdictions=HOMES.get(by or "", ()))
    about = About((owner,), HOMES[owner], (f"ds_{owner}",))
    moment = START + timedelta(hours=hours)
    return DataFetched(
        cause=Cause(acting, "p"), about=about, moment=moment, outcome=outcome, purpose=purpose, grant=None, n=1
    )


EVENTS = st.lists(
    st.one_of(
        st.builds(
            fetched,
            st.none() | AGENCY,
            AGENCY,
            st.sampled_from(["履职", "科研"]),
            st.integers(0, 90),
            st.sampled_from(Outcome),
        ),
        AGENCY.map(lambda a: DataRefreshed(cause=Cause(Actor(ActorKind.GATEWAY), "p"), refreshed_at=a)),
    ),
    max_size=25,
)


def logged(state: Path, events: list[Event], cut: int) -> Events:
    log = Log(state, "test.example/log")
    log.open()
    log.record([Sealed(one.id, one.body) for one in events])
    log.publish()
    log.close()
    index = Index(log.folder.index)
    index.add((i, one.body) for i, one in enumerate(events[:cut]))
    index.add((i, one.body) for i, one in enumerate(events))  # what is in it already is not counted again
    return Events(LogFolder(state))


@given(EVENTS, CALLERS, st.integers(FIRST, LAST), st.integers(FIRST, LAST), st.integers(0, 25))
@settings(max_examples=60, deadline=None)
def test_usage_is_what_the_events_say(
    tmp_path_factory: pytest.TempPathFactory, events: list[Event], subject: Subject, first: int, last: int, cut: int
) -> None:
    asked = logged(tmp_path_factory.mktemp("usage"), events, cut)
    expected: dict[str, dict[tuple[str, str], list[int]]] = {one.dataset: {} for one in RESOURCES}
    for one in events:
        seen = asked.one(subject, one.id)
        if seen is None or seen.said["kind"] != "data.fetched" or seen.said["outcome"] != "DONE":
            continue
        local = one.moment + timedelta(hours=8)
        day = (local.date() - datetime(1970, 1, 1).date()).days  # noqa: DTZ001  # a date
        if first <= day <= last:
            by = seen.said["actor"]["agency"] or "", seen.said["data"]["purpose"]
            expected[seen.said["about"]["datasets"][0]].setdefault(by, []).append(day)
    found = asked.usage(subject, RESOURCES, first, last)
    assert [{(used.agency, used.purpose): used for used in rows} for rows in found] == [
        {by: Used(*by, len(days), min(days), max(days)) for by, days in some.items()} for some in expected.values()
    ]
    assert all([used.count for used in rows] == sorted((u.count for u in rows), reverse=True) for rows in found)


def test_the_public_is_told_of_no_use(tmp_path: Path) -> None:
    asked = logged(tmp_path, [fetched("water", "power", "履职", 0)], 0)
    assert asked.usage(PUBLIC, RESOURCES, FIRST, LAST) == [[], [], []]


def test_an_index_of_other_tables_is_made_again(tmp_path: Path) -> None:
    asked = logged(tmp_path, [fetched("water", "power", "履职", 0)], 0)
    (path,) = LogFolder(tmp_path).index.glob("*.sqlite")
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 1")
    db.commit()
    db.close()
    assert Index(asked.folder.index).next() == 0
    assert not path.exists()
