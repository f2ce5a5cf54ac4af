"""Making a signature: detached CAdES with an RFC 3161 timestamp (CAdES-T), put together from encoded parts.

Not by pyHanko: what it builds is encoded by asn1crypto as a whole, which does so again for each level of nesting, and
takes a length that happens to end in 0x80 for an indefinite one. One signature in some hundreds took 7 to 18 seconds.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from asn1crypto import cms, core, parser, tsp
from cryptography import x509

from gateway.signing.algorithms import Signer, digest, hash_name, to_cms
from gateway.signing.sources import Timestamps

_SEQUENCE: Final = 16
_SET: Final = 17
_UNIVERSAL: Final = 0
_CONTEXT: Final = 2


def sign(document: bytes, signer: Signer, timestamps: Timestamps, *, signing_time: datetime | None = None) -> bytes:
    """A detached signature over a document (DER), which `verify` takes.

    `signing_time` is what the signer claims, by default now; what counts is the timestamp's.

    Raises:
        TimestampUnavailable: no timestamp was to be had.
    """
    attributes = _signed_attributes("data", document, signer, signing_time or datetime.now(UTC))
    value = signer.sign(_set(attributes))
    token = timestamps.token(digest(signer.algorithm, value), hash_name(signer.algorithm))
    unsigned = [_attribute("signature_time_stamp_token", token)]
    content = _sequence(cms.ContentType("data").dump())
    return _signed_data(1, content, _signer_info(attributes, value, unsigned, signer), signer)


def sign_token(info: tsp.TSTInfo, signer: Signer) -> bytes:
    """A timestamp token that says this (DER), for an authority whose key is at hand."""
    stamped = bytes(info.dump())
    attributes = _signed_attributes("tst_info", stamped, signer, info["gen_time"].native)
    content = _sequence(cms.ContentType("tst_info").dump(), _tagged(0, core.OctetString(stamped).dump()))
    return _signed_data(3, content, _signer_info(attributes, signer.sign(_set(attributes)), [], signer), signer)


def _signed_attributes(content_type: str, content: bytes, signer: Signer, signing_time: datetime) -> list[bytes]:
    """What is signed: the content's digest, whose signature it is, and when the signer says that it is made."""
    # RFC 5035: the certificate's SHA-256, which is the default and so not said, with its issuer and number.
    issuer, number = _issuer_and_number(signer.certificate)
    names = _sequence(_tagged(4, issuer))
    named = core.OctetString(hashlib.sha256(signer.certificate).digest()).dump()
    identifier = _sequence(named, _sequence(names, number))
    return [
        _attribute("content_type", cms.ContentType(content_type).dump()),
        _attribute("message_digest", core.OctetString(digest(signer.algorithm, content)).dump()),
        _attribute("signing_time", core.UTCTime(signing_time.astimezone(UTC).replace(microsecond=0)).dump()),
        _attribute("signing_certificate_v2", _sequence(_sequence(identifier))),
    ]


def _signer_info(attributes: list[bytes], value: bytes, unsigned: list[bytes], signer: Signer) -> bytes:
    return _sequence(
        core.Integer(1).dump(),
        _sequence(*_issuer_and_number(signer.certificate)),
        _digest_algorithm(signer),
        _tagged(0, _sorted(attributes)),
        to_cms(signer.algorithm).dump(),
        core.OctetString(value).dump(),
        _tagged(1, _sorted(unsigned)) if unsigned else b"",
    )


def _signed_data(version: int, content: bytes, signer_info: bytes, signer: Signer) -> bytes:
    """The whole, with the certificates but for the root: who verifies has that one from elsewhere."""
    chain = [entry for entry in signer.chain if not _is_root(entry) and entry != signer.certificate]
    body = _sequence(
        core.Integer(version).dump(),
        _set([_digest_algorithm(signer)]),
        content,
        _tagged(0, _sorted([signer.certificate, *chain])),
        _set([signer_info]),
    )
    return _sequence(cms.ContentType("signed_data").dump(), _tagged(0, body))


def _issuer_and_number(certificate: bytes) -> tuple[bytes, bytes]:
    found = x509.load_der_x509_certificate(certificate)
    return found.issuer.public_bytes(), core.Integer(found.serial_number).dump()


def _is_root(certificate: bytes) -> bool:
    found = x509.load_der_x509_certificate(certificate)
    return found.issuer == found.subject


def _digest_algorithm(signer: Signer) -> bytes:
    return bytes(cms.DigestAlgorithm({"algorithm": hash_name(signer.algorithm)}).dump())


def _attribute(name: str, value: bytes) -> bytes:
    return _sequence(cms.CMSAttributeType(name).dump(), _set([value]))


def _sequence(*parts: bytes) -> bytes:
    return bytes(parser.emit(_UNIVERSAL, 1, _SEQUENCE, b"".join(parts)))


def _set(parts: Iterable[bytes]) -> bytes:
    return bytes(parser.emit(_UNIVERSAL, 1, _SET, _sorted(parts)))


def _sorted(parts: Iterable[bytes]) -> bytes:
    """The parts of a set in the order of DER."""
    return b"".join(sorted(parts))


def _tagged(tag: int, content: bytes) -> bytes:
    return bytes(parser.emit(_CONTEXT, 1, tag, content))
