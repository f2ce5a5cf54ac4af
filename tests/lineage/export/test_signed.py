"""A signed export holds by itself, openssl agrees, and a changed byte of any file of it is found."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, cast

import orjson
import pytest
from typer.testing import CliRunner

from gateway.audit.event import GATEWAY, Actor, ActorKind, Cause, canonical
from gateway.audit.log import LogFolder
from gateway.audit.recorder import Recorder
from gateway.audit.tlog import Signer, Verifier
from gateway.cli import build_app
from gateway.graph import Graph
from gateway.graph.times import now
from gateway.lineage.export import Picture
from gateway.lineage.export.checking import verify_lineage
from gateway.lineage.export.exporting import Exporting
from gateway.lineage.export.package import IN_LOG, MANIFEST, SIGNED
from gateway.lineage.export.picture import AskedBy
from gateway.sharing.evidence import Against, to_zip, write_export
from gateway.signing import DevelopmentAuthority, Seal
from gateway.vocabulary import Role
from tests.lineage.export.pictures import BASE, hidden

Files = dict[str, bytes]
POLICY: Final = "0" * 64
STAFF: Final = Actor(ActorKind.PERSON, "pe_a", "ag_0", Role.STAFF, "ap_a", ("ju_a",))


class Held:
    """In the place of a graph: whose the dataset is."""

    async def read(self, statement: str, parameters: Mapping[str, Any]) -> list[Any] | None:
        return ["ds_a", "ag_1", ["ju_a"]] if parameters["of"] == "ds_a" else None


@dataclass(frozen=True)
class Maker:
    """Makes exports with a log and a key of their own."""

    exporting: Exporting
    authority: DevelopmentAuthority
    state: Path

    async def make(self, picture: Picture, actor: Actor = STAFF, policy: str = POLICY) -> Files:
        return await self.exporting.export(picture, Cause(actor, policy, "request-1"))

    @property
    def key(self) -> str:
        return (LogFolder(self.state).public / "key").read_text().strip()

    @property
    def against(self) -> Against:
        roots, time = self.authority.root_file.read_bytes(), self.authority.timestamp_root_file.read_bytes()
        return Against(roots, time, Verifier.parse(self.key))


def drawn_now() -> Picture:
    return replace(hidden(), at=now())


@pytest.fixture(scope="module")
async def maker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Maker]:
    state = tmp_path_factory.mktemp("exports")
    authority = DevelopmentAuthority(state)
    async with Recorder(state, "test.example/log") as recorder:
        exporting = Exporting(
            cast(Graph, Held()), recorder, lambda: Seal(authority.seal(), authority.timestamps()), BASE
        )
        yield Maker(exporting, authority, state)


@pytest.fixture(scope="module")
async def exported(maker: Maker) -> Files:
    return await maker.make(drawn_now())


def faults(files: Mapping[str, bytes], against: Against) -> list[str]:
    found: list[str] = []
    list(verify_lineage(files, against, found.append))
    return found


class Fault(Exception):
    """The first thing that does not hold."""


def is_found(files: Mapping[str, bytes], against: Against) -> bool:
    """Whether anything does not hold; looks no further than the first."""

    def found(fault: str) -> None:
        raise Fault(fault)

    try:
        list(verify_lineage(files, against, found))
    except Fault:
        return True
    return False


def test_an_export_holds_and_says_what_was_established(maker: Maker, exported: Files) -> None:
    found: list[str] = []
    lines = list(verify_lineage(exported, maker.against, found.append))
    assert found == []
    assert [line[:2] for line in lines] == [f"{n}." for n in range(1, 6)]
    assert "not complete: DEPTH, HIDDEN" in lines[1]
    assert "asked as STAFF for 市供水公司" in lines[4]


def test_the_manifest_says_what_was_asked_and_names_nobody(exported: Files) -> None:
    said = orjson.loads(exported[MANIFEST])
    assert said["asked"]["of"] == "ds_a"
    assert said["truncatedBecause"] == ["DEPTH", "HIDDEN"]
    assert {*said["hidden"]} == {"rule", "requirement", "reason"}
    named = [path for path, data in exported.items() if re.search(rb"\b(?:pe|ap)_", data)]
    assert [path.rpartition("/")[2] for path in named] == ["body.json"]


def places(data: bytes) -> list[int]:
    """All places of a short file; of a long one some, from its beginning to its end."""
    return list(range(0, len(data), max(1, len(data) // 25)))


def test_a_changed_byte_of_any_file_is_found(maker: Maker, exported: Files) -> None:
    against = maker.against
    for path, data in exported.items():
        for at in places(data):
            changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
            assert is_found({**exported, path: changed}, against), (path, at)


def test_a_missing_file_and_one_too_many_are_found(maker: Maker, exported: Files) -> None:
    for path in exported:
        assert faults({one: data for one, data in exported.items() if one != path}, maker.against), path
    assert faults({**exported, "more.txt": b""}, maker.against)


async def test_parts_of_another_export_are_found(maker: Maker, exported: Files) -> None:
    other = await maker.make(drawn_now())
    assert faults(other, maker.against) == []
    for part in (IN_LOG.fullmatch, re.compile(rf"{SIGNED}/.*").fullmatch, re.compile(MANIFEST).fullmatch):
        mixed = {path: data for path, data in exported.items() if not part(path)}
        mixed |= {path: data for path, data in other.items() if part(path)}
        assert faults(mixed, maker.against)
    assert faults({**exported, **{p: d for p, d in other.items() if IN_LOG.fullmatch(p)}}, maker.against)


def test_other_roots_and_another_log_do_not_do(maker: Maker, exported: Files, tmp_path: Path) -> None:
    against = maker.against
    other = DevelopmentAuthority(tmp_path)
    other.seal()
    for wrong in (
        replace(against, roots=other.root_file.read_bytes()),
        replace(against, timestamp_roots=against.roots),
        replace(against, key=Signer.generate("test.example/log").verifier),
    ):
        assert faults(exported, wrong)


@pytest.mark.parametrize(
    ("actor", "policy", "by"),
    [
        (replace(STAFF, agency="ag_9"), POLICY, None),
        (replace(STAFF, role=Role.HEAD), POLICY, None),
        (STAFF, "1" * 64, None),
        (Actor(ActorKind.PUBLIC), POLICY, None),
        (STAFF, POLICY, AskedBy((Role.PUBLIC,), None)),
        (GATEWAY, POLICY, AskedBy((Role.PUBLIC,), None)),
    ],
)
async def test_who_asked_is_who_the_log_says(maker: Maker, actor: Actor, policy: str, by: AskedBy | None) -> None:
    picture = drawn_now()
    picture = picture if by is None else replace(picture, asked_by=by)
    assert faults(await maker.make(picture, actor, policy), maker.against)


async def test_the_public_can_have_one(maker: Maker) -> None:
    picture = replace(drawn_now(), asked_by=AskedBy((Role.PUBLIC,), None))
    assert faults(await maker.make(picture, Actor(ActorKind.PUBLIC)), maker.against) == []


def test_a_manifest_that_is_written_another_way_is_found(maker: Maker, exported: Files) -> None:
    spaced = orjson.dumps(orjson.loads(exported[MANIFEST]), option=orjson.OPT_INDENT_2)
    assert any("canonical" in one for one in faults({**exported, MANIFEST: spaced}, maker.against))
    newer = canonical({**orjson.loads(exported[MANIFEST]), "v": 2})
    assert faults({**exported, MANIFEST: newer}, maker.against)


@pytest.mark.parametrize("path", [MANIFEST, f"{SIGNED}/signature.p7s"])
@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"null", b"\xff" * 100])
def test_what_is_no_export_is_told_and_never_a_trace(maker: Maker, exported: Files, path: str, data: bytes) -> None:
    assert faults({**exported, path: data}, maker.against)


async def test_the_readmes_commands_hold(maker: Maker, exported: Files, tmp_path: Path) -> None:
    await asyncio.to_thread(check_commands, maker, exported, tmp_path)


def check_commands(maker: Maker, exported: Files, folder: Path) -> None:
    to = folder / "export"
    write_export(exported, to, zipped=False)
    roots = {"ROOTS": str(maker.authority.root_file), "TIME": str(maker.authority.timestamp_root_file)}
    signature, sums, log = re.findall(r"```sh\n(.*?)```", exported["README.md"].decode(), re.DOTALL)
    done = shell(signature, to, **roots)
    assert (done.returncode, "CAdES Verification successful" in done.stderr) == (0, True), done
    assert "Verification: OK" in done.stdout
    assert shell(signature, to, ROOTS=roots["TIME"], TIME=roots["ROOTS"]).returncode
    done = shell(sums, to)
    assert done.returncode == 0, done
    assert done.stdout.count(": OK") == 7
    (to / "lineage.svg").write_bytes(exported["lineage.svg"] + b" ")
    assert shell(sums, to).returncode
    done = shell(log, to, KEY=maker.key)
    assert done.returncode == 0, done
    digest = re.findall(r"[0-9a-f]{64}", done.stdout)
    assert digest[0] == digest[1]


def shell(command: str, inside: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=inside,
        env={"PATH": path, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("zipped", [False, True])
async def test_the_command_checks_folders_and_zip_files(
    maker: Maker, exported: Files, tmp_path: Path, *, zipped: bool
) -> None:
    to = tmp_path / ("export.zip" if zipped else "export")
    write_export(exported, to, zipped=zipped)
    trusted = ["--roots", str(maker.authority.root_file), "--timestamp-roots", str(maker.authority.timestamp_root_file)]
    command = ["lineage", "verify", str(to), *trusted, "--key", maker.key]
    done = await asyncio.to_thread(CliRunner().invoke, build_app(), command)
    assert (done.exit_code, "Everything holds." in done.output) == (0, True), done.output
    changed = {**exported, "lineage.svg": b"<svg/>"}
    wrong = tmp_path / "wrong.zip"
    wrong.write_bytes(to_zip(changed))
    done = await asyncio.to_thread(CliRunner().invoke, build_app(), [*command[:2], str(wrong), *command[3:]])
    assert done.exit_code == 1
    assert "lineage.svg" in done.output
