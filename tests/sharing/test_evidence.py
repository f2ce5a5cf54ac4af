"""An exported case holds by itself, openssl agrees, a changed byte of any of it is found, and nobody else is named."""

import asyncio
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from cryptography import x509

from gateway.audit.event import canonical
from gateway.audit.index import Index
from gateway.audit.kinds import CertificateRegistered
from gateway.audit.log import LogFolder
from gateway.audit.tlog import Signer, Verifier
from gateway.policy.store import PolicyStore
from gateway.sharing.acts import Dropped
from gateway.sharing.evidence import Against, NoSuchCase, Viewer, collect_case, layout, verify_case
from gateway.sharing.evidence.layout import CASE, DOCUMENT, KNOWN, SIGNATURE, UNPROVEN
from gateway.sharing.words import Act
from gateway.signing import DevelopmentAuthority
from tests.sharing.city import BASIS, POLICIES, City, answer, on_grant
from tests.sharing.test_procedures import field
from tests.support.waiting import eventually

Files = dict[str, bytes]
ACTS = ["01-APPLY", "02-APPROVE_PARTLY", "03-SUSPEND", "04-RESUME", "05-REVOKE"]


class Fault(Exception):
    """The first thing that does not hold."""


def against(city: City, *lists: bytes) -> Against:
    key = Verifier.parse((LogFolder(city.state).public / "key").read_text())
    roots, time = city.authority.root_file.read_bytes(), city.authority.timestamp_root_file.read_bytes()
    return Against(roots, time, key, lists)


def faults(files: Mapping[str, bytes], trusted: Against) -> list[str]:
    found: list[str] = []
    list(verify_case(files, trusted, found.append))
    return found


def is_found(files: Mapping[str, bytes], trusted: Against) -> bool:
    """Whether anything does not hold; looks no further than the first."""

    def found(fault: str) -> None:
        raise Fault(fault)

    try:
        list(verify_case(files, trusted, found))
    except Fault:
        return True
    return False


async def collected(city: City, case: str, viewer: Viewer | None = None) -> Files:
    return await collect_case(city.graph, LogFolder(city.state), case, viewer)


@pytest.fixture(scope="module")
async def exported(founded: City, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Files]:
    """A case that was granted in part under another policy, whose grant was suspended, resumed and revoked."""
    city = founded
    await city.renew()
    case = await city.applied("open", "asked", "also")
    dropped = (Dropped(field("also"), "超出职责", BASIS),)
    folder = tmp_path_factory.mktemp("policy") / "policies"
    shutil.copytree(POLICIES, folder)
    with (folder / "policy.csv").open("a") as file:
        file.write("# another day, another policy\n")
    before, city.policy = city.policy, PolicyStore(folder)
    grant = ""
    for who, act in (("provider", None), ("center", Act.SUSPEND), ("center", Act.RESUME), ("provider2", Act.REVOKE)):
        city.now += timedelta(minutes=1)
        if act is None:
            grant = (await city.act(who, answer(case, Act.APPROVE_PARTLY, dropped=dropped)))["grant"]
        else:
            await city.act(who, on_grant(grant, act, (await city.grant(grant))["version"]))
    yield await collected(city, case)
    city.policy = before


async def test_an_exported_case_holds_and_says_what_was_established(founded: City, exported: Files) -> None:
    found: list[str] = []
    lines = list(verify_case(exported, against(founded), found.append))
    assert found == []
    assert [line.partition(" ")[0] for line in lines] == [
        f"{n}." for n in (1, 2, 3, 3, 3, 3, 3, 4, 5, 6, 7, 7, 8, 9, 10, 11)
    ]
    assert lines[1].startswith("2. 10 events are in the log that test.example/log signs")
    assert [line.split()[1] for line in lines[2:7]] == [f"{act}:" for act in ACTS]
    assert "CN=consumer" in lines[2]
    assert all("not revoked then" in line for line in lines[2:7])
    assert "counts again" in lines[-3]
    assert not any("word" in line for line in lines)


async def test_both_policies_are_there_as_they_were(founded: City, exported: Files) -> None:
    named = [orjson.loads(exported[f"{act}/{DOCUMENT}"])["policy"] for act in ACTS]
    assert len(set(named)) == 2
    for digest in named:
        stated = orjson.loads(exported[f"policies/{digest}/classes.json"])
        assert stated["classes"]["CC"] == {"open": "CONDITIONAL", "sensitivity": [], "share": "CONDITIONAL"}
        fetch = [one for one in stated["allowed"] if (one["role"], one["action"]) == ("OFFICER", "FETCH")]
        table = founded.policy.table_for(founded.officers["consumer"].subject.profile)
        for one in fetch:
            assert one["classes"] == sorted(table.allowed(one["action"], frozenset(one["relations"])))
        assert any("GRANTED" in one["relations"] for one in fetch)


def commands(readme: bytes) -> list[str]:
    """The blocks of shell commands in a README, literally."""
    return re.findall(r"```sh\n(.*?)```", readme.decode(), re.DOTALL)


def shell(command: str, inside: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=inside,
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=False,
    )


async def test_the_readmes_commands_hold(founded: City, exported: Files, tmp_path: Path) -> None:
    await asyncio.to_thread(check_commands, founded, exported, tmp_path)


def check_commands(city: City, exported: Files, folder: Path) -> None:
    for path, data in exported.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    signature, policy = commands(exported["README.md"])
    roots = {"ROOTS": str(city.authority.root_file), "TIME": str(city.authority.timestamp_root_file)}
    for act in ACTS:
        done = shell(signature, folder / act, **roots)
        assert (done.returncode, "CAdES Verification successful" in done.stderr) == (0, True), done
        assert "Verification: OK" in done.stdout
        swapped = {"ROOTS": roots["TIME"], "TIME": roots["ROOTS"]}
        assert shell(signature, folder / act, **swapped).returncode != 0
        for name in (layout.SIGNER_CHAIN, layout.TIMESTAMP_CHAIN):
            assert x509.load_pem_x509_certificates((folder / act / name).read_bytes())
    (folder / ACTS[0] / DOCUMENT).write_bytes(exported[f"{ACTS[0]}/{DOCUMENT}"].replace(b"SERVICE", b"SERVICF"))
    assert shell(signature, folder / ACTS[0], **roots).returncode != 0
    for inside in (folder / "policies").iterdir():
        assert shell(policy, inside).stdout.split()[0] == inside.name
    (inside,) = (folder / "revocation").glob("*.crl")
    told = shell(f"openssl crl -inform DER -noout -text -in {inside.name}", inside.parent)
    assert "Demonstration City Officers" in told.stdout
    (line,) = re.findall(r"^ {4}(cat .* \| sha256sum)$", exported["log/README.md"].decode(), re.MULTILINE)
    for event in (folder / "log" / "events").iterdir():
        commit = orjson.loads((event / "leaf.json").read_bytes())["commit"]
        assert shell(line, event).stdout.split()[0] == commit


def changed(files: Mapping[str, bytes], path: str, at: int) -> Files:
    raw = files[path]
    return {**files, path: raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]}


async def test_any_changed_byte_of_a_document_or_a_signature_is_found(founded: City, exported: Files) -> None:  # R19
    trusted = against(founded)
    for name in (DOCUMENT, SIGNATURE):
        path = f"02-APPROVE_PARTLY/{name}"
        for at in range(0, len(exported[path]), max(1, len(exported[path]) // 40)):
            assert is_found(changed(exported, path, at), trusted), (path, at)


async def test_any_changed_byte_of_any_other_file_is_found(founded: City, exported: Files) -> None:
    trusted = against(founded)
    one = {re.sub(r"[0-9a-f]{64}|ev_\w+|^0\d-[A-Z_]+", "*", path): path for path in sorted(exported)}
    assert len(one) == 25, "a file of every kind"
    for path in one.values():
        size = len(exported[path])
        found = [is_found(changed(exported, path, at), trusted) for at in {0, size // 3, size // 2, size - 1}]
        assert set(found) == {path not in UNPROVEN}, path


async def test_every_file_counts(founded: City, exported: Files) -> None:
    trusted = against(founded)
    optional = {path for path in exported if path.startswith("dataset/")} | UNPROVEN
    one = {re.sub(r"[0-9a-f]{64}|ev_\w+|^0\d-[A-Z_]+", "*", path): path for path in sorted(exported)}
    for path in {*one.values()} - {layout.DEADLINE}:
        without = {name: data for name, data in exported.items() if name != path}
        assert is_found(without, trusted) == (path not in optional), path
    assert any("no export has such a file" in fault for fault in faults({**exported, "more.txt": b""}, trusted))
    stray = {**exported, f"revocation/{hashlib.sha256(b'').hexdigest()}.crl": b""}
    assert any("no signature was checked by it" in fault for fault in faults(stray, trusted))


async def test_what_is_left_out_or_widened_is_found(founded: City, exported: Files) -> None:
    trusted = against(founded)

    def without(prefix: str) -> Files:
        return {path: data for path, data in exported.items() if not path.startswith(prefix)}

    assert any("that is not here" in one for one in faults(without("03-SUSPEND/"), trusted))
    (event,) = (path for path, data in exported.items() if path.endswith("body.json") and b'"act":"APPLY"' in data)
    unlogged = faults(without(event.removesuffix("body.json")), trusted)
    assert any("no event of the log states" in one for one in unlogged)
    assert any("was not possible" in one for one in unlogged)
    bare = {
        path: data
        for path, data in exported.items()
        if path != event and path != event.replace("body.json", "salt.bin")
    }
    assert any("no event of the log states" in one for one in faults(bare, trusted))
    case = orjson.loads(exported[CASE])
    case["grants"][0]["scope"]["purpose"] = "RESEARCH"
    assert any("not what was signed" in one for one in faults({**exported, CASE: canonical(case)}, trusted))
    for name, value in (("state", "REFUSED"), ("consumer", "ag_x"), ("more", 1)):
        told = {**orjson.loads(exported[CASE]), name: value}
        held = faults({**exported, CASE: canonical(told)}, trusted)
        assert held == ([] if name == "more" else [f"case.json: {name} is not what follows"])
    lines = list(verify_case({**exported, CASE: canonical({**case, "more": 1})}, trusted, lambda _: None))
    assert "10. of the case, the gateway's word are: more" in lines
    other = Against(trusted.roots, trusted.timestamp_roots, Signer.generate("x").verifier)
    assert faults(exported, other)


async def test_a_deadline_that_counts_otherwise_is_found(founded: City, exported: Files) -> None:
    trusted = against(founded)
    said = orjson.loads(exported[layout.DEADLINE])
    for name, value in (("dueAt", "2026-03-05T15:59:59.999Z"), ("startedOn", "2026-02-12"), ("duty", "UPDATE_ENTRY")):
        assert faults({**exported, layout.DEADLINE: canonical({**said, name: value})}, trusted), name
    said["clocks"][0]["counted"].pop()
    assert faults({**exported, layout.DEADLINE: canonical(said)}, trusted) == [
        "deadline.json: counted again, it is another one"
    ]
    elsewhere = {**said, "calendar": "0" * 64}
    lines = list(verify_case({**exported, layout.DEADLINE: canonical(elsewhere)}, trusted, lambda _: None))
    assert any("by which days is the gateway's word" in line for line in lines)


async def test_roots_of_others_establish_nothing(founded: City, exported: Files, tmp_path: Path) -> None:
    other = DevelopmentAuthority(tmp_path / "elsewhere")
    trusted = against(founded)
    roots = Against(other.root_file.read_bytes(), trusted.timestamp_roots, trusted.key)
    assert sum("the signature does not count" in one for one in faults(exported, roots)) == 5
    time = Against(trusted.roots, other.timestamp_root_file.read_bytes(), trusted.key)
    assert sum("the signature does not count" in one for one in faults(exported, time)) == 5


async def test_what_was_known_of_revocations_at_signing_is_kept_and_newer_lists_are_the_verifiers(city: City) -> None:
    officer = await city.hire("early")
    case = (await city.act("early", city.scope("free", "a")))["case"]
    city.authority.revoke(officer.certificate, city.now + timedelta(hours=1))
    city.now += timedelta(hours=2)
    files = await collected(city, case)
    (listed,) = orjson.loads(files[f"01-DECLARE/{KNOWN}"])
    assert not list(x509.load_der_x509_crl(files[f"revocation/{listed}"])), "as it was, and not as it is"
    assert faults(files, against(city)) == []
    assert faults(files, against(city, *city.authority.revocation_lists().values())) == []
    city.authority.revoke(officer.certificate, city.now - timedelta(hours=3))
    (found,) = (
        one for one in faults(files, against(city, *city.authority.revocation_lists().values())) if "revoked" in one
    )
    assert "01-DECLARE: the signature does not count: step 4" in found
    assert await city.graph.read("MATCH (k:RevocationData) RETURN count(k)") >= 1


async def test_persons_who_signed_nothing_are_shown_to_their_own_side_alone(city: City) -> None:
    other = (await city.hire("colleague")).subject
    case = await city.applied("open", "asked")
    city.now += timedelta(minutes=1)
    await city.filing.withdraw(other, city.cause(other), case, 1, city.key())
    whole = await collected(city, case)
    water, power = city.officers["provider"].subject.agency, city.officers["consumer"].subject.agency
    assert water is not None
    assert power is not None
    provider, consumer = (
        await collected(city, case, Viewer(frozenset({water}))),
        await collected(city, case, Viewer(frozenset({power}))),
    )
    named = [any(str(other.id).encode() in data for data in files.values()) for files in (whole, provider, consumer)]
    assert named == [True, False, True]
    assert [any(path.startswith("dataset/") for path in files) for files in (whole, provider, consumer)] == [
        True, True, False,
    ]  # fmt: skip
    overseer = await collected(
        city, case, Viewer(frozenset({"ag_elsewhere"}), ((await city.case(case))["providerJurisdiction"],))
    )
    assert any(path.startswith("dataset/") for path in overseer)
    lines = list(verify_case(provider, against(city), pytest.fail))
    assert "1 of them without saying what happened" in lines[1]
    assert "10. of the case, the gateway's word are: grants, state, version" in lines
    assert faults(consumer, against(city)) == []
    policy = city.policy.current.digest
    bare = {path: data for path, data in whole.items() if not path.startswith(f"policies/{policy}")}
    assert f"the policy {policy} that a document names is not here" in faults(bare, against(city))
    assert b"Nothing was left out" in whole["README.md"]
    assert b"Nothing was left out" not in provider["README.md"]


async def test_whose_certificate_it_was_is_proven_or_said_not_to_be(city: City) -> None:
    await city.hire("old")
    (registered,) = [
        one
        for one in city.events("certificate.registered")
        if one["actor"]["person"] == city.officers["old"].subject.id
    ]
    case = (await city.act("old", city.scope("free", "a")))["case"]
    files = await collected(city, case)
    assert f"log/events/{registered['id']}/body.json" in files
    await city.graph.run(
        "MATCH (k:Certificate)-[:OF]->({id: $id}) REMOVE k.event", {"id": city.officers["old"].subject.id}
    )
    lines = list(verify_case(await collected(city, case), against(city), pytest.fail))
    assert any("whose certificates signed 01-DECLARE is the gateway's word" in line for line in lines)
    data, other = registered["data"], str(city.officers["consumer"].subject.id)
    for person in (other, data["person"]):  # somebody else's, and registered for the right one, but too late
        late = CertificateRegistered(
            cause=city.cause(city.officers["old"].subject),
            person=person,
            fingerprint=data["fingerprint"],
            until=data["until"],
        )
        await city.ledger.recorder.record(late)
        given = {"fingerprint": data["fingerprint"], "event": late.id}
        await city.graph.run("MATCH (k:Certificate {fingerprint: $fingerprint}) SET k.event = $event", given)
        index = Index(LogFolder(city.state).index)
        await eventually(lambda index=index, late=late: index.find(late.id) is not None)  # type: ignore[misc]
        found = faults(await collected(city, case), against(city))
        assert found == ["01-DECLARE: its certificate is not registered for who signed, or was later"]


async def test_what_is_no_case_is_not_exported(city: City) -> None:
    for name in ("cs_nothing", "../../etc", "", f"cs_{'a' * 26}"):
        with pytest.raises(NoSuchCase):
            await collected(city, name)
