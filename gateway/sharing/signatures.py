"""Whether a signature is that of the person who acts, in the appointment in which they act (R19); or the gateway's."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from neo4j import AsyncManagedTransaction

from gateway.audit.ledger import Denied
from gateway.graph.times import instant
from gateway.sharing.office import Office
from gateway.signing import Seal, SignatureRefused, Trust, Verified, verify

# Registered for this person and no other; held, and the appointment in force, at the time of the timestamp.
_HELD: Final = """
OPTIONAL MATCH (k:Certificate {fingerprint: $fingerprint})-[:OF]->(p:Person)
OPTIONAL MATCH (p)-[:HOLDS]->(h:Appointment {id: $appointment})
RETURN {person: p.id, registered: k.validFrom <= $time AND $time < k.validTo,
  revoked: k.revokedAt IS NOT NULL AND k.revokedAt <= $time,
  inForce: h.validFrom <= $time AND $time < h.validTo AND h.recordedFrom <= $now AND $now < h.recordedTo}
"""


@dataclass(frozen=True, slots=True)
class Signed:
    """A document's signature, as it was verified."""

    data: bytes
    verified: Verified
    sealed: bool = False
    """Whether it is the gateway's own, of a receipt."""


async def check_signature(
    tx: AsyncManagedTransaction,
    office: Office,
    document: bytes,
    signature: bytes,
    trust: Trust,
    *,
    prepared: datetime,
    now: datetime,
) -> Signed:
    """Verify a signature: first what it shows by itself, then whose it is.

    Raises:
        Denied: `SIGNATURE_…`, by the step that failed; `NOT_YOUR_KEY`; `CERTIFICATE_UNKNOWN`, `CERTIFICATE_REVOKED`;
            `NOT_IN_OFFICE`.
    """
    verified = await _verified(document, signature, trust, prepared, now)
    given = {
        "fingerprint": verified.certificate.fingerprint,
        "appointment": office.appointment,
        "time": instant(verified.gen_time),
        "now": instant(now),
    }
    held: Mapping[str, Any] = (await (await tx.run(_HELD, given)).single(strict=True))[0]
    if held["person"] is None or not held["registered"]:
        text = "this certificate is not registered, or was not at the time of the timestamp; have it registered first"
        raise Denied("CERTIFICATE_UNKNOWN", text, path="signature")
    if held["person"] != office.person["id"]:
        raise Denied("NOT_YOUR_KEY", "this certificate is somebody else's; sign with your own key", path="signature")
    if held["revoked"]:
        raise Denied("CERTIFICATE_REVOKED", "this certificate was revoked before you signed", path="signature")
    if not held["inForce"]:
        text = "the appointment in which you act was not in force at the time of the timestamp"
        raise Denied("NOT_IN_OFFICE", text, path="signature")
    return Signed(signature, verified)


async def check_seal(
    document: bytes, signature: bytes, seal: Seal, trust: Trust, *, prepared: datetime, now: datetime
) -> Signed:
    """Verify the gateway's own signature like any other, and that it is by its own certificate.

    Raises:
        Denied: `SIGNATURE_…`: others could not verify it either, so nothing is signed with it.
    """
    verified = await _verified(document, signature, trust, prepared, now)
    if verified.certificate.fingerprint != hashlib.sha256(seal.signer.certificate).hexdigest():
        raise Denied("NO_SEAL", "the receipt is signed with another certificate than the gateway's")
    return Signed(signature, verified, sealed=True)


async def _verified(document: bytes, signature: bytes, trust: Trust, prepared: datetime, now: datetime) -> Verified:
    try:
        return await asyncio.to_thread(verify, document, signature, trust, prepared_at=prepared, now=now)
    except SignatureRefused as refused:
        raise Denied(f"SIGNATURE_{refused.code}", str(refused), path="signature") from None
