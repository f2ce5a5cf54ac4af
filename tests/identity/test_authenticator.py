"""From header to Subject: what is asked of the graph, how long it is believed, and what several offices mean."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from gateway.identity import PUBLIC, Appointment, Authenticator, InvalidToken, Person
from gateway.identity.authenticator import TOKEN_CACHE
from gateway.identity.keys import FixedKeys
from gateway.identity.token import Issuer, Verifier
from gateway.settings import Algorithm, TokenType
from gateway.vocabulary import AgencyKind, Role
from tests.identity.tokens import AUDIENCE, ES256, ISSUER, claims
from tests.support.waiting import eventually

OFFICER = Appointment("ap_officer", Role.OFFICER, "ag_water", AgencyKind.PUBLIC_SERVICE)
SUPERVISOR = Appointment("ap_super", Role.SUPERVISOR, "ag_bureau", AgencyKind.ADMINISTRATIVE, ("ju_1", "ju_2"))
NOW = 1_800_000_000.0


@dataclass
class World:
    """A clock, the people whom the graph knows, and how often it was asked."""

    now: float = NOW
    people: dict[tuple[str, str], Person] = field(default_factory=dict)
    asked: int = 0
    failure: Exception | None = None
    gate: asyncio.Event | None = None

    async def find(self, iss: str, sub: str) -> Person | None:
        self.asked += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return self.people.get((iss, sub))

    def authenticator(self, appointment_cache: float = 5.0) -> Authenticator:
        issuer = Issuer(ISSUER, AUDIENCE, frozenset(Algorithm), frozenset(TokenType), FixedKeys((ES256.key,)))
        verifier = Verifier({ISSUER: issuer}, skew=0, clock=lambda: self.now)
        return Authenticator(verifier, self.find, appointment_cache=appointment_cache, clock=lambda: self.now)


def wang(*appointments: Appointment) -> World:
    return World(people={(ISSUER, "wang"): Person("pe_wang", "王", appointments)})


def bearer(**changed: Any) -> str:
    return "Bearer " + ES256.token(claims(iat=NOW, kid=None, **{"exp": NOW + 600, **changed}), kid=None)


async def test_without_a_token_the_caller_is_the_public_and_the_graph_is_not_asked() -> None:
    world = wang()
    assert await world.authenticator().subject(None) is PUBLIC
    assert world.asked == 0


async def test_the_only_appointment_gives_agency_role_and_kind() -> None:
    subject = await wang(OFFICER).authenticator().subject(bearer())
    assert (subject.id, subject.name, subject.agency, subject.appointment) == (
        "pe_wang",
        "王",
        "ag_water",
        "ap_officer",
    )
    assert subject.profile.roles == {Role.OFFICER}
    assert subject.profile.agency_kind is AgencyKind.PUBLIC_SERVICE
    assert subject.jurisdictions == ()


async def test_a_supervisor_brings_the_subtree_along() -> None:
    assert (await wang(SUPERVISOR).authenticator().subject(bearer())).jurisdictions == ("ju_1", "ju_2")


@pytest.mark.parametrize("held", [(), (OFFICER, SUPERVISOR)])
async def test_without_exactly_one_appointment_a_person_has_the_publics_rights(held: tuple[Appointment, ...]) -> None:
    subject = await wang(*held).authenticator().subject(bearer())
    assert subject.id == "pe_wang"
    assert subject.is_public
    assert (subject.profile, subject.jurisdictions, subject.appointment) == (PUBLIC.profile, (), None)


async def test_of_several_appointments_the_token_selects_one() -> None:
    authenticator = wang(OFFICER, SUPERVISOR).authenticator()
    for office in (OFFICER, SUPERVISOR):
        subject = await authenticator.subject(bearer(appointment=office.id))
        assert (subject.appointment, subject.profile.roles) == (office.id, frozenset({office.role}))


async def test_an_appointment_that_is_not_held_cannot_be_selected() -> None:
    with pytest.raises(InvalidToken, match="not held"):
        await wang(OFFICER).authenticator().subject(bearer(appointment="ap_super"))


async def test_a_good_token_of_somebody_whom_the_graph_does_not_know_is_refused() -> None:
    with pytest.raises(InvalidToken, match="not known"):
        await World().authenticator().subject(bearer())


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic d2FuZzpwdw==", "Token x", "Bearer\tx", "bearer  ", "Bearer a b", "\udcff"],
)
async def test_other_credentials_are_refused_and_not_taken_for_the_public(header: str) -> None:
    with pytest.raises(InvalidToken):
        await wang(OFFICER).authenticator().subject(header)


async def test_the_schemes_name_knows_no_case() -> None:
    subject = await wang(OFFICER).authenticator().subject(bearer().replace("Bearer", "bEaReR"))
    assert subject.agency == "ag_water"


async def test_an_ended_appointment_takes_effect_within_the_stated_seconds() -> None:
    world = wang(OFFICER)
    authenticator, header = world.authenticator(appointment_cache=5.0), bearer()
    assert (await authenticator.subject(header)).agency == "ag_water"
    world.people[ISSUER, "wang"] = Person("pe_wang", "王")
    world.now += 4.9
    assert (await authenticator.subject(header)).agency == "ag_water"
    assert world.asked == 1
    world.now += 0.1
    assert (await authenticator.subject(header)).is_public
    assert world.asked == 2


async def test_with_a_cache_of_no_seconds_every_request_asks() -> None:
    world = wang(OFFICER)
    authenticator, header = world.authenticator(appointment_cache=0), bearer()
    for _ in range(3):
        await authenticator.subject(header)
    assert world.asked == 3


async def test_the_seconds_count_from_the_question_not_from_the_answer() -> None:
    world = wang(OFFICER)
    world.gate = asyncio.Event()
    authenticator, header = world.authenticator(appointment_cache=5.0), bearer()
    first = asyncio.create_task(authenticator.subject(header))
    await eventually(lambda: world.asked == 1)
    world.now += 5.0
    world.gate.set()
    await first
    await authenticator.subject(header)
    assert world.asked == 2


async def test_a_kept_token_is_not_believed_past_its_expiry() -> None:
    world = wang(OFFICER)
    authenticator, header = world.authenticator(), bearer(exp=NOW + 20)
    await authenticator.subject(header)
    world.now += 19
    await authenticator.subject(header)
    world.now += 1
    with pytest.raises(InvalidToken, match="expired"):
        await authenticator.subject(header)


async def test_a_token_is_verified_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    world = wang(OFFICER)
    authenticator, header = world.authenticator(), bearer()
    verified = _count_verifications(monkeypatch)
    for seconds in (0, 30, TOKEN_CACHE - 31, 2):
        world.now += seconds
        await authenticator.subject(header)
    assert verified() == 2


async def test_a_refusal_is_not_kept() -> None:
    world = World()
    authenticator, header = world.authenticator(), bearer()
    with pytest.raises(InvalidToken):
        await authenticator.subject(header)
    world.people[ISSUER, "wang"] = Person("pe_wang", "王", (OFFICER,))
    assert (await authenticator.subject(header)).agency == "ag_water"


async def test_many_at_once_ask_the_graph_once_and_one_who_leaves_fails_nobody() -> None:
    world = wang(OFFICER)
    world.gate = asyncio.Event()
    authenticator, header = world.authenticator(), bearer()
    callers = [asyncio.create_task(authenticator.subject(header)) for _ in range(20)]
    await asyncio.sleep(0)
    callers[0].cancel()
    world.gate.set()
    subjects = await asyncio.gather(*callers[1:])
    assert world.asked == 1
    assert {subject.agency for subject in subjects} == {"ag_water"}


async def test_a_graph_that_is_away_is_an_error_of_its_own_and_not_kept() -> None:
    world = wang(OFFICER)
    world.failure = ConnectionError("away")
    authenticator, header = world.authenticator(), bearer()
    with pytest.raises(ConnectionError):
        await authenticator.subject(header)
    world.failure = None
    assert (await authenticator.subject(header)).agency == "ag_water"


async def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.identity.authenticator._ENTRIES", 3)
    world = World(people={(ISSUER, f"p{n}"): Person(f"pe_{n}", "", (OFFICER,)) for n in range(10)})
    authenticator = world.authenticator()
    for n in range(10):
        assert (await authenticator.subject(bearer(sub=f"p{n}"))).id == f"pe_{n}"
    assert len(authenticator._proofs._entries) == len(authenticator._subjects._entries) == 3


def _count_verifications(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    tokens: list[str] = []
    verify = Verifier.verify

    async def counting(self: Verifier, token: str) -> Any:
        tokens.append(token)
        return await verify(self, token)

    monkeypatch.setattr(Verifier, "verify", counting)
    return lambda: len(tokens)
