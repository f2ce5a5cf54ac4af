"""The procedures against a model of a few lines: whatever several officers try, in whatever order, both agree.

The model knows the states and nothing of how they are kept. After every step the regulation's invariants hold in the
graph itself: no grant without what was signed for it, none wider than its document, no refusal without a reason, and an
event for every change.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gateway.audit.ledger import Denied
from gateway.sharing.acts import Dropped
from gateway.sharing.words import Act, Purpose
from tests.sharing.city import BASIS, City, answer, on_grant
from tests.sharing.test_procedures import field as field_of

_SCOPES = {"free": ("a", "b"), "mixed": ("open", "asked", "also")}
_AFTER = {
    Act.SUSPEND: ("ACTIVE", "SUSPENDED", "center"),
    Act.RESUME: ("SUSPENDED", "ACTIVE", "center"),
    Act.REVOKE: (None, "REVOKED", "provider"),
}
_ANSWERS = {Act.APPROVE: "APPROVED", Act.APPROVE_PARTLY: "PARTIALLY_APPROVED", Act.REFUSE: "REFUSED"}
_LAST_DAY = date(2026, 6, 30)
"""The same for all, so that whoever asks again asks for what they have."""
_WHO = ("consumer", "provider", "provider2", "center", "staff")
Step = tuple[str, str, Any, Any]


@dataclass
class Case:
    """What the model knows of a case."""

    id: str
    state: str
    version: int
    purpose: str


@dataclass
class Grant:
    """What the model knows of a grant."""

    id: str
    state: str
    version: int
    dataset: str
    purpose: str


@dataclass
class Model:
    """The city as it should be."""

    cases: list[Case] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)

    def steps(self) -> Iterator[Step]:
        """Everything that anybody could try now."""
        for who in _WHO:
            yield from (("ask", who, dataset, purpose) for dataset in _SCOPES for purpose in list(Purpose)[:2])
            for case in range(len(self.cases)):
                yield from (("answer", who, case, act) for act in _ANSWERS)
                yield "withdraw", who, case, None
            yield from (("change", who, grant, act) for grant in range(len(self.grants)) for act in _AFTER)

    def is_right(self, step: Step) -> bool:
        """Whether it has to take effect."""
        kind, who, which, what = step
        if kind == "ask":
            return self.may_ask(who, which, what)
        if kind == "answer":
            return self.cases[which].state == "SUBMITTED" and who in ("provider", "provider2")
        if kind == "withdraw":
            return self.cases[which].state == "SUBMITTED" and who == "consumer"
        source, _, by = _AFTER[what]
        state = self.grants[which].state
        right = state == source if source else state != "REVOKED"
        return right and (who == by or (by == "provider" and who == "provider2"))

    def may_ask(self, who: str, dataset: str, purpose: str) -> bool:
        """Whether an application or declaration is possible: not twice, and not for what is granted."""
        waiting = any(one.state == "SUBMITTED" and one.purpose == purpose for one in self.cases if dataset == "mixed")
        held = any((one.dataset, one.purpose, one.state) == (dataset, purpose, "ACTIVE") for one in self.grants)
        return who == "consumer" and not waiting and not held

    async def take(self, city: City, step: Step) -> None:
        """Try a step in the city, and follow what has to come of it."""
        kind, who, which, what = step
        made = await _try(city, who, self._request(city, step))
        assert (made is not None) == self.is_right(step), step
        if made is None:
            return
        if kind == "ask":
            self.cases.append(Case(made["case"], "DECLARED" if which == "free" else "SUBMITTED", 1, what))
            self._granted(made, which, what)
        elif kind == "change":
            grant = self.grants[which]
            grant.state, grant.version = _AFTER[what][1], grant.version + 1
        else:
            case = self.cases[which]
            case.state, case.version = "WITHDRAWN" if kind == "withdraw" else _ANSWERS[what], 2
            self._granted(made, "partly" if what is Act.APPROVE_PARTLY else "mixed", case.purpose)

    def _request(self, city: City, step: Step) -> Any:
        kind, _, which, what = step
        if kind == "ask":
            today = (city.now + timedelta(hours=8)).date()
            return city.scope(which, *_SCOPES[which], purpose=what, since=today, until=_LAST_DAY)
        if kind == "change":
            return on_grant(self.grants[which].id, what, self.grants[which].version)
        case = self.cases[which]
        if kind == "withdraw":
            return case
        dropped = (Dropped(field_of("also"), "超出职责", BASIS),) if what is Act.APPROVE_PARTLY else ()
        reasons: dict[str, Any] = {"reason": "不符合", "basis": BASIS} if what is Act.REFUSE else {}
        return answer(case.id, what, dropped=dropped, **reasons)

    def _granted(self, made: dict[str, Any], dataset: str, purpose: str) -> None:
        if made["grant"] is not None:
            self.grants.append(Grant(made["grant"], "ACTIVE", 1, dataset, purpose))


async def _try(city: City, who: str, request: Any) -> dict[str, Any] | None:
    try:
        if not isinstance(request, Case):
            return await city.act(who, request)
        subject = city.officers[who].subject
        return dict(await city.filing.withdraw(subject, city.cause(subject), request.id, request.version, city.key()))
    except Denied:
        return None


_HELD = """
MATCH (c:Case)
RETURN collect({id: c.id, state: c.state, version: c.version,
  documents: COLLECT { MATCH (c)-[:HAS]->(x:Document)<-[:SIGNS]-(:Signature) RETURN x.bytes ORDER BY x.filedAt, x.id }})
"""
_GRANTS = """
MATCH (g:Grant)
RETURN collect({id: g.id, state: g.status, version: g.version, fields: g.fields, scope: g.scope,
  image: COLLECT { MATCH (g)-[:IMAGE_OF]->(x)<-[:SIGNS]-(:Signature) WHERE x.digest = g.image RETURN x.bytes },
  of: COLLECT { MATCH (g)-[:ON]->(:Dataset)-[:HAS_FIELD]->(f) RETURN f.id }})
"""


async def agree(city: City, model: Model) -> None:
    """The graph is as the model says, and the invariants hold in it."""
    cases = await city.graph.read(_HELD)
    assert {(one["id"], one["state"], one["version"]) for one in cases} == {
        (one.id, one.state, one.version) for one in model.cases
    }
    grants = await city.graph.read(_GRANTS)
    assert {(one["id"], one["state"], one["version"]) for one in grants} == {
        (one.id, one.state, one.version) for one in model.grants
    }
    for case in cases:
        acts = [json.loads(document) for document in case["documents"]]
        if case["state"] == "REFUSED":
            assert acts[-1]["content"]["reason"]
        if case["state"] == "PARTIALLY_APPROVED":
            assert all(one["reason"] for one in acts[-1]["content"]["dropped"])
    for grant in grants:
        (image,) = (json.loads(document) for document in grant["image"])
        stated = image["content"].get("granted", image["content"])
        assert json.loads(grant["scope"]) == stated
        assert grant["fields"] == [one["id"] for one in stated["fields"]]
        assert {*grant["fields"]} <= {*grant["of"]}
    moved = city.events("case.moved", "grant.moved")
    changes = sum(one.version for one in model.cases) + sum(one.version for one in model.grants)
    assert len(moved) == changes
    last = {one["about"]["case"]: one["data"]["after"] for one in moved if one["kind"] == "case.moved"}
    assert last == {one.id: one.state for one in model.cases}


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.generate],  # each try takes a second: what fails is told as it was found
)
@given(choices=st.lists(st.tuples(st.booleans(), st.integers(0, 10_000), st.integers(0, 30)), min_size=8, max_size=14))
async def test_whatever_is_tried_graph_log_and_model_agree(
    city: City, effects: dict[str, int], choices: list[tuple[bool, int, int]]
) -> None:
    await city.renew()
    model = Model()
    for only_right, choice, hours in choices:
        city.now += timedelta(hours=hours)
        steps = [one for one in model.steps() if not only_right or model.is_right(one)]
        await model.take(city, steps[choice % len(steps)])
        await agree(city, model)
    effects["steps"] += len(choices)
    effects["changes"] += sum(one.version for one in model.cases) + sum(one.version for one in model.grants)


@pytest.fixture
def effects(record_property: Callable[[str, object], None]) -> Iterator[dict[str, int]]:
    """How much was tried, and how much of it took effect."""
    found = {"steps": 0, "changes": 0}
    yield found
    assert found["changes"] > found["steps"] // 3
    record_property("steps tried", found["steps"])
    record_property("changes made", found["changes"])
