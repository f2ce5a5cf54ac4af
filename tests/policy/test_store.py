"""The policy in force is replaced while the gateway runs, and only by a good one."""

import logging
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from gateway.classes import CLASSES
from gateway.identity.subject import Profile
from gateway.policy import engine
from gateway.policy.reading import FILES, LINES
from gateway.policy.source import Source
from gateway.policy.store import PolicyStore
from gateway.policy.table import Answer, Question
from gateway.vocabulary import Action, AgencyKind, NextStep, Relation, Role
from tests.policy.cases import POLICIES

STAFF = Profile(frozenset({Role.STAFF}))
OPEN = "open-to-all, ANY, ANY, ANYONE, PUBLISHED, ANY, OPEN, ANY, DISCOVER|INSPECT|FETCH"
CLOSED = "open-to-all, ANY, ANY, ANYONE, PUBLISHED, ANY, OPEN, ANY, DISCOVER|INSPECT"
EVERY = frozenset(Relation)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        shutil.copy(POLICIES / name, tmp_path)
    return tmp_path


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / LINES
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.with_suffix(".new").write_text(text.replace(old, new), encoding="utf-8")
    path.with_suffix(".new").rename(path)


def fetchable(store: PolicyStore) -> bool:
    table = store.table_for(Profile())
    assert table.digest == store.current.digest
    return bool(table.allowed(Action.FETCH, frozenset()))


def test_a_changed_policy_is_in_force_without_a_restart(folder: Path) -> None:
    store = PolicyStore(folder)
    before = store.table_for(Profile())
    assert fetchable(store)
    edit(folder, OPEN, CLOSED)
    assert store.refresh()
    assert not fetchable(store)
    assert before.allowed(Action.FETCH, frozenset()), "a request that is under way keeps its table"


def test_nothing_is_read_again_while_no_file_changes(folder: Path) -> None:
    store = PolicyStore(folder)
    policy = store.current
    assert not store.refresh()
    assert store.current is policy
    assert store.reload() == ()
    assert store.current is policy, "the same text keeps its tables"


def test_a_bad_policy_leaves_the_last_good_one_in_force_and_is_reported(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = PolicyStore(folder)
    good = store.current
    edit(folder, "PUBLISHED, ANY, OPEN", "PUBLISHED, ANY, OPENED")
    with caplog.at_level(logging.ERROR):
        assert store.refresh()
    assert store.current is good
    [problem] = store.problems
    assert problem.column == "open"
    assert "the last good policy stays" in caplog.text
    assert str(problem) in caplog.text
    assert not store.refresh(), "a bad file is reported once, not at every look"
    edit(folder, "PUBLISHED, ANY, OPENED", "PUBLISHED, ANY, OPEN")
    assert store.refresh()
    assert store.problems == ()


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_vanishes_leaves_the_last_good_policy_in_force(folder: Path, name: str) -> None:
    store = PolicyStore(folder)
    good = store.current
    (folder / name).unlink()
    assert store.refresh()
    assert store.current is good
    assert [p.file for p in store.problems] == [name]


@pytest.mark.parametrize("damage", ["empty", "unreadable", "missing"])
def test_a_gateway_without_a_good_policy_refuses_everything_and_says_so(
    folder: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    match damage:
        case "empty":
            (folder / LINES).write_bytes(b"")
        case "unreadable":
            (folder / LINES).write_bytes(b"\xff\xfe")
        case _:
            shutil.rmtree(folder)
    with caplog.at_level(logging.ERROR):
        store = PolicyStore(folder)
    assert store.problems
    assert "everything is refused" in caplog.text
    for role in Role:
        table = store.table_for(Profile(frozenset({role})))
        assert not any(table.allowed(action, EVERY) for action in Action)
        said = {table.decide(key, EVERY, action) for key in CLASSES for action in Action}
        assert [(d.rule, d.next) for d in said] == [("no-policy", NextStep.NOTHING)]


def test_a_table_is_made_once_per_profile_however_many_ask(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    ask = engine.answers

    def counted(source: Source, profile: Profile) -> dict[Question, Answer]:
        made.append(profile)
        return ask(source, profile)

    monkeypatch.setattr(engine, "answers", counted)
    store = PolicyStore(folder)
    with ThreadPoolExecutor(8) as pool:
        tables = list(pool.map(lambda _: store.table_for(STAFF), range(64)))
    assert made == [STAFF]
    assert all(table is tables[0] for table in tables)
    assert all(store.table_for(Profile(STAFF.roles, kind)) is tables[0] for kind in AgencyKind), "no line names a kind"


def test_a_line_for_one_kind_of_agency_holds_for_that_kind_only(folder: Path) -> None:
    edit(folder, "unified-catalogue, AGENCY, ANY,", "unified-catalogue, AGENCY, BY_REFERENCE,")
    store = PolicyStore(folder)
    seen = {k: len(store.table_for(Profile(STAFF.roles, k)).allowed(Action.DISCOVER, frozenset())) for k in AgencyKind}
    assert seen[AgencyKind.BY_REFERENCE] > seen[AgencyKind.ADMINISTRATIVE] == seen[AgencyKind.PUBLIC_SERVICE]


def test_a_reload_never_shows_half_a_policy(folder: Path) -> None:
    store = PolicyStore(folder)
    by_digest: dict[str, bool] = {}
    done = Event()

    def ask() -> None:
        while not done.wait(0.001):
            table = store.table_for(Profile())
            fetches = bool(table.allowed(Action.FETCH, frozenset()))
            assert by_digest.setdefault(table.digest, fetches) is fetches

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask) for _ in range(4)]
        try:
            for old, new in [(OPEN, CLOSED), (CLOSED, OPEN)]:
                edit(folder, old, new)
                store.refresh()
        finally:
            done.set()  # the pool waits for who asks, also when something went wrong here
        for one in asking:
            one.result()
    assert sorted(by_digest.values()) == [False, True]
