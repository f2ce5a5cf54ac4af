"""The index answers as looking at every event would, in any order, from any place on."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.audit.event import GATEWAY, About, Actor, ActorKind, Cause, Event, Outcome, milliseconds_of
from gateway.audit.fsck import check_log
from gateway.audit.index import CITY, Index, Name, Place, Question, Scope, _month
from gateway.audit.kinds import DataRefreshed, GatewayStopped
from gateway.audit.log import Log, LogFolder, Sealed
from gateway.audit.reindex import reindex

START = datetime(2026, 11, 28, tzinfo=UTC)
_NAMES = st.sampled_from(["a", "b", "c"])
_SEVERAL = st.lists(_NAMES, max_size=2, unique=True).map(tuple)


@st.composite
def events(draw: st.DrawFn) -> list[Event]:
    """Some events over two months, not quite in the order of their times."""
    found: list[Event] = []
    for _ in range(draw(st.integers(0, 25))):
        moment = START + timedelta(hours=draw(st.integers(0, 24 * 6)))
        agency = draw(st.none() | _NAMES)
        actor = Actor(ActorKind.PERSON, draw(_NAMES), agency, jurisdictions=draw(_SEVERAL))
        agencies, homes, datasets, fields = (draw(_SEVERAL) for _ in range(4))
        about = About(agencies, homes, datasets, fields, draw(st.none() | _NAMES), hidden=draw(st.booleans()))
        cause, outcome = Cause(actor, "p"), draw(st.sampled_from(Outcome))
        if draw(st.booleans()):
            found.append(DataRefreshed(cause=cause, about=about, moment=moment, outcome=outcome, refreshed_at="x"))
        else:
            found.append(GatewayStopped(cause=cause, about=about, moment=moment, outcome=outcome))
    return found


def names_of(body: dict[str, Any]) -> set[Name]:
    """By which names an event can be asked for, said once more and differently."""
    actor, about = body["actor"], body["about"]
    found: set[tuple[Scope, Any]] = {(Scope.ALL, ""), (Scope.KIND, body["kind"]), (Scope.OUTCOME, body["outcome"])}
    for scope, name in ((Scope.ACTOR, actor["person"]), (Scope.CASE, about["case"])):
        found.add((scope, name))
    for scope, several in ((Scope.DATASET, "datasets"), (Scope.FIELD, "fields"), (Scope.AGENCY, "agencies")):
        found |= {(scope, name) for name in about[several]}
    found |= {(Scope.JURISDICTION, name) for name in about["jurisdictions"]}
    if about["hidden"]:
        found |= {(Scope.BARE_JURISDICTION, name) for name in actor["jurisdictions"]}
        found.add((Scope.BARE_AGENCY, actor["agency"]))
    else:
        found |= {(Scope.JURISDICTION, name) for name in actor["jurisdictions"]}
        found.add((Scope.AGENCY, actor["agency"]))
    if not about["agencies"] and actor["agency"] is None:
        found.add((Scope.JURISDICTION, CITY))
    return {(scope, name) for scope, name in found if name is not None}


_WORDS = {
    Scope.ALL: [""],
    Scope.KIND: ["data.refreshed", "gateway.stopped"],
    Scope.OUTCOME: [*Outcome],
    Scope.JURISDICTION: ["a", "b", CITY],
}
_ASKED = st.sampled_from(Scope).flatmap(
    lambda scope: st.tuples(st.just(scope), st.sampled_from([*_WORDS.get(scope, ["a", "b", "c"]), "nobody"]))
)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(events())
def test_every_name_finds_its_events_and_no_others(
    tmp_path_factory: pytest.TempPathFactory, given_: list[Event]
) -> None:
    index = Index(tmp_path_factory.mktemp("index"))
    index.add(enumerate(e.body for e in given_))
    for scope in Scope:
        for name in _WORDS.get(scope, ["a", "b", "c"]):
            asked = Question((frozenset({(scope, name)}),))
            expected = {i for i, e in enumerate(given_) if (scope, name) in names_of(json.loads(e.body))}
            assert {place.index for place in index.page(asked, 100)} == expected, (scope, name)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(events(), st.data())
def test_a_page_is_what_looking_at_every_event_gives(
    tmp_path_factory: pytest.TempPathFactory, given_: list[Event], data: st.DataObject
) -> None:
    index = Index(tmp_path_factory.mktemp("index"))
    cut = data.draw(st.integers(0, len(given_)))
    index.add(enumerate(e.body for e in given_[:cut]))
    index.add((i + cut, e.body) for i, e in enumerate(given_[cut:]))
    assert index.next() == len(given_)
    groups = tuple(data.draw(st.lists(st.frozensets(_ASKED, min_size=1, max_size=3), max_size=2)))
    moments = [int(e.moment.timestamp() * 1000) for e in given_]
    since = data.draw(st.sampled_from([0, *moments]))
    until = data.draw(st.sampled_from([2**53, *moments]))
    oldest_first, count = data.draw(st.booleans()), data.draw(st.integers(1, 8))
    expected = sorted(
        (
            Place(t, i)
            for i, (t, e) in enumerate(zip(moments, given_, strict=True))
            if since <= t < until and all(names_of(json.loads(e.body)) & group for group in groups)
        ),
        key=lambda place: (place.t, place.index),
        reverse=not oldest_first,
    )
    found: list[Place] = []
    while page := index.page(
        Question(groups, since, until), count, after=found[-1] if found else None, oldest_first=oldest_first
    ):
        assert len(page) <= count
        found += page
    assert found == expected
    for i, e in enumerate(given_):
        assert index.find(e.id) == i


def test_what_is_in_it_is_not_added_again_and_what_is_no_id_is_not_there(tmp_path: Path) -> None:
    index = Index(tmp_path)
    one = GatewayStopped(cause=Cause(Actor(ActorKind.GATEWAY), "p"), moment=START)
    index.add([(0, one.body)])
    index.add([(0, one.body)])
    assert len(index.page(Question(), 10)) == 1
    assert index.find("ev_nonsense") is None
    assert index.find("ev_" + "a" * 26) is None


def test_it_is_made_again_from_the_bodies_and_names_what_is_missing(tmp_path: Path) -> None:
    log = Log(tmp_path, "test.example/log")
    log.open()
    given_ = [
        GatewayStopped(cause=Cause(Actor(ActorKind.GATEWAY), "p"), moment=START + timedelta(hours=i))
        for i in range(300)
    ]
    log.record([Sealed(e.id, e.body) for e in given_])
    log.publish()
    log.settle()
    log._bodies.erase(5)
    log.close()
    path = LogFolder(tmp_path).bodies / "000000.log"
    data = bytearray(path.read_bytes())
    at = sum(25 + len(e.body) for e in given_[:9]) + 60
    data[at] ^= 1
    path.write_bytes(data)
    faults: list[str] = []
    steps: list[tuple[int, int]] = []
    assert reindex(tmp_path, "test.example/log", faults.append, lambda *step: steps.append(step)) == 300
    assert faults == ["the body of entry 9 is not what was written"]
    assert steps[-1] == (300, 300)
    index = Index(LogFolder(tmp_path).index)
    assert [index.find(given_[i].id) for i in (4, 5, 9, 299)] == [4, None, None, 299]
    assert len(index.page(Question(), 1000)) == 298
    found: list[str] = []
    check_log(LogFolder(tmp_path), found.append)
    assert found == faults


def test_a_month_is_there_with_its_tables_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others read the index while it is made, and whoever makes it may be killed."""
    one, seen, renamed = GatewayStopped(cause=Cause(GATEWAY, "p")), list[int | None](), Path.rename

    def rename(draft: Path, to: Path) -> Path:
        seen.append(Index(tmp_path).find(one.id))
        return renamed(draft, to)

    monkeypatch.setattr(Path, "rename", rename)
    index = Index(tmp_path)
    (tmp_path / f"{_month(milliseconds_of(one.id))}.new").write_bytes(b"torn")
    index.add([(0, one.body)])
    assert (seen, index.find(one.id)) == ([None], 0)
    assert [path.suffix for path in tmp_path.iterdir()] == [".sqlite"]
