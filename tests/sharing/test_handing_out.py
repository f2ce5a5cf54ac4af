"""Evidence over HTTP: in the log before its first byte leaves, and not handed out when the log has it not."""

import os
from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from gateway.app.evidence import Evidence
from gateway.identity import PUBLIC, Subject
from gateway.sharing.evidence import collecting
from tests.sharing.city import City
from tests.support.logged import logged
from tests.support.waiting import eventually


class Front:
    """The endpoint, and what it sends; each message with the number of events that the log had by then."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.endpoint = Evidence(city.graph, city.ledger.recorder, city.policy)
        self.sent: list[tuple[Mapping[str, Any], int]] = []

    async def ask(self, case: str, who: Subject, method: str = "GET") -> tuple[int, bytes]:
        async def receive() -> Any:
            raise AssertionError("nobody reads a body")

        async def send(message: Any) -> None:
            self.sent.append((message, len(logged(self.city.state))))

        self.sent.clear()
        state = {"subject": who, "request_id": "request-1"}
        scope = {"type": "http", "method": method, "path_params": {"case": case}, "state": state}
        await self.endpoint(scope, receive, send)
        (start, _), *rest = self.sent
        return start["status"], b"".join(message["body"] for message, _ in rest)

    async def code(self, case: str, who: Subject) -> tuple[int, str]:
        status, body = await self.ask(case, who)
        return status, orjson.loads(body)["errors"][0]["extensions"]["code"]


@pytest.fixture
async def front(city: City) -> Front:
    return Front(city)


async def test_it_is_in_the_log_before_the_first_byte_leaves(city: City, front: Front) -> None:
    case = await city.applied()
    before = len(logged(city.state))
    status, body = await front.ask(case, city.officers["consumer"].subject)
    assert (status, body[:2]) == (200, b"PK")
    assert [count for _, count in front.sent] == [before + 1] * 2
    assert city.events()[-1]["kind"] == "evidence.exported"
    again = (await front.ask(case, city.officers["provider"].subject))[1]
    assert b"evidence.exported" not in again, "who fetched it is nobody else's business"


async def test_without_the_log_nothing_leaves(city: City, front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    case, subject = await city.applied(), city.officers["consumer"].subject
    appender = city.ledger.recorder._appender
    assert appender is not None
    await front.ask(case, subject)  # the log has published everything of it
    appender.problem = "No space left on device"
    assert await front.code(case, subject) == (503, "LOG_UNAVAILABLE")
    appender.problem = None

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fdatasync", full)
        assert await front.code(case, subject) == (503, "LOG_UNAVAILABLE")
    await eventually(lambda: city.ledger.recorder.problem is None)
    assert (await front.ask(case, subject))[0] == 200


async def test_what_the_log_does_not_tell_is_not_handed_out(
    city: City, front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = await city.applied()
    monkeypatch.setattr(collecting, "_ATTEMPTS", 2)
    monkeypatch.setattr(collecting, "_PAUSE", 0.01)
    await city.graph.run("MATCH (c:Case {id: $id}) SET c.state = 'APPROVED'", {"id": case})
    assert await front.code(case, city.officers["consumer"].subject) == (503, "UNAVAILABLE")
    assert not city.events("evidence.exported")


async def test_whoever_may_not_see_it_leaves_a_trace_and_learns_nothing(city: City, front: Front) -> None:
    case = await city.applied()
    center = city.officers["center"].subject
    assert await front.code(case, center) == await front.code("cs_nothing", center) == (404, "NOT_FOUND")
    assert [one["data"]["target"] for one in city.events("change.refused")] == [case, "cs_nothing"]
    assert await front.code(case, PUBLIC) == (404, "NOT_FOUND")
    assert len(city.events("change.refused")) == 2, "nobody fills the log without a name"
