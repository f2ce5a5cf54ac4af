"""A small city for the procedures: two agencies and the center, officers with keys, entries of every tier, a clock."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

from gateway.audit.event import Actor, ActorKind, Cause
from gateway.audit.ledger import Denied, Ledger
from gateway.audit.outbox import Outbox
from gateway.catalog import FieldSpec, write_agencies, write_entries
from gateway.classes import Tier
from gateway.graph import Graph, make_id
from gateway.identity import Profile, Subject
from gateway.lineage import LINEAGE, LineageMatter
from gateway.policy.store import PolicyStore
from gateway.rules import Calendar, load_rules
from gateway.sharing.acts import Answer, Move, OnGrant, Opening, Request
from gateway.sharing.certificates import Registry
from gateway.sharing.clocks import DEADLINE, Rules
from gateway.sharing.filing import Filing
from gateway.sharing.matters import Foreign
from gateway.sharing.scope import Basis, Scope
from gateway.sharing.words import Act, Purpose
from gateway.signing import DevelopmentAuthority, Seal, load_pkcs12, sign
from gateway.vocabulary import FOREVER, AgencyKind, DataType, OpenType, Role, Sensitivity, ShareType
from tests.catalog.entries import POWER, entry, ground
from tests.support.logged import logged

POLICIES: Final = Path(__file__).resolve().parents[2] / "policies"
NOW: Final = datetime(2026, 2, 10, 2, 0, tzinfo=UTC)  # a Tuesday, ten o'clock in the city, before Spring Festival
BASIS: Final = Basis("城市供水条例", "第二十条")
_CONDITIONAL: Final = Tier(ShareType.CONDITIONAL, OpenType.CONDITIONAL)
WITHHELD: Final = Tier(ShareType.NON_SHARED, OpenType.NOT_OPEN, frozenset({Sensitivity.BY_LAW}))
_PERSON: Final = """
MATCH (a:Agency {code: $agency})
CREATE (p:Person {id: $person, name: $name})-[:HOLDS]->(h:Appointment {id: $appointment, role: $role,
  validFrom: '2020-01-01T00:00:00.000Z', validTo: $forever, recordedFrom: '2020-01-01T00:00:00.000Z',
  recordedTo: $forever})-[:AT]->(a)
"""
_FORGET: Final = """
MATCH (n:Case|Deadline|Grant|Document|Signature|Preparation|Idempotency|Sequence|Task) DETACH DELETE n
"""
_CASE: Final = f"MATCH (c:Case {{id: $id}}) RETURN c {{.*, {DEADLINE}}}"
DATASETS: Final = {
    "free": entry(1, fields=(FieldSpec("a", None, DataType.STRING), FieldSpec("b", None, DataType.STRING))),
    "mixed": entry(
        2,
        fields=(
            FieldSpec("open", None, DataType.STRING),
            FieldSpec("asked", None, DataType.STRING, tier=_CONDITIONAL),
            FieldSpec("also", None, DataType.STRING, tier=_CONDITIONAL),
            FieldSpec("withheld", None, DataType.STRING, tier=WITHHELD),
        ),
    ),
    "kept": entry(
        3,
        share_type=ShareType.NON_SHARED,
        open_type=OpenType.NOT_OPEN,
        sensitivity=frozenset({Sensitivity.BY_LAW}),
        fields=(FieldSpec("a", None, DataType.STRING),),
    ),
}


@dataclass(frozen=True)
class Officer:
    """Somebody with an appointment and a key of their own."""

    subject: Subject
    p12: bytes
    certificate: bytes


class City:
    """The city, and short ways to act in it."""

    def __init__(self, graph: Graph, ledger: Ledger, outbox: Outbox, state: Path) -> None:
        self.graph = graph
        self.outbox = outbox
        self.ledger = ledger
        self.state = state
        self.now = NOW
        self._seen = 0
        self.authority = DevelopmentAuthority(state)
        self.policy = PolicyStore(POLICIES)
        rules = Rules(load_rules(POLICIES / "rules.yaml"), Calendar())
        matters = {LINEAGE: LineageMatter(lambda: self.now)}
        self.filing = Filing(ledger, rules, self.authority.trust, self._seal, lambda: self.now, matters=matters)
        self.registry = Registry(ledger)
        self.officers: dict[str, Officer] = {}
        self.citizens: dict[str, Subject] = {}
        self._keys = (f"key-{number:06}" for number in count())

    def _seal(self) -> Seal:
        return Seal(self.authority.seal(), self.authority.timestamps(lambda: self.now))

    async def found(self) -> "City":
        """Make it."""
        await ground(self.graph)
        center = replace(POWER, code="bdc", name="市大数据中心", kind=AgencyKind.ADMINISTRATIVE, jurisdiction="621000")
        await write_agencies(self.graph, [center])
        report = await write_entries(self.graph, list(DATASETS.values()))
        assert len(report.created) == len(DATASETS), report
        for name, agency, role in (
            ("provider", "water", Role.OFFICER),
            ("provider2", "water", Role.HEAD),
            ("consumer", "power", Role.OFFICER),
            ("staff", "power", Role.STAFF),
            ("center", "bdc", Role.CENTER),
        ):
            await self.hire(name, agency, role)
        for name in ("citizen", "neighbour"):
            person = make_id("pe_", name)
            await self.graph.run("CREATE (:Person {id: $person, name: $name})", {"person": person, "name": name})
            self.citizens[name] = Subject(person, name)
        return self

    async def renew(self) -> None:
        """Forget every case, and be as it was made."""
        await self.graph.run(_FORGET)
        await write_entries(self.graph, list(DATASETS.values()))
        self.now = NOW
        self._seen = len(logged(self.state))

    def events(self, *kinds: str) -> list[Any]:
        """What was logged since it was renewed; of some kinds, or all."""
        return [one for one in logged(self.state)[self._seen :] if not kinds or one["kind"] in kinds]

    async def hire(self, name: str, agency: str = "power", role: Role = Role.OFFICER) -> Officer:
        """A new officer, whom a test may dismiss or whose key it may break."""
        self.officers[name] = await self._officer(name, agency, role)
        return self.officers[name]

    async def _officer(self, name: str, agency: str, role: Role) -> Officer:
        person, appointment = make_id("pe_", name), make_id("ap_", name)
        given = {
            "agency": agency,
            "person": person,
            "name": name,
            "appointment": appointment,
            "role": role,
            "forever": FOREVER,
        }
        await self.graph.run(_PERSON, given)
        kind = AgencyKind.ADMINISTRATIVE if role is Role.CENTER else AgencyKind.PUBLIC_SERVICE
        subject = Subject(person, name, make_id("ag_", agency), appointment, profile=Profile(frozenset({role}), kind))
        issued = self.authority.issue(name, not_before=NOW - timedelta(days=30), not_after=NOW + timedelta(days=400))
        await self.registry.register(self.cause(subject), person, issued.certificate, self.key())
        return Officer(subject, issued.p12, issued.certificate)

    def key(self) -> str:
        """An idempotency key that was not used."""
        return next(self._keys)

    def cause(self, subject: Subject) -> Cause:
        """Why events of theirs happen."""
        role = next(iter(subject.profile.roles)) if subject.agency else None
        actor = Actor(ActorKind.PERSON, subject.id, subject.agency, role, subject.appointment)
        return Cause(actor, self.policy.current.digest)

    def scope(self, dataset: str, *fields: str, **changes: Any) -> Scope:
        """What a consumer asks for, complete."""
        identifier = DATASETS[dataset].identifier
        asked = Scope(
            make_id("ds_", identifier),
            tuple(make_id("fd_", identifier, field) for field in fields),
            (),
            Purpose.SERVICE,
            "办理供电业务",
            (BASIS,),
            date(2026, 2, 10),
            date(2027, 2, 9),
        )
        return replace(asked, **changes)

    async def prepare(self, who: str, request: Request | Foreign) -> dict[str, Any]:
        """The document of a request."""
        subject = self.officers[who].subject
        table = self.policy.table_for(subject.profile)
        return dict(await self.filing.prepare(subject, table, self.cause(subject), request, self.key()))

    def sign(self, who: str, document: str) -> bytes:
        """Somebody's signature, now."""
        signer = load_pkcs12(self.officers[who].p12, None)
        return sign(document.encode(), signer, self.authority.timestamps(lambda: self.now))

    async def file(self, who: str, signing: str, signature: bytes, key: str | None = None) -> dict[str, Any]:
        """File a signature."""
        subject = self.officers[who].subject
        table = self.policy.table_for(subject.profile)
        cause = self.cause(subject)
        return dict(await self.filing.file(subject, table, cause, signing, signature, key or self.key()))

    async def act(self, who: str, request: Request | Foreign) -> dict[str, Any]:
        """Prepare, sign and file."""
        prepared = await self.prepare(who, request)
        return await self.file(who, prepared["signing"], self.sign(who, prepared["document"]))

    async def apply(self, who: str, dataset: str, *fields: str, **changes: Any) -> dict[str, Any]:
        """Somebody's application for an opening."""
        subject = self.citizens[who] if who in self.citizens else self.officers[who].subject
        table = self.policy.table_for(subject.profile)
        organisation = changes.pop("organisation", None)
        key = changes.pop("key", None) or self.key()
        opening = Opening(self.scope(dataset, *fields, **{"legal_basis": (), **changes}), organisation)
        return dict(await self.filing.apply_for_opening(subject, table, self.cause(subject), opening, key))

    async def move(self, who: str, case: str, act: Act, statement: str = "意见", **more: Any) -> dict[str, Any]:
        """A step of a case from the version that it has."""
        return await self.act(who, await self.step(case, act, statement, **more))

    async def step(self, case: str, act: Act, statement: str = "意见", **more: Any) -> Move:
        """A step from the version that a case has."""
        return Move(case, (await self.case(case))["version"], act, statement, **more)

    async def owners(self, about: str) -> list[str]:
        """For whom a case or a grant waits, by agency code, or CENTER."""
        names = {make_id("ag_", code): code for code in ("water", "power", "bdc")}
        found = await self.graph.read("MATCH (t:Task {about: $id}) RETURN collect(t.owner)", {"id": about})
        return sorted(names.get(owner, owner) for owner in found)

    async def applied(self, *fields: str) -> str:
        """The case of an application for fields of the mixed entry."""
        made = await self.act("consumer", self.scope("mixed", *(fields or ("open", "asked"))))
        return str(made["case"])

    async def refused(self, who: str, request: Request | Foreign) -> Denied:
        """Why a request cannot be signed."""
        try:
            await self.prepare(who, request)
        except Denied as denied:
            return denied
        raise AssertionError("it was prepared")

    async def case(self, identifier: str) -> dict[str, Any]:
        """A case as the graph has it, with what its deadline says."""
        found: dict[str, Any] = await self.graph.read(_CASE, {"id": identifier})
        return found

    async def grant(self, identifier: str) -> dict[str, Any]:
        """A grant as the graph has it."""
        found: dict[str, Any] = await self.graph.read("MATCH (g:Grant {id: $id}) RETURN g {.*}", {"id": identifier})
        return found


def answer(case: str, act: Act, **more: Any) -> Answer:
    """An answer to the first version of a case."""
    return Answer(case, 1, act, **more)


def on_grant(grant: str, act: Act, version: int = 1) -> OnGrant:
    """An act on a grant, with a reason."""
    return OnGrant(grant, version, act, "检查", BASIS)
