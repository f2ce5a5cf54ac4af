"""All procedures at once against a model of a few lines: whatever is tried, in whatever order, both agree.

The model has the regulation's machines, written down a second time, and nothing of how they are kept. Agencies, a
citizen and the center act; entries become stricter; the clock jumps; two try the same at once; and the log fails in the
middle of a change. After every step the regulation's invariants hold in the graph itself: no active grant without what
was signed for it, by both where both must sign, none wider than its document, no refusal without a reason, and an event
for every change.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gateway.audit.errors import LogPending, LogUnavailable
from gateway.audit.event import GATEWAY, Cause
from gateway.audit.ledger import Denied
from gateway.audit.recording import Recording
from gateway.catalog import write_entries
from gateway.sharing.acts import Answer, Dropped, Move, OnGrant
from gateway.sharing.examination import suspend_changed
from gateway.sharing.words import Act, Purpose
from tests.sharing.city import BASIS, DATASETS, WITHHELD, City
from tests.sharing.test_procedures import field as field_of

C, P, CENTER = "consumer", "provider", "center"
_STARTS = {"free": ("DECLARED", False), "mixed": ("SUBMITTED", False), "kept": ("REQUESTED", False)}
_FIELDS: dict[str, tuple[str, ...]] = {"free": ("a", "b"), "mixed": ("open", "asked", "also"), "kept": ()}
_MACHINES: dict[str, dict[tuple[str, str], tuple[tuple[str, ...], str]]] = {
    "APPLICATION": {
        ("SUBMITTED", "APPROVE"): ((P,), "APPROVED"),
        ("SUBMITTED", "APPROVE_PARTLY"): ((P,), "PARTIALLY_APPROVED"),
        ("SUBMITTED", "REFUSE"): ((P,), "REFUSED"),
        ("SUBMITTED", "WITHDRAW"): ((C,), "WITHDRAWN"),
    },
    "OPENING": {
        ("SUBMITTED", "ACCEPT"): ((P,), "ACCEPTED"),
        ("SUBMITTED", "REFUSE"): ((P,), "REFUSED"),
        ("SUBMITTED", "WITHDRAW"): ((C,), "WITHDRAWN"),
        ("ACCEPTED", "AUTHORISE"): ((P,), "AUTHORISED"),
        ("AUTHORISED", "OPEN"): ((CENTER,), "OPENED"),
    },
    "NEGOTIATION": {
        ("REQUESTED", "NEGOTIATE"): ((P,), "NEGOTIATING"),
        ("REQUESTED", "WITHDRAW"): ((C,), "WITHDRAWN"),
        ("NEGOTIATING", "WITHDRAW"): ((C,), "WITHDRAWN"),
        ("NEGOTIATING", "STATE_POSITION"): ((C, P), "NEGOTIATING"),
        ("NEGOTIATING", "PROPOSE_AGREEMENT"): ((P,), "AGREEMENT_PROPOSED"),
        ("NEGOTIATING", "PROPOSE_FAILURE"): ((C, P), "FAILURE_PROPOSED"),
        ("AGREEMENT_PROPOSED", "STATE_POSITION"): ((C, P), "NEGOTIATING"),
        ("FAILURE_PROPOSED", "STATE_POSITION"): ((C, P), "NEGOTIATING"),
        ("AGREEMENT_PROPOSED", "COUNTERSIGN"): ((C, P), "AGREED"),
        ("FAILURE_PROPOSED", "COUNTERSIGN"): ((C, P), "FAILED"),
        ("FAILED", "COORDINATE"): ((CENTER,), "COORDINATING"),
        ("COORDINATING", "STATE_POSITION"): ((P,), "COORDINATING"),
        ("COORDINATING", "PROPOSE_SHARE"): ((CENTER,), "SHARE_PROPOSED"),
        ("COORDINATING", "RESOLVE_NO_SHARE"): ((CENTER,), "RESOLVED_NO_SHARE"),
        ("SHARE_PROPOSED", "STATE_POSITION"): ((P,), "COORDINATING"),
        ("SHARE_PROPOSED", "COUNTERSIGN"): ((P,), "RESOLVED_SHARE"),
        ("SHARE_PROPOSED", "RESOLVE_NO_SHARE"): ((CENTER,), "RESOLVED_NO_SHARE"),
    },
    "DECLARATION": {},
}
_OPEN = {state for machine in _MACHINES.values() for state, _ in machine}
_ON_GRANTS = {"SUSPEND": ("ACTIVE", "SUSPENDED"), "RESUME": ("SUSPENDED", "ACTIVE"), "REVOKE": (None, "REVOKED")}
_SIDES = {"consumer": C, "provider": P, "provider2": P, "center": CENTER}
_WHO = (*_SIDES, "staff", "citizen")
_LAST_DAY = date(2026, 6, 30)
"""The same for all, so that whoever asks again asks for what they have."""
Step = tuple[str, str, Any, Any]


@dataclass
class Grant:
    """What the model knows of a grant."""

    id: str
    state: str
    dataset: str
    purpose: str
    by: str
    fields: frozenset[str]
    version: int = 1
    strict: bool = False
    """Whether it was given, or resumed, when the entry was strict already."""
    suspended_by: str = ""


@dataclass
class Case:
    """What the model knows of a case."""

    id: str
    kind: str
    state: str
    dataset: str
    purpose: str
    by: str
    version: int = 1
    last: str = C
    offer: Grant | None = None


@dataclass
class Model:
    """The city as it should be."""

    cases: list[Case] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)
    strict: bool = False
    suspensions: int = 0

    @property
    def changes(self) -> int:
        """How many took effect: each has raised a version."""
        return sum(one.version for one in self.cases) + sum(one.version for one in self.grants)

    def steps(self) -> Iterator[Step]:
        """Everything that anybody could try now."""
        yield "edit", "", not self.strict, None
        for who in _WHO:
            yield from (("ask", who, dataset, purpose) for dataset in _FIELDS for purpose in list(Purpose)[:2])
            for case in self.cases:
                acts = {act for machine in _MACHINES.values() for _, act in machine}
                yield from (("move", who, case, act) for act in sorted(acts))
            yield from (("change", who, grant, act) for grant in self.grants for act in _ON_GRANTS)

    def is_right(self, step: Step) -> bool:
        """Whether it has to take effect."""
        kind, who, which, what = step
        if kind == "edit":
            return True
        if kind == "ask":
            return self._may_ask(who, which, what)
        if kind == "move":
            return self._may_move(who, which, what)
        source, _ = _ON_GRANTS[what]
        if which.state not in ((source,) if source else ("ACTIVE", "SUSPENDED")) or who not in _SIDES:
            return False
        if what == "RESUME":
            return bool(_SIDES[who] == which.suspended_by)
        return _SIDES[who] == (CENTER if what == "SUSPEND" else P)

    def _may_ask(self, who: str, dataset: str, purpose: str) -> bool:
        """Not twice, and not for what is granted; and a citizen only for what is open on conditions."""
        if who not in ("consumer", "citizen") or (who == "citizen" and (dataset != "mixed" or self.strict)):
            return False
        mine = [one for one in self.cases if (one.by, one.dataset, one.purpose) == (who, dataset, purpose)]
        if any(one.state in _OPEN for one in mine):
            return False
        wanted = frozenset(_FIELDS[dataset])
        return not any(
            (one.by, one.dataset, one.purpose, one.state) == (who, dataset, purpose, "ACTIVE") and wanted <= one.fields
            for one in self.grants
            if wanted
        )

    def _may_move(self, who: str, case: Case, act: str) -> bool:
        found = _MACHINES[case.kind].get((case.state, act))
        if found is None:
            return False
        side = C if who == case.by else _SIDES.get(who, "")
        if side not in found[0] or (side == C and who != case.by):
            return False
        if act == "COUNTERSIGN" and case.last == side:
            return False
        # What became withheld is not granted any more but by a negotiation.
        return not (self.strict and case.kind != "NEGOTIATION" and act in ("APPROVE", "ACCEPT", "AUTHORISE", "OPEN"))

    def took(self, step: Step, made: dict[str, Any]) -> None:
        """Follow what came of a step."""
        kind, who, which, what = step
        if kind == "ask":
            self._asked(who, which, what, made)
        elif kind == "move":
            self._moved(who, which, what, made)
        elif kind == "change":
            which.state, which.version = _ON_GRANTS[what][1], which.version + 1
            which.suspended_by = CENTER if what == "SUSPEND" else ""
            which.strict = self.strict if what == "RESUME" else which.strict
        else:
            self._edited()

    def _asked(self, who: str, dataset: str, purpose: str, made: dict[str, Any]) -> None:
        state = _STARTS[dataset][0]
        kind = {"free": "DECLARATION", "mixed": "APPLICATION", "kept": "NEGOTIATION"}[dataset]
        if who == "citizen":
            kind = "OPENING"
        elif dataset == "mixed" and self.strict:
            kind, state = "NEGOTIATION", "REQUESTED"
        self.cases.append(Case(made["case"], kind, state, dataset, purpose, who))
        if kind == "DECLARATION":
            self._granted(self.cases[-1], made, _FIELDS[dataset])

    def _moved(self, who: str, case: Case, act: str, made: dict[str, Any]) -> None:
        case.state, case.version = _MACHINES[case.kind][case.state, act][1], case.version + 1
        case.last = C if who == case.by else _SIDES[who]
        wanted = _FIELDS[case.dataset] or ("a",)
        if act in ("APPROVE", "OPEN"):
            self._granted(case, made, wanted)
        elif act == "APPROVE_PARTLY":
            self._granted(case, made, tuple(one for one in wanted if one != "also"))
        elif act in ("PROPOSE_AGREEMENT", "PROPOSE_SHARE"):
            case.offer = self._granted(case, made, wanted, "PENDING_SIGNATURE")
        elif case.offer is not None:
            case.offer.version += 1
            case.offer.state = "ACTIVE" if act == "COUNTERSIGN" else "EXPIRED"
            case.offer = None

    def _granted(self, case: Case, made: dict[str, Any], fields: tuple[str, ...], state: str = "ACTIVE") -> Grant:
        grant = Grant(made["grant"], state, case.dataset, case.purpose, case.by, frozenset(fields), strict=self.strict)
        self.grants.append(grant)
        return grant

    def _edited(self) -> None:
        self.strict = not self.strict
        for grant in self.grants:
            hit = grant.dataset == "mixed" and "also" in grant.fields and grant.state == "ACTIVE"
            if self.strict and hit and not grant.strict:
                grant.state, grant.version, grant.suspended_by = "SUSPENDED", grant.version + 1, P
                self.suspensions += 1


@dataclass
class Player:
    """Takes the model's steps in the city."""

    city: City
    model: Model

    async def take(self, step: Step, *, twice: bool, crash: bool) -> None:
        """Try a step, perhaps twice at once or with a log that fails, and follow what has to come of it."""
        right = self.model.is_right(step)
        if step[0] == "edit":
            await self._edit(strict=step[2])
            self.model.took(step, {})
            return
        made = [one for one in await self._tries(step, twice=twice, crash=crash) if one is not None]
        assert len(made) == (1 if right else 0), (step, twice, crash)
        if made:
            self.model.took(step, made[0])

    async def _tries(self, step: Step, *, twice: bool, crash: bool) -> list[dict[str, Any] | None]:
        if twice:
            return list(await asyncio.gather(self._try(step, self.city.key()), self._try(step, self.city.key())))
        key = self.city.key()
        if not crash:
            return [await self._try(step, key)]
        deliver = self.city.outbox.deliver

        async def fail(*_: Any, **__: Any) -> None:
            raise LogUnavailable("the disk is gone")

        self.city.outbox.deliver = fail  # type: ignore[method-assign]
        try:
            return [await self._try(step, key)]
        except LogPending:
            pass  # it was made, and its events wait: whoever asks again by the same key is told so
        finally:
            self.city.outbox.deliver = deliver  # type: ignore[method-assign]
        return [await self._try(step, key)]

    async def _try(self, step: Step, key: str) -> dict[str, Any] | None:
        kind, who, which, what = step
        try:
            if kind == "ask":
                return await self._ask(who, which, what, key)
            if what == "WITHDRAW":
                subject = self._subject(who)
                cause = self.city.cause(subject)
                return dict(await self.city.filing.withdraw(subject, cause, which.id, which.version, key))
            if who == "citizen":
                raise Denied("NO_KEY", "a citizen has nothing to sign with")
            return await self._signed(who, self._request(step), key)
        except Denied:
            return None

    async def _signed(self, who: str, request: Any, key: str) -> dict[str, Any]:
        # Prepared once for a key, so that what is asked again is the same.
        prepared = await self._prepared(who, request, key)
        return await self.city.file(who, prepared["signing"], self._signature(who, prepared["document"], key), key)

    async def _prepared(self, who: str, request: Any, key: str) -> dict[str, Any]:
        subject = self._subject(who)
        table = self.city.policy.table_for(subject.profile)
        return dict(await self.city.filing.prepare(subject, table, self.city.cause(subject), request, key))

    def _signature(self, who: str, document: str, key: str) -> bytes:
        if (who, key) not in self.signatures:
            self.signatures[who, key] = self.city.sign(who, document)
        return self.signatures[who, key]

    signatures: dict[tuple[str, str], bytes] = field(default_factory=dict)

    async def _ask(self, who: str, dataset: str, purpose: Any, key: str) -> dict[str, Any]:
        today = (self.city.now + timedelta(hours=8)).date()
        more = {"purpose": purpose, "since": today, "until": _LAST_DAY}
        if who == "citizen":
            return await self.city.apply(who, dataset, *_FIELDS[dataset], key=key, **more)
        return await self._signed(who, self.city.scope(dataset, *_FIELDS[dataset], **more), key)

    def _request(self, step: Step) -> Any:
        kind, _, which, what = step
        act = Act(what)
        if kind == "change":
            return OnGrant(which.id, which.version, act, "检查", BASIS)
        if what in ("APPROVE", "APPROVE_PARTLY", "REFUSE", "ACCEPT"):
            dropped = (Dropped(field_of("also"), "超出职责", BASIS),) if what == "APPROVE_PARTLY" else ()
            reasons: dict[str, Any] = {"reason": "不符合", "basis": BASIS} if what == "REFUSE" else {}
            return Answer(which.id, which.version, act, dropped=dropped, **reasons)
        fields: tuple[str, ...] = ()
        if what in ("PROPOSE_AGREEMENT", "PROPOSE_SHARE"):
            fields = tuple(field_of(one, which.dataset) for one in _FIELDS[which.dataset] or ("a",))
        return Move(which.id, which.version, act, "意见", fields, BASIS if what == "RESOLVE_NO_SHARE" else None)

    async def _edit(self, *, strict: bool) -> None:
        entry = DATASETS["mixed"]
        if strict:
            fields = tuple(replace(one, tier=WITHHELD) if one.name == "also" else one for one in entry.fields)
            entry = replace(entry, fields=fields)
        recording = Recording(self.city.outbox, Cause(GATEWAY, self.city.policy.current.digest), (suspend_changed,))
        await write_entries(self.city.graph, [entry], recording=recording)

    def _subject(self, who: str) -> Any:
        return self.city.citizens[who] if who in self.city.citizens else self.city.officers[who].subject


_HELD = """
MATCH (c:Case)
RETURN collect({id: c.id, state: c.state, version: c.version,
  documents: COLLECT { MATCH (c)-[:HAS]->(x:Document)<-[:SIGNS]-(:Signature) RETURN x.bytes ORDER BY x.n }})
"""
_GRANTS = """
MATCH (g:Grant)
RETURN collect({id: g.id, state: g.status, version: g.version, fields: g.fields, scope: g.scope,
  image: COLLECT { MATCH (g)-[:IMAGE_OF]->(x)<-[:SIGNS]-(:Signature) WHERE x.digest = g.image RETURN x.bytes },
  signers: COLLECT { MATCH (g)<-[:LED_TO]-(:Case)-[:HAS]->(x:Document)<-[:SIGNS]-(:Signature)-[:AS]->(h)-[:AT]->(a)
    RETURN [x.act, a.id] }})
"""


async def agree(city: City, model: Model) -> None:
    """The graph is as the model says, and the invariants hold in it."""
    cases = await city.graph.read(_HELD)
    assert {(one["id"], one["state"], one["version"]) for one in cases} == {
        (one.id, one.state, one.version) for one in model.cases
    }
    grants = await city.graph.read(_GRANTS)
    assert {(one["id"], one["state"], one["version"], frozenset(one["fields"])) for one in grants} == {
        (one.id, one.state, one.version, frozenset(field_of(name, one.dataset) for name in one.fields))
        for one in model.grants
    }
    for case in cases:
        acts = [json.loads(document) for document in case["documents"]]
        if case["state"] in ("REFUSED", "RESOLVED_NO_SHARE"):
            assert acts[-1]["content"]["reason"]
        if case["state"] == "PARTIALLY_APPROVED":
            assert all(one["reason"] for one in acts[-1]["content"]["dropped"])
    for grant in grants:
        (image,) = (json.loads(document) for document in grant["image"])
        stated = image["content"].get("granted", image["content"])
        assert json.loads(grant["scope"]) == stated
        assert grant["fields"] == [one["id"] for one in stated["fields"]]
        if image["act"].startswith("PROPOSE") and grant["state"] not in ("PENDING_SIGNATURE", "EXPIRED"):
            proposer = image["by"]["agency"]["id"]
            assert any(act == "COUNTERSIGN" and agency != proposer for act, agency in grant["signers"])
    moved = city.events("case.moved", "grant.moved")
    assert len(moved) + len(city.events("grant.suspended")) == model.changes
    assert len(city.events("grant.suspended")) == model.suspensions
    last = {one["about"]["case"]: one["data"]["after"] for one in moved if one["kind"] == "case.moved"}
    assert last == {one.id: one.state for one in model.cases}
    waiting = await city.graph.read("MATCH (t:Task) RETURN collect(DISTINCT t.about)")
    provider_acts = {one.id for one in model.grants if (one.state, one.suspended_by) == ("SUSPENDED", P)}
    assert {*waiting} == {one.id for one in model.cases if one.state in _OPEN} | provider_acts


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.generate],  # each try takes a second: what fails is told as it was found
)
@given(
    choices=st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 10_000), st.integers(0, 30), st.sampled_from("  tc")),
        min_size=10,
        max_size=18,
    )
)
async def test_whatever_is_tried_graph_log_and_model_agree(
    city: City, effects: dict[str, int], choices: list[tuple[int, int, int, str]]
) -> None:
    await city.renew()
    player = Player(city, Model())
    for wrong, choice, hours, how in choices:
        city.now += timedelta(hours=hours)
        steps = [one for one in player.model.steps() if player.model.is_right(one) is (wrong != 0)]
        # What goes on with a case comes before what begins another: the machines are long.
        further = [one for one in steps if one[0] in ("move", "change")]
        chosen = further if further and choice % 4 else steps
        await player.take(chosen[choice % len(chosen)], twice=how == "t", crash=how == "c")
        await agree(city, player.model)
    effects["steps"] += len(choices)
    effects["changes"] += player.model.changes


@pytest.fixture
def effects(record_property: Callable[[str, object], None]) -> Iterator[dict[str, int]]:
    """How much was tried, and how much of it took effect."""
    found = {"steps": 0, "changes": 0}
    yield found
    assert found["changes"] > found["steps"] // 3
    record_property("steps tried", found["steps"])
    record_property("changes made", found["changes"])
