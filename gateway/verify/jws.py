"""The compact form of a signed JWT (RFC 7515), read strictly, and ES256 (RFC 7518), the only algorithm here."""

from base64 import urlsafe_b64encode
from binascii import a2b_base64
from functools import lru_cache
from typing import Any, Final, NamedTuple

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

ALGORITHM: Final = "ES256"
LONGEST: Final = 16_384
"""Characters of the longest token that is looked at."""
_HALF: Final = 32
_ALPHABET: Final = bytes.maketrans(b"-_+/=", b"+/!!!")
"""From base64url to base64, of whose own signs none may stand there."""
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_LAST: Final = (_LETTERS, "", _LETTERS[::16], _LETTERS[::4])
"""What the last letter may be, by how many letters there are beyond the last four."""
_PADDING: Final = (b"", b"===", b"==", b"=")
_ES256: Final = ec.ECDSA(SHA256())


class Parts(NamedTuple):
    """A token taken apart; nothing of it is believed yet."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes


def split(token: str, longest: int = LONGEST) -> Parts:
    """A token's parts.

    Raises:
        ValueError: it is not three base64url segments, of which the first two are JSON objects.
    """
    if len(token) > longest or not token.isascii():
        raise ValueError
    first, second, third = token.split(".")
    # The last letter has bits that stand for nothing; set, they would be another spelling of the same signature.
    if third and third[-1] not in _LAST[len(third) % 4]:
        raise ValueError
    return Parts(_header(first), _object(second), token[: -len(third) - 1].encode(), decode(third))


def _object(segment: str) -> dict[str, Any]:
    found = orjson.loads(decode(segment))
    if not isinstance(found, dict):
        raise ValueError  # noqa: TRY004  # what was given is no JSON object; nobody made a mistake in Python
    return found


@lru_cache(maxsize=64)
def _header(segment: str) -> dict[str, Any]:
    """All tokens of one key have the same header. Nobody changes it."""
    return _object(segment)


def decode(segment: str) -> bytes:
    """Base64url without padding (RFC 7515, section 2).

    Raises:
        ValueError: it is not that.
    """
    return a2b_base64(segment.encode("ascii").translate(_ALPHABET) + _PADDING[len(segment) % 4], strict_mode=True)


def encode(data: bytes) -> str:
    """Base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def is_signed_by(key: ec.EllipticCurvePublicKey, signed: bytes, signature: bytes) -> bool:
    """Whether an ES256 signature is a key's."""
    if len(signature) != 2 * _HALF:
        return False
    r, s = int.from_bytes(signature[:_HALF], "big"), int.from_bytes(signature[_HALF:], "big")
    try:
        key.verify(encode_dss_signature(r, s), signed, _ES256)
    except InvalidSignature:
        return False
    return True
