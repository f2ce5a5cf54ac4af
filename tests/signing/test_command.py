"""`gateway sign`: what an officer runs, with a key that never leaves the officer."""

import hashlib
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import build_app
from gateway.cli.sign import readable
from gateway.signing import DevelopmentAuthority, verify
from tests.signing.city import City
from tests.signing.test_timestamps import serving

SAID = {"answer": "部分同意", "case": "7", "fields": ["姓名"]}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a document, a key and the file with its passphrase; GATEWAY_STATE is beside them."""
    for name in [name for name in os.environ if name.startswith("GATEWAY_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GATEWAY_STATE", str(tmp_path / "state"))
    (tmp_path / "answer.json").write_text(json.dumps(SAID, ensure_ascii=False), encoding="utf-8")
    officer = DevelopmentAuthority(tmp_path / "state").issue("officer", passphrase="密码".encode())
    (tmp_path / "officer.p12").write_bytes(officer.p12)
    (tmp_path / "passphrase").write_bytes("密码\r\nanother line\n".encode())
    return tmp_path


def run(desk: Path, *arguments: str | Path) -> Result:
    named = [str(argument) for argument in arguments]
    if "--passphrase-file" not in named:
        named += ["--passphrase-file", str(desk / "passphrase")]
    if "--key" not in named:
        named += ["--key", str(desk / "officer.p12")]
    return CliRunner().invoke(build_app(), ["sign", *named])


def counts(desk: Path, signature: Path) -> bool:
    now = datetime.now(UTC)
    document = (desk / "answer.json").read_bytes()
    trust = DevelopmentAuthority(desk / "state").trust()
    return bool(verify(document, signature.read_bytes(), trust, prepared_at=now, now=now))


def test_a_document_is_shown_and_signed(desk: Path) -> None:  # R19
    done = run(desk, desk / "answer.json")
    assert done.exit_code == 0, done.output
    first, _, rest = done.stdout.partition("\n")
    assert first == f"SHA-256 {hashlib.sha256((desk / 'answer.json').read_bytes()).hexdigest()}"
    assert json.loads(rest) == SAID
    assert "部分同意" in rest
    assert counts(desk, desk / "answer.json.p7s")


def test_the_signature_goes_where_it_is_told_to(desk: Path) -> None:
    assert run(desk, desk / "answer.json", "--out", desk / "mine.p7s").exit_code == 0
    assert counts(desk, desk / "mine.p7s")
    assert not (desk / "answer.json.p7s").exists()


def test_a_signature_that_is_there_is_not_written_over(desk: Path) -> None:
    (desk / "answer.json.p7s").write_bytes(b"kept")
    done = run(desk, desk / "answer.json")
    assert done.exit_code == 1
    assert "is there already" in done.stderr
    assert (desk / "answer.json.p7s").read_bytes() == b"kept"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["nowhere.json"], "nowhere.json cannot be read: No such file"),
        (["answer.json", "--key", "nowhere.p12"], "nowhere.p12 cannot be read: No such file"),
        (["answer.json", "--key", "answer.json"], "answer.json: it is not a PKCS#12 file"),
        (["answer.json", "--passphrase-file", "answer.json"], "officer.p12: the passphrase is not the one"),
        (["answer.json", "--passphrase-file", "nowhere"], "nowhere cannot be read: No such file"),
        (["answer.json", "--timestamp-url", "http://tsa.example.org"], "must be an https:// address"),
        (["answer.json", "--timestamp-url", "http://127.0.0.1:9/"], "cannot be reached"),
        (["answer.json", "--out", "nowhere/x.p7s"], "x.p7s cannot be written: No such file"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    desk: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], why: str
) -> None:
    monkeypatch.chdir(desk)
    done = run(desk, *arguments)
    assert done.exit_code == 1
    assert why in done.stderr
    assert "Traceback" not in done.output
    assert "密码" not in done.output
    assert not list(desk.glob("*.p7s"))


def test_without_a_terminal_nobody_is_asked_for_a_passphrase(desk: Path) -> None:
    arguments = ["sign", str(desk / "answer.json"), "--key", str(desk / "officer.p12")]
    done = CliRunner().invoke(build_app(), arguments)
    assert done.exit_code == 1
    assert "needs its passphrase" in done.stderr


@pytest.mark.parametrize("days", [-2, 1])
def test_a_certificate_that_is_not_valid_now_does_not_sign(desk: Path, days: int) -> None:
    start = datetime.now(UTC) + timedelta(days=days)
    issued = DevelopmentAuthority(desk / "state").issue("old", not_before=start, not_after=start + timedelta(days=1))
    (desk / "old.p12").write_bytes(issued.p12)
    done = run(desk, desk / "answer.json", "--key", desk / "old.p12", "--passphrase-file", os.devnull)
    assert done.exit_code == 1
    assert "not valid now" in done.stderr


def test_the_configured_timestamp_authority_is_asked(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_PRODUCTION", "true")
    done = run(desk, desk / "answer.json")
    assert done.exit_code == 1
    assert "GATEWAY_TIMESTAMP_URL" in done.stderr
    authority = DevelopmentAuthority(desk / "state").timestamps()
    with serving(lambda asked: (200, authority.answer(asked))) as url:
        monkeypatch.setenv("GATEWAY_TIMESTAMP_URL", url)
        assert run(desk, desk / "answer.json").exit_code == 0
    assert counts(desk, desk / "answer.json.p7s")


def test_a_document_that_is_no_json_is_signed_without_being_shown(desk: Path, city: City) -> None:
    (desk / "answer.json").write_bytes(b"\xff\x00\x1b[2J")
    done = run(desk, desk / "answer.json")
    assert done.exit_code == 0
    assert "\x1b" not in done.output
    assert "not shown" in done.stderr
    assert counts(desk, desk / "answer.json.p7s")


@pytest.mark.parametrize(
    ("document", "shown"),
    [
        (b'{"a":1}', '{\n  "a": 1\n}'),
        (b'{"a":1,"a":2}', None),
        (b'[{"a":{"b":1,"b":1}}]', None),
        (b"{", None),
        (b"\xff", None),
        (b"[" * 100_000, None),
        (b"9" * 10_000, None),
        ('"\u202eevil"'.encode(), '"\\u202eevil"'),
        (b'"\\u001b[2J\\ud800"', '"\\u001b[2J\\ud800"'),
        ('"\x9b"'.encode(), '"\\x9b"'),
    ],
)
def test_what_is_shown_is_what_is_signed(document: bytes, shown: str | None) -> None:
    """A member that is named twice, and signs that change what a terminal shows, are not passed on."""
    assert readable(document) == shown
