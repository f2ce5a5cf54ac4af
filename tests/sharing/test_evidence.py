"""An exported case holds by itself, openssl agrees, and a changed byte of any of it is found."""

import asyncio
import json
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.audit.index import Index
from gateway.audit.log import LogFolder
from gateway.audit.tlog import Signer, Verifier
from gateway.sharing.acts import Dropped
from gateway.sharing.evidence import (
    CASE,
    DOCUMENT,
    LISTS,
    SIGNATURE,
    TIMESTAMP,
    VALUE,
    Against,
    NoSuchCase,
    export_case,
    verify_case,
)
from gateway.sharing.words import Act
from gateway.signing import DevelopmentAuthority
from tests.sharing.city import BASIS, City, answer, on_grant
from tests.sharing.test_procedures import field
from tests.support.waiting import eventually


def against(city: City) -> Against:
    key = Verifier.parse((LogFolder(city.state).public / "key").read_text())
    return Against(city.authority.root_file.read_bytes(), city.authority.timestamp_root_file.read_bytes(), key)


def faults(folder: Path, trusted: Against) -> list[str]:
    found: list[str] = []
    list(verify_case(folder, trusted, found.append))
    return found


@pytest.fixture
async def exported(city: City, tmp_path: Path) -> Path:
    """A case that was granted in part, whose grant was suspended, resumed and revoked."""
    case = await city.applied("open", "asked", "also")
    dropped = (Dropped(field("also"), "超出职责", BASIS),)
    grant = ""
    for who, act in (("provider", None), ("center", Act.SUSPEND), ("center", Act.RESUME), ("provider2", Act.REVOKE)):
        city.now += timedelta(minutes=1)
        if act is None:
            grant = (await city.act(who, answer(case, Act.APPROVE_PARTLY, dropped=dropped)))["grant"]
        else:
            await city.act(who, on_grant(grant, act, (await city.grant(grant))["version"]))
    folder = LogFolder(city.state)
    await eventually(lambda: Index(folder.index).next() >= city.ledger.recorder.log.size)
    count = await export_case(city.graph, folder, case, tmp_path / "case", city.authority.revocation_lists())
    assert count == 5
    return tmp_path / "case"


async def test_an_exported_case_holds_and_says_what_was_established(city: City, exported: Path) -> None:
    found: list[str] = []
    lines = list(verify_case(exported, against(city), found.append))
    assert found == []
    assert lines[0] == "6 events are in the log that the key signs"
    assert [line.partition(":")[0] for line in lines[1:6]] == [
        "01-APPLY",
        "02-APPROVE_PARTLY",
        "03-SUSPEND",
        "04-RESUME",
        "05-REVOKE",
    ]
    assert "CN=consumer" in lines[1]


async def test_the_readmes_commands_hold_for_every_signature(city: City, exported: Path) -> None:
    assert await asyncio.to_thread(lambda: [openssl(city, one) for one in folders(exported)]) == [(0, 0)] * 5


def folders(exported: Path) -> list[Path]:
    return sorted(exported.glob("0*"))


def openssl(city: City, inside: Path) -> tuple[int, int]:
    roots, time = city.authority.root_file, city.authority.timestamp_root_file
    epoch = str(json.loads((inside / "signer.json").read_bytes())["EPOCH"])

    def run(*arguments: object) -> int:
        argv = ["openssl", *map(str, arguments), "-attime", epoch]
        return subprocess.run(argv, cwd=inside, capture_output=True, check=False).returncode

    signature = ("-in", SIGNATURE, "-content", DOCUMENT, "-CAfile", roots, "-purpose", "any", "-out", "/dev/null")
    return (
        run("cms", "-verify", "-cades", "-binary", "-inform", "DER", *signature),
        run("ts", "-verify", "-token_in", "-in", TIMESTAMP, "-data", VALUE, "-CAfile", time),
    )


async def test_any_changed_byte_of_a_document_or_a_signature_is_found(
    city: City, exported: Path, tmp_path: Path
) -> None:  # R19
    trusted = against(city)
    for name in (DOCUMENT, SIGNATURE):
        raw = (exported / "02-APPROVE_PARTLY" / name).read_bytes()
        for at in range(0, len(raw), max(1, len(raw) // 40)):
            changed = tmp_path / f"{name}-{at}"
            shutil.copytree(exported, changed)
            (changed / "02-APPROVE_PARTLY" / name).write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
            assert faults(changed, trusted), (name, at)
            shutil.rmtree(changed)


async def test_what_is_left_out_or_widened_is_found(city: City, exported: Path, tmp_path: Path) -> None:
    trusted = against(city)

    def changed(name: str) -> Path:
        return Path(shutil.copytree(exported, tmp_path / name))

    without = changed("without")
    shutil.rmtree(without / "03-SUSPEND")
    assert any("that is not here" in one for one in faults(without, trusted))
    unlogged = changed("unlogged")
    event = next(
        path.parent for path in (unlogged / "log" / "events").glob("*/body.json") if b"APPLY" in path.read_bytes()
    )
    shutil.rmtree(event)
    assert any("no event of the log states" in one for one in faults(unlogged, trusted))
    assert any("was not possible" in one for one in faults(unlogged, trusted))
    wider = changed("wider")
    case = json.loads((wider / CASE).read_bytes())
    case["grants"][0]["scope"] = case["grants"][0]["scope"].replace("SERVICE", "RESEARCH")
    (wider / CASE).write_text(json.dumps(case))
    assert any("it is not what was signed" in one for one in faults(wider, trusted))
    unlisted = changed("unlisted")
    assert faults(unlisted, Against(trusted.roots, trusted.timestamp_roots, Signer.generate("x").verifier))
    assert list((exported / LISTS).iterdir())


async def test_roots_of_others_establish_nothing(city: City, exported: Path, tmp_path: Path) -> None:
    other = DevelopmentAuthority(tmp_path / "elsewhere")
    trusted = against(city)
    roots = Against(other.root_file.read_bytes(), trusted.timestamp_roots, trusted.key)
    assert sum("the signature does not count" in one for one in faults(exported, roots)) == 5
    time = Against(trusted.roots, other.timestamp_root_file.read_bytes(), trusted.key)
    assert sum("the signature does not count" in one for one in faults(exported, time)) == 5


async def test_what_is_no_case_is_not_exported(city: City, tmp_path: Path) -> None:
    for name in ("cs_nothing", "../../etc", ""):
        with pytest.raises(NoSuchCase):
            await export_case(city.graph, LogFolder(city.state), name, tmp_path / "x", {})
    assert not (tmp_path / "x").exists()
