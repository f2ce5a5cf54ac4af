"""Signatures that somebody has worked on, by what CMS leaves open to who has no key."""

import hashlib
from collections.abc import Callable

from asn1crypto import cms

from gateway.signing import Signer, Timestamps, making
from tests.signing.trees import Node, parse

UNSIGNED = 0xA1
CERTIFICATES = 3
"""Where in a SignedData they are."""


def altered(signature: bytes, alter: Callable[[list[Node]], None]) -> bytes:
    """The signature with the parts of its SignedData altered."""
    tree = parse(signature)
    alter(inside(inside(inside(tree)[1])[0]))
    return tree.encode()


def with_unsigned(signature: bytes, *attributes: Node) -> bytes:
    """The signature with other unsigned attributes, or none."""

    def alter(body: list[Node]) -> None:
        signer = inside(inside(body[-1])[0])
        if signer[-1].tag == UNSIGNED:
            del signer[-1]
        if attributes:
            signer.append(Node(UNSIGNED, list(attributes)))

    return altered(signature, alter)


def attribute(name: str, *values: bytes) -> Node:
    """An attribute with these values."""
    return Node(0x30, [parse(cms.CMSAttributeType(name).dump()), Node(0x31, [parse(value) for value in values])])


def timestamp(*tokens: bytes) -> Node:
    """The unsigned attribute that holds a timestamp."""
    return attribute("signature_time_stamp_token", *tokens)


def add_timestamp(signature: bytes, timestamps: Timestamps, value: bytes | None = None) -> bytes:
    """The signature with a timestamp in place of what it had, over its value or over another one."""
    over = value or cms.ContentInfo.load(signature)["content"]["signer_infos"][0]["signature"].native
    return with_unsigned(signature, timestamp(timestamps.token(hashlib.sha256(over).digest(), "sha256")))


def inside(node: Node) -> list[Node]:
    """The values within a value."""
    assert isinstance(node.content, list)
    return node.content


def signed_over(attributes: list[bytes], signer: Signer, timestamps: Timestamps) -> bytes:
    """A signature of somebody who signs whatever attributes they like."""
    value = signer.sign(making._set(attributes))
    token = timestamps.token(hashlib.sha256(value).digest(), "sha256")
    info = making._signer_info(attributes, value, [timestamp(token).encode()], signer)
    return making._signed_data(1, making._sequence(cms.ContentType("data").dump()), info, signer)
