"""Who reads which event: decided from the event itself, and the index finds the same."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.audit.asking import ABOUT, Asked, Events, Seen
from gateway.audit.event import About, Actor, ActorKind, Cause, Event, Outcome
from gateway.audit.index import Index, Scope
from gateway.audit.kinds import ChangeRefused, GatewayStopped
from gateway.audit.log import Log, LogFolder, Sealed
from gateway.identity import PUBLIC, Profile, Subject
from gateway.vocabulary import Role
from tests.audit.samples import MOMENT

_AGENCY = st.sampled_from(["water", "power", "police"])
_HOMES = {"water": ("county", "city"), "power": ("county", "city"), "police": ("city",)}
_ROLE = st.sampled_from([Role.STAFF, Role.CENTER, Role.SUPERVISOR, Role.AUDITOR])


def caller(agency: str, role: Role = Role.STAFF, over: tuple[str, ...] = ()) -> Subject:
    return Subject("pe_x", "x", agency, "ap_x", over, _HOMES[agency], Profile(frozenset({role})))


def attempt(actor: str, owner: str | None, *, hidden: bool, i: int = 0) -> Event:
    acting = Actor(ActorKind.PERSON, f"pe_{actor}", actor, Role.STAFF, "ap", _HOMES[actor])
    about = About(hidden=hidden) if owner is None else About((owner,), _HOMES[owner], (f"ds_{owner}",), hidden=hidden)
    return ChangeRefused(
        cause=Cause(acting, "p"),
        about=about,
        outcome=Outcome.REFUSED,
        moment=MOMENT + timedelta(seconds=i),
        change="recordRefresh",
        code="NOT_FOUND",
        target="ds_typed",
    )


def logged(state: Path, *events: Event) -> Events:
    log = Log(state, "test.example/log")
    log.open()
    log.record([Sealed(one.id, one.body) for one in events])
    log.publish()
    log.close()
    Index(log.folder.index).add(enumerate(one.body for one in events))
    return Events(LogFolder(state))


def test_the_public_and_who_acts_for_nobody_read_nothing(tmp_path: Path) -> None:
    one = attempt("water", "power", hidden=False)
    events = logged(tmp_path, one)
    for nobody in (PUBLIC, Subject("pe_water", "x")):
        assert events.page(nobody, Asked(), 10) == []
        assert events.one(nobody, one.id) is None


def test_an_agency_reads_what_concerns_its_data_and_what_it_did(tmp_path: Path) -> None:
    one = attempt("water", "power", hidden=False)
    events = logged(tmp_path, one)
    for agency, count in (("water", 1), ("power", 1), ("police", 0)):
        page = events.page(caller(agency), Asked(), 10)
        assert len(page) == count
        assert all(seen.body is not None for seen in page)


def test_whoever_tried_what_they_may_not_know_sees_that_they_tried(tmp_path: Path) -> None:
    one, nothing = attempt("water", "power", hidden=True), attempt("water", None, hidden=True, i=1)
    events = logged(tmp_path, one, nothing)
    there, not_there = events.page(caller("water"), Asked(), 10, oldest_first=True)
    for seen in (there, not_there):
        assert seen.body is None
        assert seen.said["about"] == not_there.said["about"]
        assert seen.said["data"]["target"] == "ds_typed"
    (owner,) = events.page(caller("power"), Asked(), 10)
    assert owner.body is not None
    assert owner.said["about"]["datasets"] == ["ds_power"]


@pytest.mark.parametrize(("scope", "name"), [(Scope.DATASET, "ds_power"), (Scope.AGENCY, "power")])
def test_no_filter_tells_what_a_bare_event_concerns(tmp_path: Path, scope: Scope, name: str) -> None:
    events = logged(tmp_path, attempt("water", "power", hidden=True))
    assert events.page(caller("water"), Asked({scope: frozenset({name})}), 10) == []
    assert len(events.page(caller("power"), Asked({scope: frozenset({name})}), 10)) == 1


def test_overseers_read_their_subtree_and_with_the_center_the_gateways_own(tmp_path: Path) -> None:
    own = GatewayStopped(cause=Cause(Actor(ActorKind.GATEWAY), "p"), moment=MOMENT)
    inside, outside = attempt("water", "power", hidden=False, i=1), attempt("police", "police", hidden=False, i=2)
    events = logged(tmp_path, own, inside, outside)

    def read(subject: Subject) -> list[int]:
        return [seen.index for seen in events.page(subject, Asked(), 10, oldest_first=True)]

    assert read(caller("police", Role.SUPERVISOR, ("county",))) == [0, 1, 2]
    assert read(caller("water", Role.AUDITOR, ("county",))) == [0, 1]
    assert read(caller("water", Role.AUDITOR, ("city", "county"))) == [0, 1, 2]
    assert read(caller("police", Role.CENTER)) == [0, 2]
    assert read(caller("police")) == [2]
    # A subtree counts for those who oversee it, whatever else a subject carries.
    assert read(caller("police", Role.STAFF, ("county",))) == [2]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.data())
def test_a_page_has_exactly_what_each_event_allows(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """For any events, reader and filter: what the index finds is what asking each event one by one gives."""
    made = [
        attempt(data.draw(_AGENCY), data.draw(st.none() | _AGENCY), hidden=data.draw(st.booleans()), i=i)
        for i in range(data.draw(st.integers(0, 12)))
    ]
    events = logged(tmp_path_factory.mktemp("asking"), *made)
    over = tuple(data.draw(st.sets(st.sampled_from(["city", "county"]))))
    subject = caller(data.draw(_AGENCY), data.draw(_ROLE), over)
    scope = data.draw(st.none() | st.sampled_from([Scope.AGENCY, Scope.DATASET, Scope.ACTOR, Scope.OUTCOME]))
    name = data.draw(st.sampled_from(["water", "ds_power", "pe_police", "REFUSED"]))
    asked = Asked({} if scope is None else {scope: frozenset({name})})
    expected: list[Seen] = [seen for one in made if (seen := events.one(subject, one.id)) is not None]
    if scope is not None:
        expected = [seen for seen in expected if _answers(seen, scope, name)]
    assert events.page(subject, asked, 100, oldest_first=True) == expected


def _answers(seen: Seen, scope: Scope, name: str) -> bool:
    if scope in ABOUT and seen.body is None:
        return False
    about, actor = seen.said["about"], seen.said["actor"]
    bare_for_others = about["hidden"]
    found = {
        Scope.AGENCY: {*about["agencies"], *([] if bare_for_others else [actor["agency"]])},
        Scope.DATASET: {*about["datasets"]},
        Scope.ACTOR: {actor["person"]},
        Scope.OUTCOME: {seen.said["outcome"]},
    }[scope]
    return name in found
