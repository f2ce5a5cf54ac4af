"""One attempt goes where it may and to nobody else, and no receiver can keep it."""

import asyncio
import ssl
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.notices import Courier, receivers_trust
from gateway.notices.courier import Failure, Resolve
from tests.notices.receiving import NAME, Certificates, Receiver
from tests.notices.telling import nearby

HEADERS = {"webhook-id": "nt_1"}
BODY = b'{"data":{"event":"ev_1"}}'


@pytest.fixture
def courier(root: Path) -> Courier:
    return Courier(receivers_trust(root), loopback=True, resolve=nearby)


def names(*answers: Sequence[str]) -> Resolve:
    """A resolver that says something else each time."""
    rest = iter(answers)

    async def resolve(host: str, port: int) -> Sequence[str]:
        assert host == NAME
        return next(rest)

    return resolve


async def test_a_receiver_gets_exactly_what_was_signed_under_its_own_name(courier: Courier, receiver: Receiver) -> None:
    assert await courier.deliver(receiver.url, HEADERS, BODY) is None
    (request,) = receiver.requests
    assert request.body == BODY
    assert request.headers["host"] == f"{NAME}:{receiver.port}"
    assert (request.id, request.headers["content-type"]) == ("nt_1", "application/json")
    assert not {"cookie", "authorization"} & {*request.headers}


@pytest.mark.parametrize(
    ("status", "failure"),
    [(200, None), (204, None), (299, None), (304, Failure.STATUS), (404, Failure.STATUS), (503, Failure.STATUS)],
)
async def test_only_2xx_counts(courier: Courier, receiver: Receiver, status: int, failure: Failure | None) -> None:
    receiver.answer = lambda _: Response(status_code=status)
    assert await courier.deliver(receiver.url, HEADERS, BODY) is failure


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(courier: Courier, receiver: Receiver, other: Receiver, status: int) -> None:
    receiver.answer = lambda _: Response(status_code=status, headers={"location": other.url})
    assert await courier.deliver(receiver.url, HEADERS, BODY) is Failure.STATUS
    assert (len(receiver.requests), other.requests) == (1, [])


async def test_a_name_is_resolved_once_and_the_connection_goes_there(
    courier: Courier, receiver: Receiver, certificates: Certificates
) -> None:
    """A name that leads elsewhere a moment later: the one address was judged, so no other may be gone to."""
    judged = Receiver(certificates, host="127.0.0.2")
    judged.port = receiver.port
    async with judged:
        rebinding = replace(courier, resolve=names(["127.0.0.2"], ["127.0.0.1"]))
        assert await rebinding.deliver(receiver.url, HEADERS, BODY) is None
        assert (len(judged.requests), receiver.requests) == (1, [])


@pytest.mark.parametrize(
    "found",
    [["10.0.0.1"], ["127.0.0.1"], ["::1"], ["::ffff:127.0.0.1"], ["64:ff9b::7f00:1"], ["1.1.1.1", "127.0.0.1"], []],
)
async def test_a_name_that_leads_to_an_address_that_is_not_public_is_not_gone_to(
    courier: Courier, receiver: Receiver, found: list[str]
) -> None:
    real = replace(courier, loopback=False, resolve=names(found))
    assert await real.deliver(receiver.url, HEADERS, BODY) is Failure.ADDRESS
    assert receiver.requests == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "127.1", "2130706433", "0x7f000001", "[::ffff:127.0.0.1]", "0"]
)
async def test_this_machine_is_not_told_however_it_is_written(courier: Courier, receiver: Receiver, host: str) -> None:
    real = Courier(courier.trust)  # by the system's resolver
    url = f"https://{host}:{receiver.port}/"
    assert await real.deliver(url, HEADERS, BODY) in {Failure.ADDRESS, Failure.NAME}
    assert receiver.requests == []


async def test_http_is_not_gone_to_even_if_it_was_registered(courier: Courier, receiver: Receiver) -> None:
    assert await courier.deliver(receiver.url.replace("https", "http"), HEADERS, BODY) is Failure.ADDRESS


async def test_a_certificate_that_is_not_trusted_or_of_another_host_is_refused(
    courier: Courier, receiver: Receiver
) -> None:
    strict = replace(courier, trust=receivers_trust(None))
    assert await strict.deliver(receiver.url, HEADERS, BODY) is Failure.TLS
    elsewhere = receiver.url.replace(NAME, "another.example")
    assert await courier.deliver(elsewhere, HEADERS, BODY) is Failure.TLS
    assert receiver.requests == []


async def test_the_environment_says_nothing_of_proxies_or_roots(
    courier: Courier, receiver: Receiver, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert await courier.deliver(receiver.url, HEADERS, BODY) is None
    monkeypatch.setenv("SSL_CERT_FILE", str(root))
    assert await replace(courier, trust=receivers_trust(None)).deliver(receiver.url, HEADERS, BODY) is Failure.TLS


async def test_of_several_addresses_the_next_is_tried_when_one_has_nobody(courier: Courier, receiver: Receiver) -> None:
    several = replace(courier, resolve=names(["127.0.0.3", "127.0.0.1"]))
    assert await several.deliver(receiver.url, HEADERS, BODY) is None
    assert len(receiver.requests) == 1


async def test_where_nobody_listens_there_is_no_connection(courier: Courier, certificates: Certificates) -> None:
    async with Receiver(certificates) as gone:
        pass
    assert await courier.deliver(gone.url, HEADERS, BODY) is Failure.CONNECTION


async def test_a_name_that_nobody_knows(courier: Courier) -> None:
    async def unknown(host: str, port: int) -> list[str]:
        raise OSError

    assert await replace(courier, resolve=unknown).deliver("https://a.example/", HEADERS, BODY) is Failure.NAME


async def test_a_resolver_that_does_not_answer_ends_the_attempt(courier: Courier) -> None:
    async def never(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    silent = replace(courier, resolve=never, limit=0.1)
    assert await silent.deliver("https://a.example/", HEADERS, BODY) is Failure.TIMEOUT


async def test_a_receiver_that_does_not_answer_ends_the_attempt(courier: Courier, certificates: Certificates) -> None:
    never = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await never.wait()

    async with Receiver(certificates, app=app) as receiver:
        assert await replace(courier, limit=0.5).deliver(receiver.url, HEADERS, BODY) is Failure.TIMEOUT
        never.set()


async def test_an_answer_without_an_end_is_not_read(courier: Courier, certificates: Certificates) -> None:
    sent: Counter[str] = Counter()
    async with Receiver(certificates, app=_endless(sent)) as receiver:
        assert await courier.deliver(receiver.url, HEADERS, BODY) is None
    assert sent["bytes"] < 50_000_000  # it could not go on for long: nobody read


def _endless(sent: Counter[str]) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(_gone(receive))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while not gone.done():
            await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": True})
            sent["bytes"] += 100_000
            await asyncio.sleep(0)

    return app


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def test_headers_that_drip_without_an_end_end_the_attempt(courier: Courier, certificates: Certificates) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.chain, certificates.key)

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while not writer.is_closing():
            writer.write(b"x: y\r\n")
            await writer.drain()
            await asyncio.sleep(0.01)

    server = await asyncio.start_server(drip, "127.0.0.1", 0, ssl=context)
    async with server:
        url = f"https://{NAME}:{server.sockets[0].getsockname()[1]}/"
        assert await replace(courier, limit=0.5).deliver(url, HEADERS, BODY) is Failure.TIMEOUT


def test_roots_that_are_none_are_refused_with_their_name(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    for name in ("empty.pem", "missing.pem"):
        with pytest.raises(ValueError, match=name):
            receivers_trust(tmp_path / name)
