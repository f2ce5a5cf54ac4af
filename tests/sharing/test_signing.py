"""Whose signature counts, and when: the person's own, once, over what was prepared, in the office held then."""

from datetime import timedelta

import pytest

from gateway.audit.ledger import Denied
from tests.sharing.city import City


async def refused(city: City, who: str, signing: str, signature: bytes) -> str:
    with pytest.raises(Denied) as denied:
        await city.file(who, signing, signature)
    assert await city.graph.read("MATCH (n:Case|Grant|Document) RETURN count(n)") == 0
    return denied.value.code


async def test_a_signature_of_somebody_else_does_not_count(city: City) -> None:
    prepared = await city.prepare("consumer", city.scope("free", "a"))
    assert await refused(city, "consumer", prepared["signing"], city.sign("provider", prepared["document"])) == (
        "NOT_YOUR_KEY"
    )
    assert await refused(city, "provider", prepared["signing"], city.sign("provider", prepared["document"])) == (
        "NOT_FOUND"
    )


async def test_a_changed_document_or_another_ones_signature_does_not_count(city: City) -> None:
    one = await city.prepare("consumer", city.scope("free", "a"))
    other = await city.prepare("consumer", city.scope("free", "b"))
    signature = city.sign("consumer", other["document"])
    assert (await refused(city, "consumer", one["signing"], signature)).startswith("SIGNATURE_")
    changed = city.sign("consumer", one["document"].replace("SERVICE", "RESEARCH"))
    assert (await refused(city, "consumer", one["signing"], changed)).startswith("SIGNATURE_")
    assert (await refused(city, "consumer", one["signing"], b"")).startswith("SIGNATURE_")
    assert (await refused(city, "consumer", one["signing"], signature[:-1])).startswith("SIGNATURE_")


async def test_a_certificate_that_is_registered_for_nobody_does_not_count(city: City) -> None:
    officer = await city.hire("unregistered")
    await city.graph.run("MATCH (k:Certificate)-[:OF]->({id: $id}) DETACH DELETE k", {"id": officer.subject.id})
    prepared = await city.prepare("unregistered", city.scope("free", "a"))
    signature = city.sign("unregistered", prepared["document"])
    assert await refused(city, "unregistered", prepared["signing"], signature) == "CERTIFICATE_UNKNOWN"


async def test_a_certificate_revoked_between_preparing_and_filing(city: City) -> None:
    officer = await city.hire("revoked")
    prepared = await city.prepare("revoked", city.scope("free", "a"))
    signature = city.sign("revoked", prepared["document"])
    fingerprint = await city.graph.read(
        "MATCH (k:Certificate)-[:OF]->(:Person {id: $id}) RETURN k.fingerprint", {"id": officer.subject.id}
    )
    cause = city.cause(officer.subject)
    await city.registry.revoke(cause, fingerprint, city.now, city.key())
    assert await refused(city, "revoked", prepared["signing"], signature) == "CERTIFICATE_REVOKED"
    (event,) = city.events("certificate.revoked")
    assert event["data"]["fingerprint"] == fingerprint


async def test_what_was_signed_before_the_revocation_counts(city: City) -> None:
    officer = await city.hire("later")
    prepared = await city.prepare("later", city.scope("free", "a"))
    signature = city.sign("later", prepared["document"])
    city.authority.revoke(officer.certificate, city.now + timedelta(minutes=1))
    city.now += timedelta(minutes=2)
    made = await city.file("later", prepared["signing"], signature)
    assert made["grant"] is not None


async def test_a_revocation_by_the_authority_counts_too(city: City) -> None:
    officer = await city.hire("earlier")
    prepared = await city.prepare("earlier", city.scope("free", "a"))
    city.authority.revoke(officer.certificate, city.now - timedelta(minutes=1))
    signature = city.sign("earlier", prepared["document"])
    assert (await refused(city, "earlier", prepared["signing"], signature)).startswith("SIGNATURE_")


async def test_an_appointment_that_ended_before_the_signature(city: City) -> None:
    appointment = (await city.hire("dismissed")).subject.appointment
    prepared = await city.prepare("dismissed", city.scope("free", "a"))
    await city.graph.run(
        "MATCH (h:Appointment {id: $id}) SET h.validTo = '2026-02-09T00:00:00.000Z'", {"id": appointment}
    )
    signature = city.sign("dismissed", prepared["document"])
    assert await refused(city, "dismissed", prepared["signing"], signature) == "NOT_IN_OFFICE"


async def test_a_signature_is_filed_once_and_a_retry_gives_the_same(city: City) -> None:
    prepared = await city.prepare("consumer", city.scope("free", "a"))
    signature = city.sign("consumer", prepared["document"])
    made = await city.file("consumer", prepared["signing"], signature, "the-same-key")
    assert await city.file("consumer", prepared["signing"], signature, "the-same-key") == made
    with pytest.raises(Denied) as replayed:
        await city.file("consumer", prepared["signing"], signature, "another-key")
    assert replayed.value.code == "ALREADY_FILED"
    assert await city.graph.read("MATCH (g:Grant) RETURN count(g)") == 1


async def test_a_document_waits_a_day_for_its_signature(city: City) -> None:
    prepared = await city.prepare("consumer", city.scope("free", "a"))
    city.now += timedelta(days=1, seconds=1)
    signature = city.sign("consumer", prepared["document"])
    assert await refused(city, "consumer", prepared["signing"], signature) == "PREPARATION_EXPIRED"


async def test_a_timestamp_from_before_the_document_was_prepared(city: City) -> None:
    prepared = await city.prepare("consumer", city.scope("free", "a"))
    city.now -= timedelta(hours=1)
    signature = city.sign("consumer", prepared["document"])
    city.now += timedelta(hours=1)
    assert (await refused(city, "consumer", prepared["signing"], signature)).startswith("SIGNATURE_")


async def test_a_certificate_is_one_persons(city: City) -> None:
    cause = city.cause(city.officers["consumer"].subject)
    certificate = city.officers["provider"].certificate
    with pytest.raises(Denied) as denied:
        await city.registry.register(cause, str(city.officers["consumer"].subject.id), certificate, city.key())
    assert denied.value.code == "NOT_YOURS"
    with pytest.raises(Denied) as nobody:
        await city.registry.register(cause, "pe_nobody", certificate, city.key())
    assert nobody.value.code == "NOT_FOUND"
