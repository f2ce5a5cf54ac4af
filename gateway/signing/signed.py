"""One signer's part of a CMS SignedData, taken apart: what document signatures and timestamp tokens have in common."""

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from asn1crypto import cms, core, parser
from asn1crypto import x509 as asn1_x509
from cryptography import x509

from gateway.signing.algorithms import VERIFIERS, SignatureAlgorithm, digest, from_cms
from gateway.signing.der import encoded
from gateway.signing.errors import Refusal, SignatureRefused, Step

MOST_CERTIFICATES: Final = 6
"""In one SignedData. Trying paths through crossed certificates is exponential in their number."""

_READ: Final = frozenset({
    "content_type", "message_digest", "signing_certificate", "signing_certificate_v2", "signature_time_stamp_token",
})  # fmt: skip
"""Attributes whose values are read. Of others only the name counts: what they hold may be unknown to the parser."""


@dataclass(frozen=True, slots=True)
class Signed:
    """The one signer of a SignedData, with everything that it carries."""

    content_type: str
    content: bytes | None
    algorithm: SignatureAlgorithm
    certificate: asn1_x509.Certificate
    others: tuple[asn1_x509.Certificate, ...]
    signed: dict[str, Any]
    unsigned: dict[str, Any]
    covered: bytes
    value: bytes

    @property
    def loaded(self) -> x509.Certificate:
        """The signer's certificate, as `cryptography` reads it."""
        return x509.load_der_x509_certificate(encoded(self.certificate))


def take_apart(data: bytes, step: Step) -> Signed:
    """The one signer of a CMS SignedData, checked for its shape alone.

    Raises:
        SignatureRefused: it is not a SignedData, or has not exactly one signer whose certificate is there.
        Exception: whatever the parser finds wrong; the caller says what that means.
    """
    info = cms.ContentInfo.load(data, strict=True)
    if info["content_type"].native != "signed_data":
        raise SignatureRefused(step, Refusal.MALFORMED, "it is not a CMS SignedData")
    body = info["content"]
    signers = body["signer_infos"]
    if len(signers) != 1:
        raise SignatureRefused(step, Refusal.NOT_ONE_SIGNER, f"it has {len(signers)} signers; exactly one is expected")
    signer = signers[0]
    holder, others = _certificates(body["certificates"], signer["sid"], step)
    inner = body["encap_content_info"]
    content = inner["content"]
    algorithm = _algorithm(body["digest_algorithms"], signer, step)
    return Signed(
        content_type=inner["content_type"].native,
        content=None if isinstance(content, core.Void) else bytes(content),
        algorithm=algorithm,
        certificate=holder,
        others=others,
        signed=_attributes(signer["signed_attrs"], step),
        unsigned=_attributes(signer["unsigned_attrs"], step),
        # In the file they are an implicitly tagged field; what is signed is the same bytes as a SET (RFC 5652, 5.4).
        covered=bytes(parser.emit(0, 1, cms.CMSAttributes.tag, signer["signed_attrs"].contents)),
        value=signer["signature"].native,
    )


def check_signature(signed: Signed, content: bytes, step: Step) -> None:
    """Steps 2 and 7: the digest is the content's, and the signature is the certificate's key's.

    Raises:
        SignatureRefused: one of both is not so.
    """
    if signed.signed["content_type"] != signed.content_type:
        raise SignatureRefused(step, Refusal.MALFORMED, "the signed content type is not that of the content")
    if signed.signed["message_digest"] != digest(signed.algorithm, content):
        what = "document" if step is Step.SIGNATURE else "content of the timestamp"
        raise SignatureRefused(step, Refusal.DOCUMENT_DIFFERS, f"the {what} is not the one that was signed")
    verifier, key = VERIFIERS[signed.algorithm], signed.loaded.public_key()
    if not verifier.accepts(key):
        raise SignatureRefused(
            step, Refusal.ALGORITHM_NOT_ALLOWED, f"the certificate's key is not one for {signed.algorithm.value}"
        )
    if not verifier.verify(key, signed.covered, signed.value):
        raise SignatureRefused(step, Refusal.SIGNATURE_WRONG, "the signature was not made with the certificate's key")


def names_certificate(identifiers: Any, certificate: asn1_x509.Certificate, *, default: str) -> bool:
    """Steps 6 and 7: whether an attribute (RFC 5035) names this certificate, and no other."""
    entries = identifiers["certs"]
    if len(entries) != 1:
        return False
    entry = entries[0]
    # The older attribute of timestamp authorities has no algorithm: it is SHA-1's.
    name = entry["hash_algorithm"]["algorithm"].native if "hash_algorithm" in entry.native else default
    if name not in {"sha1", "sha256", "sha384", "sha512"} or (name == "sha1" and default != "sha1"):
        return False
    serial = entry["issuer_serial"]
    if serial.native is not None:
        names = [general.chosen for general in serial["issuer"] if general.name == "directory_name"]
        if serial["serial_number"].native != certificate.serial_number or names != [certificate.issuer]:
            return False
    return bool(entry["cert_hash"].native == hashlib.new(name, encoded(certificate)).digest())


def _attributes(attributes: Any, step: Step) -> dict[str, Any]:
    """The names of all attributes, with the one value of each that is read: a structure as it is, or Python's."""
    found: dict[str, Any] = {}
    for attribute in attributes if isinstance(attributes, cms.CMSAttributes) else ():
        name = attribute["type"].native
        if name in found or (name in _READ and len(attribute["values"]) != 1):
            raise SignatureRefused(step, Refusal.ATTRIBUTE_NOT_ALLOWED, f"the attribute {name} is there more than once")
        value = attribute["values"][0] if name in _READ else None
        found[name] = value if isinstance(value, core.Sequence | None) else value.native
    return found


def _certificates(
    entries: Any, sid: Any, step: Step
) -> tuple[asn1_x509.Certificate, tuple[asn1_x509.Certificate, ...]]:
    """The signer's certificate, and the others."""
    found = [entry.chosen for entry in entries] if isinstance(entries, cms.CertificateSet) else []
    if not all(isinstance(entry, asn1_x509.Certificate) for entry in found):
        raise SignatureRefused(step, Refusal.SHAPE_NOT_ALLOWED, "it carries something else than X.509 certificates")
    if len(found) > MOST_CERTIFICATES:
        raise SignatureRefused(
            step, Refusal.SHAPE_NOT_ALLOWED, f"it carries {len(found)} certificates; {MOST_CERTIFICATES} are allowed"
        )
    mine = [certificate for certificate in found if _is_named(certificate, sid)]
    if len(mine) != 1:
        raise SignatureRefused(
            step, Refusal.CERTIFICATE_MISSING, f"it carries {len(mine)} certificates of its signer; one is expected"
        )
    return mine[0], tuple(certificate for certificate in found if certificate is not mine[0])


def _is_named(certificate: asn1_x509.Certificate, sid: Any) -> bool:
    if sid.name == "issuer_and_serial_number":
        chosen = sid.chosen
        return bool(
            certificate.issuer == chosen["issuer"] and certificate.serial_number == chosen["serial_number"].native
        )
    return bool(certificate.key_identifier is not None and certificate.key_identifier == sid.chosen.native)


def _algorithm(listed: Any, signer: Any, step: Step) -> SignatureAlgorithm:
    name = signer["digest_algorithm"]["algorithm"].native
    algorithm = from_cms(signer["signature_algorithm"], name)
    if algorithm is None or [entry["algorithm"].native for entry in listed] != [name]:
        raise SignatureRefused(
            step,
            Refusal.ALGORITHM_NOT_ALLOWED,
            f"{signer['signature_algorithm']['algorithm'].native} with {name} is not allowed; "
            f"{', '.join(SignatureAlgorithm)} are",
        )
    return algorithm
