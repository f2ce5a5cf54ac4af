"""Timestamps over HTTP (RFC 3161): from a real server on this machine, and what it can do wrong."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import parser, tsp
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.signing import HttpTimestamps, LocalTimestamps, TimestampUnavailable, sign
from gateway.signing.sources import LARGEST
from tests.signing.city import DOCUMENT, NOW, City
from tests.signing.openssl import accepts_timestamp, run
from tests.signing.serving import authority

Answer = Callable[[bytes], tuple[int, bytes]]


def serving(answer: Answer) -> AbstractContextManager[str]:
    """A timestamp authority's address, on a free port, until the block ends."""
    return authority("application/timestamp-query", "application/timestamp-reply", answer)


def test_a_signature_gets_its_timestamp_from_an_address(city: City, tmp_path: Path) -> None:
    with serving(lambda asked: (200, city.timestamps.answer(asked))) as url:
        made = sign(DOCUMENT, city.signer, HttpTimestamps(url))
    assert city.verify(made).gen_time == NOW
    assert accepts_timestamp(tmp_path, made, city.time_root.certificate, NOW)


def test_our_authority_answers_what_openssl_asks(city: City, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(DOCUMENT)
    run("ts", "-query", "-data", tmp_path / "data", "-sha256", "-cert", "-out", tmp_path / "query")
    answer = city.timestamps.answer((tmp_path / "query").read_bytes())
    (tmp_path / "reply").write_bytes(answer)
    (tmp_path / "root.pem").write_bytes(city.time_root.certificate.public_bytes(Encoding.PEM))
    done = run(
        "ts", "-verify", "-queryfile", tmp_path / "query", "-in", tmp_path / "reply", "-CAfile", tmp_path / "root.pem",
        "-attime", str(int(NOW.timestamp())),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def other_nonce(city: City, asked: bytes) -> bytes:
    request = tsp.TimeStampReq.load(asked)
    request["nonce"] = request["nonce"].native + 2
    return city.timestamps.answer(request.dump())


def no_nonce(city: City, asked: bytes) -> bytes:
    request = tsp.TimeStampReq.load(asked)
    del request["nonce"]
    return city.timestamps.answer(request.dump())


def other_imprint(city: City, asked: bytes) -> bytes:
    request = tsp.TimeStampReq.load(asked)
    request["message_imprint"]["hashed_message"] = bytes(32)
    return city.timestamps.answer(request.dump())


def rejection(city: City, asked: bytes) -> bytes:
    return bytes(parser.emit(0, 1, 16, tsp.PKIStatusInfo({"status": "rejection"}).dump()))


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda city, asked: (500, b""), "answers 500"),
        (lambda city, asked: (404, b"not here"), "answers 404"),
        (lambda city, asked: (307, b"http://127.0.0.1:1/"), "answers 307"),
        (lambda city, asked: (200, b""), "not one of a timestamp authority"),
        (lambda city, asked: (200, b"<html>"), "not one of a timestamp authority"),
        (lambda city, asked: (200, asked), "not one of a timestamp authority"),
        (lambda city, asked: (200, city.timestamps.answer(asked) + b"\0"), "not one of a timestamp authority"),
        (lambda city, asked: (200, bytes(LARGEST + 1)), "larger than"),
        (lambda city, asked: (200, rejection(city, asked)), "refuses: rejection"),
        (lambda city, asked: (200, other_nonce(city, asked)), "nonce"),
        (lambda city, asked: (200, no_nonce(city, asked)), "nonce"),
        (lambda city, asked: (200, other_imprint(city, asked)), "something else"),
    ],
)
def test_an_answer_that_is_none_ends_in_a_sentence(
    city: City, answer: Callable[[City, bytes], tuple[int, bytes]], why: str
) -> None:
    with serving(lambda asked: answer(city, asked)) as url, pytest.raises(TimestampUnavailable, match=why) as problem:
        sign(DOCUMENT, city.signer, HttpTimestamps(url))
    assert url in str(problem.value)


def test_an_authority_that_does_not_answer_is_not_waited_for(city: City) -> None:
    given_up = threading.Event()

    def answer(asked: bytes) -> tuple[int, bytes]:
        given_up.wait(60)
        return 200, b""

    with serving(answer) as url:
        with pytest.raises(TimestampUnavailable, match="cannot be reached"):
            sign(DOCUMENT, city.signer, HttpTimestamps(url, patience=0.3))
        given_up.set()


def test_nobody_there_is_said_so(city: City) -> None:
    with serving(lambda asked: (200, b"")) as url:
        pass
    with pytest.raises(TimestampUnavailable, match="cannot be reached"):
        sign(DOCUMENT, city.signer, HttpTimestamps(url))


@pytest.mark.parametrize(
    "url",
    [
        "http://tsa.example.org/",
        "http://10.0.0.1/",
        "ftp://127.0.0.1/",
        "127.0.0.1",
        "",
        "https://",
        "http://[::1",
        "file:///x",
    ],
)
def test_an_address_is_https_or_on_this_machine(url: str) -> None:
    with pytest.raises(TimestampUnavailable, match="address"):
        HttpTimestamps(url)


def test_the_time_of_a_timestamp_is_exact_to_the_microsecond(city: City) -> None:
    for micro in (0, 1, 100_000, 999_999):
        at = datetime(2026, 3, 2, 8, 0, 0, micro, tzinfo=UTC)
        made = sign(DOCUMENT, city.signer, LocalTimestamps(city.stamping, lambda at=at: at))  # type: ignore[misc]
        assert city.verify(made).gen_time == at
