"""What a signature file carries besides the signature. Nothing about it is established before `verify`."""

from dataclasses import dataclass
from datetime import datetime

from gateway.signing.der import encoded
from gateway.signing.errors import Refusal, SignatureRefused, Step
from gateway.signing.shape import read_signature
from gateway.signing.signed import Signed
from gateway.signing.timestamp import read_token


@dataclass(frozen=True, slots=True)
class Carried:
    """The timestamp, and the certificates."""

    value: bytes
    """The signature value, which the timestamp is over."""
    token: bytes
    """The timestamp (DER)."""
    at: datetime
    """Its time."""
    signer: tuple[bytes, ...]
    """The signer's certificate (DER), and the others that the signature carries."""
    stamping: tuple[bytes, ...]
    """The same of the timestamp authority."""


def read_carried(signature: bytes) -> Carried:
    """What a signature file carries.

    Raises:
        SignatureRefused: it has not the shape that is allowed (steps 1 and 7).
    """
    parts = read_signature(signature)
    try:
        token = read_token(parts.token)
        return Carried(parts.value, parts.token, token.gen_time, _chain(parts.signed), _chain(token.signed))
    except SignatureRefused:
        raise
    except Exception as problem:  # noqa: BLE001 - a stranger's bytes end in a refusal, whatever the parser makes of them
        raise SignatureRefused(Step.TIMESTAMP, Refusal.MALFORMED, f"it cannot be read: {problem}") from None


def _chain(signed: Signed) -> tuple[bytes, ...]:
    return tuple(encoded(one) for one in (signed.certificate, *signed.others))
