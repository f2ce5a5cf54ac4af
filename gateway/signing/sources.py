"""Where a signature's timestamp comes from: an authority's address (RFC 3161 over HTTP)."""

import secrets
from typing import ClassVar, Final, Protocol

from asn1crypto import algos, cms, core, tsp

from gateway.settings import check_address
from gateway.signing.asking import Unanswered, ask
from gateway.signing.der import check_der, encoded
from gateway.signing.errors import SignatureRefused, TimestampUnavailable
from gateway.signing.timestamp import read_token

LARGEST: Final = 64 * 1024
"""Bytes of an authority's answer; one with its chain has some 6,000."""
PATIENCE: Final = 15.0
"""Seconds that an authority may take, as a whole."""
_GRANTED: Final = frozenset({"granted", "granted_with_mods"})


class _Answer(core.Sequence):  # type: ignore[misc]
    """A TimeStampResp. asn1crypto's own has no place for one without a token, which is how an authority refuses."""

    _fields: ClassVar = [("status", tsp.PKIStatusInfo), ("time_stamp_token", cms.ContentInfo, {"optional": True})]


class Timestamps(Protocol):
    """Gives timestamps."""

    def token(self, digest: bytes, hash_name: str) -> bytes:
        """A timestamp token (RFC 3161, DER) over this digest, made with the hash of that name.

        Raises:
            TimestampUnavailable: none is to be had.
        """


class HttpTimestamps:
    """A timestamp authority behind an address. It sees a hash of a signature, and nothing of the document."""

    def __init__(self, url: str, *, patience: float = PATIENCE) -> None:
        """Take an address with https, or on this machine.

        Raises:
            TimestampUnavailable: it is another one.
        """
        try:
            self._url = check_address(url)
        except ValueError as problem:
            raise TimestampUnavailable(f"the timestamp authority's address {url!r} {problem}") from None
        self._patience = patience

    def token(self, digest: bytes, hash_name: str) -> bytes:
        """See `Timestamps.token`."""
        imprint = tsp.MessageImprint({
            "hash_algorithm": algos.DigestAlgorithm({"algorithm": hash_name}), "hashed_message": digest,
        })  # fmt: skip
        nonce = secrets.randbits(63) | 1
        asked = tsp.TimeStampReq({"version": 1, "message_imprint": imprint, "nonce": nonce, "cert_req": True})
        try:
            return _read(self._ask(asked.dump()), imprint, nonce)
        except TimestampUnavailable as problem:
            raise TimestampUnavailable(f"no timestamp from {self._url}: {problem}") from None

    def _ask(self, question: bytes) -> bytes:
        try:
            return ask(self._url, question, "application/timestamp-query", LARGEST, self._patience)
        except Unanswered as problem:
            raise TimestampUnavailable(str(problem)) from None


def _read(answer: bytes, imprint: tsp.MessageImprint, nonce: int) -> bytes:
    """The token in an authority's answer, if it answers the question. Whether to trust it is for `verify`."""
    try:
        check_der(answer)
        response = _Answer.load(answer, strict=True)
        status = response["status"]["status"].native
        if status not in _GRANTED:
            raise TimestampUnavailable(f"it refuses: {status}")
        token = encoded(response["time_stamp_token"])
        info = read_token(token).info
        answered, theirs = info["message_imprint"].native, info["nonce"].native
    except TimestampUnavailable:
        raise
    except SignatureRefused as problem:
        raise TimestampUnavailable(problem.message) from None
    except Exception:  # noqa: BLE001 - bytes from elsewhere; the parser has many ways to say that they are nothing
        raise TimestampUnavailable("its answer is not one of a timestamp authority (RFC 3161)") from None
    if theirs != nonce:
        raise TimestampUnavailable("it answers another request (the nonce differs)")
    if answered["hashed_message"] != imprint["hashed_message"].native or (
        answered["hash_algorithm"]["algorithm"] != imprint["hash_algorithm"].native["algorithm"]
    ):
        raise TimestampUnavailable("it stamped something else than it was asked to")
    return token
