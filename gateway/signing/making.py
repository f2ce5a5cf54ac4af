"""Making a signature: detached CAdES with an RFC 3161 timestamp (CAdES-T), put together by pyHanko."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, TypeVar

from asn1crypto import cms, tsp
from asn1crypto import x509 as asn1_x509
from pyhanko.sign import timestamps as hanko_timestamps
from pyhanko.sign.signers import pdf_cms
from pyhanko_certvalidator.registry import SimpleCertificateStore

from gateway.signing.algorithms import Signer, digest, hash_name, to_cms
from gateway.signing.sources import Timestamps

Result = TypeVar("Result")


def sign(document: bytes, signer: Signer, timestamps: Timestamps, *, signing_time: datetime | None = None) -> bytes:
    """A detached signature over a document (DER), which `verify` takes.

    `signing_time` is what the signer claims, by default now; what counts is the timestamp's.

    Raises:
        TimestampUnavailable: no timestamp was to be had.
    """
    attributes = pdf_cms.PdfCMSSignedAttributes(signing_time=signing_time or datetime.now(UTC))
    made = _run(
        _HankoSigner(signer).async_sign(
            digest(signer.algorithm, document),
            hash_name(signer.algorithm),
            use_pades=True,
            is_pdf_sig=False,
            timestamper=_HankoTimestamps(timestamps),
            signed_attr_settings=attributes,
        )
    )
    return bytes(made.dump())


def sign_token(info: tsp.TSTInfo, signer: Signer) -> bytes:
    """A timestamp token that says this (DER), for an authority whose key is at hand."""
    content = cms.EncapsulatedContentInfo({"content_type": "tst_info", "content": cms.ParsableOctetString(info.dump())})
    attributes = pdf_cms.PdfCMSSignedAttributes(signing_time=info["gen_time"].native)
    made = _run(
        _HankoSigner(signer).async_sign(
            digest(signer.algorithm, info.dump()),
            hash_name(signer.algorithm),
            use_pades=True,
            is_pdf_sig=False,
            signed_attr_settings=attributes,
            encap_content_info=content,
        )
    )
    return bytes(made.dump())


class _HankoSigner(pdf_cms.Signer):
    """One of our signers, as pyHanko calls it. The root is left out: who verifies has it from elsewhere."""

    def __init__(self, signer: Signer) -> None:
        chain = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        chain.register_multiple(asn1_x509.Certificate.load(entry) for entry in signer.chain)
        super().__init__(
            signing_cert=asn1_x509.Certificate.load(signer.certificate),
            signature_mechanism=to_cms(signer.algorithm),
            cert_registry=chain,
            embed_roots=False,
        )
        self._signer = signer

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:  # noqa: ARG002
        return self._signer.sign(data)


class _HankoTimestamps(hanko_timestamps.TimeStamper):
    """One of our timestamp sources, as pyHanko calls it."""

    def __init__(self, timestamps: Timestamps) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._timestamps = timestamps

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        return cms.ContentInfo.load(self._timestamps.token(message_digest, md_algorithm))


def _run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run pyHanko's coroutine, which needs an event loop, also where one is running already."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
