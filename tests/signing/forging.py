"""Signatures that somebody has worked on, by what CMS leaves open to who has no key."""

import hashlib
from collections.abc import Callable
from typing import Any

from asn1crypto import cms

from gateway.signing import Timestamps


def altered(signature: bytes, alter: Callable[[Any], None]) -> bytes:
    """The signature with its SignedData altered, encoded anew."""
    info = cms.ContentInfo.load(signature)
    body = info["content"].copy()
    alter(body)
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": body}).dump())


def with_unsigned(signature: bytes, attributes: list[dict[str, Any]]) -> bytes:
    """The signature with other unsigned attributes, or none."""

    def alter(body: Any) -> None:
        signer = body["signer_infos"][0]
        fields = {name: signer[name] for name in _SIGNER}
        if attributes:
            fields["unsigned_attrs"] = cms.CMSAttributes([cms.CMSAttribute(entry) for entry in attributes])
        body["signer_infos"] = cms.SignerInfos([cms.SignerInfo(fields)])

    return altered(signature, alter)


def token_attribute(token: bytes) -> dict[str, Any]:
    """The unsigned attribute that holds a timestamp."""
    return {"type": "signature_time_stamp_token", "values": [cms.ContentInfo.load(token)]}


def add_timestamp(signature: bytes, timestamps: Timestamps, value: bytes | None = None) -> bytes:
    """The signature with a timestamp in place of what it had, over its value or over another one."""
    over = value or cms.ContentInfo.load(signature)["content"]["signer_infos"][0]["signature"].native
    return with_unsigned(signature, [token_attribute(timestamps.token(hashlib.sha256(over).digest(), "sha256"))])


_SIGNER = ("version", "sid", "digest_algorithm", "signed_attrs", "signature_algorithm", "signature")
