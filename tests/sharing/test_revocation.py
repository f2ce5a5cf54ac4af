"""A responder (OCSP) is asked before a signature counts: what it says is kept, and without it nothing happens."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from cryptography import x509

from gateway.audit.ledger import Denied
from gateway.audit.log import LogFolder
from gateway.rules import day_of
from gateway.sharing.evidence import collect_case, verify_case
from gateway.sharing.filing import Filing
from gateway.signing import Responders
from tests.sharing.city import City, Officer
from tests.sharing.test_evidence import against
from tests.signing.ocsp import Index, responding

_TOUCH = "MATCH (n:Preparation|Person|Appointment) SET n.locked = true REMOVE n.locked RETURN count(n)"
_MADE = "MATCH (n:Case|Grant|Document|Signature) RETURN count(n)"


class Desk:
    """An officer whose certificate is valid now, by the machine's clock, which is the responder's too."""

    def __init__(self, city: City, index: Index) -> None:
        self.city = city
        self.index = index
        self.name = f"asked-{city.key()}"
        self.certificate = b""
        self.filing = city.filing

    async def open(self) -> "Desk":
        city = self.city
        city.now = datetime.now(UTC)
        officer = await city.hire(self.name)
        issued = city.authority.issue(self.name, not_before=city.now - timedelta(days=1))
        await city.registry.register(
            city.cause(officer.subject), str(officer.subject.id), issued.certificate, city.key()
        )
        city.officers[self.name] = Officer(officer.subject, issued.p12, issued.certificate)
        self.certificate = issued.certificate
        self.index.knows(self.loaded)
        return self

    @property
    def loaded(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(self.certificate)

    def asking(self, address: str) -> None:
        """Take filings as a gateway does that trusts no list, but this responder."""
        trust = replace(self.city.authority.trust(), revocation_lists=())
        self.filing = Filing(
            self.city.ledger,
            self.city.filing.rules,
            lambda: trust,
            self.city.filing.seal,
            lambda: self.city.now,
            Responders(address, patience=2),
        )

    async def prepared(self) -> tuple[str, bytes]:
        today: date = day_of(self.city.now)
        scope = self.city.scope("free", "a", since=today, until=today + timedelta(days=30))
        prepared = await self.city.prepare(self.name, scope)
        return prepared["signing"], self.city.sign(self.name, prepared["document"])

    async def file(self, signing: str, signature: bytes, key: str | None = None) -> dict[str, Any]:
        subject = self.city.officers[self.name].subject
        table, cause = self.city.policy.table_for(subject.profile), self.city.cause(subject)
        return dict(await self.filing.file(subject, table, cause, signing, signature, key or self.city.key()))

    async def refused(self, signing: str, signature: bytes) -> str:
        with pytest.raises(Denied) as denied:
            await self.file(signing, signature)
        assert await self.city.graph.read(_MADE) == 0
        assert await self.city.graph.read("MATCH (p:Preparation {id: $id}) RETURN count(p)", {"id": signing}) == 1
        assert [one["data"]["code"] for one in self.city.events("change.refused")][-1] == denied.value.code
        return denied.value.code


@pytest.fixture
async def desk(city: City, tmp_path: Path) -> Desk:
    return await Desk(city, Index(tmp_path / "index", city.authority._authority("root"))).open()


async def test_a_good_answer_counts_is_kept_and_is_evidence(city: City, desk: Desk) -> None:
    loop = asyncio.get_running_loop()
    touched: list[int] = []

    def answer(question: bytes) -> bytes:
        """Whoever would hold a lock while it asks would let this wait for good."""
        work = asyncio.run_coroutine_threadsafe(city.graph.run(_TOUCH, timeout=5), loop)
        touched.append(work.result(10))
        return desk.index.answer(question)

    signing, signature = await desk.prepared()
    with responding(answer) as url:
        desk.asking(url)
        made = await desk.file(signing, signature, "again-and-again")
    assert touched
    assert await desk.file(signing, signature, "again-and-again") == made, "the responder is gone, and it was made"
    files = await collect_case(city.graph, LogFolder(city.state), made["case"])
    (known,) = orjson.loads(files["01-DECLARE/revocation.json"])
    assert known.endswith(".ocsp")
    lines = list(verify_case(files, against(city), pytest.fail))
    assert "not revoked then" in lines[2]
    path = f"revocation/{known}"
    found: list[str] = []
    list(verify_case({**files, path: files[path][:-1] + b"x"}, against(city), found.append))
    assert any("another SHA-256" in one for one in found)


async def test_what_is_no_good_answer_changes_nothing(city: City, desk: Desk) -> None:
    signing, signature = await desk.prepared()
    with responding(desk.index.answer) as url:
        desk.asking(url)
        desk.index.knows(desk.loaded, city.now - timedelta(hours=1))
        assert await desk.refused(signing, signature) == "SIGNATURE_REVOKED"
        desk.index.delegate(city.authority._authority("timestamp-root"))
        assert await desk.refused(signing, signature) == "REVOCATION_UNAVAILABLE"
        root = city.authority._authority("root")
        desk.index.signed_by(root.certificate, root.key)
        desk.index.knows(desk.loaded)
        city.now += timedelta(hours=1)
        assert await desk.refused(signing, signature) == "REVOCATION_UNAVAILABLE"
        city.now -= timedelta(hours=1)
    assert await desk.refused(signing, signature) == "REVOCATION_UNAVAILABLE"
    with pytest.raises(Denied, match="Nothing was changed; try again"):
        await desk.file(signing, signature)
    with responding(desk.index.answer) as url:
        desk.asking(url)
        assert (await desk.file(signing, signature))["grant"]


async def test_whom_the_responder_does_not_know_is_refused(desk: Desk, tmp_path: Path) -> None:
    signing, signature = await desk.prepared()
    nobody = Index(tmp_path / "empty", desk.city.authority._authority("root"))
    with responding(nobody.answer) as url:
        desk.asking(url)
        assert await desk.refused(signing, signature) == "SIGNATURE_REVOCATION_UNKNOWN"


async def test_nothing_is_asked_in_the_name_of_who_has_no_office(city: City, desk: Desk) -> None:
    signing, signature = await desk.prepared()

    def never(question: bytes) -> bytes:
        raise AssertionError(question)

    with responding(never) as url:
        desk.asking(url)
        subject = replace(city.officers[desk.name].subject, appointment=None)
        table = city.policy.table_for(subject.profile)
        with pytest.raises(Denied) as denied:
            await desk.filing.file(subject, table, city.cause(subject), signing, signature, city.key())
    assert denied.value.code == "OTHER_APPOINTMENT"
