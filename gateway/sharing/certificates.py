"""Whose certificate is whose: registered for one person and a period, and revoked for good (R5.2, R19)."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from neo4j import AsyncManagedTransaction

from gateway.audit.event import About, Cause
from gateway.audit.kinds import CertificateRegistered, CertificateRevoked
from gateway.audit.ledger import Denied, Key, Ledger, Made
from gateway.graph.times import instant

REGISTER: Final = "registerCertificate"
REVOKE: Final = "revokeCertificate"
_REGISTER: Final = """
MATCH (p:Person {id: $person})
MERGE (k:Certificate {fingerprint: $fingerprint})
ON CREATE SET k.der = $der, k.subject = $subject, k.validFrom = $since, k.validTo = $until, k.event = $event
WITH p, k
OPTIONAL MATCH (k)-[:OF]->(other:Person)
FOREACH (_ IN CASE WHEN other IS NULL THEN [1] ELSE [] END | CREATE (k)-[:OF]->(p))
RETURN coalesce(other.id, p.id)
"""
_REVOKE: Final = """
MATCH (k:Certificate {fingerprint: $fingerprint})-[:OF]->(p:Person)
SET k.revokedAt = CASE WHEN k.revokedAt < $since THEN k.revokedAt ELSE $since END
RETURN [p.id, k.revokedAt]
"""


@dataclass(frozen=True, slots=True)
class Registry:
    """The certificates of a graph."""

    ledger: Ledger

    async def register(self, cause: Cause, person: str, certificate: bytes, key: str) -> Mapping[str, Any]:
        """Register a certificate (DER) for a person, from now on as long as it is valid.

        Returns:
            `{fingerprint}`: SHA-256 of the certificate.

        Raises:
            Denied: `NOT_FOUND`: there is no such person; `NOT_YOURS`: it is somebody else's.
            ValueError: it is no certificate.
            LogError: see `Ledger.change`.
        """
        found = x509.load_der_x509_certificate(certificate)
        fingerprint = found.fingerprint(hashes.SHA256()).hex()
        until = instant(found.not_valid_after_utc)
        event = CertificateRegistered(cause=cause, about=About(), person=person, fingerprint=fingerprint, until=until)
        given = {
            "person": person,
            "event": event.id,
            "fingerprint": fingerprint,
            "der": b64encode(certificate).decode(),
            "subject": found.subject.rfc4514_string(),
            "since": instant(found.not_valid_before_utc),
            "until": until,
        }

        async def work(tx: AsyncManagedTransaction) -> Made:
            record = await (await tx.run(_REGISTER, given)).single()
            if record is None:
                raise Denied("NOT_FOUND", f"there is no person {person!r:.60}", path="person", target=person)
            if record[0] != person:
                raise Denied("NOT_YOURS", "this certificate is registered for somebody else", path="certificate")
            return Made({"fingerprint": fingerprint}, {fingerprint: [event]})

        return await self.ledger.change(Key(person, REGISTER, key, {"fingerprint": fingerprint}), cause, work)

    async def revoke(self, cause: Cause, fingerprint: str, since: datetime, key: str) -> Mapping[str, Any]:
        """Revoke a certificate from an instant on; what was signed before stays signed. An earlier instant stays.

        Returns:
            `{fingerprint}`.

        Raises:
            Denied: `NOT_FOUND`.
            LogError: see `Ledger.change`.
        """

        async def work(tx: AsyncManagedTransaction) -> Made:
            record = await (await tx.run(_REVOKE, {"fingerprint": fingerprint, "since": instant(since)})).single()
            if record is None:
                text = f"no certificate {fingerprint!r:.80} is registered"
                raise Denied("NOT_FOUND", text, path="fingerprint", target=fingerprint)
            person, revoked = record[0]
            event = CertificateRevoked(
                cause=cause, about=About(), person=person, fingerprint=fingerprint, since=revoked
            )
            return Made({"fingerprint": fingerprint}, {fingerprint: [event]})

        asked = {"fingerprint": fingerprint, "since": instant(since)}
        return await self.ledger.change(Key("", REVOKE, key, asked), cause, work)
