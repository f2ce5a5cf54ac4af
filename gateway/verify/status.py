"""The status of grants, as a Token Status List says it (draft-ietf-oauth-status-list): signed, and for a while only."""

import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from gateway.verify.errors import Reason, Refused
from gateway.verify.fetching import Unavailable, fetch
from gateway.verify.jws import ALGORITHM, decode, is_signed_by, split
from gateway.verify.keys import Keys

TYPE: Final = "statuslist+jwt"
BITS: Final = 2
"""Bits of each entry."""
SIZE: Final = 2**20
"""Entries of a list."""
BOUND: Final = 300
"""Seconds after which a list is stale. A revocation is known everywhere within them."""
STEP: Final = 12
"""Of the checks of a token, the one that is about this."""
_PER_BYTE: Final = 8 // BITS
_LONGEST: Final = 1_000_000


class Status(IntEnum):
    """What an entry says of a grant."""

    VALID = 0
    INVALID = 1
    SUSPENDED = 2


@dataclass(frozen=True, slots=True)
class StatusList:
    """A list that was verified."""

    entries: bytes
    refresh: float
    """When there is a newer one, in seconds since the epoch."""
    expires: float
    """From when on it counts no more."""

    def at(self, index: int) -> int:
        """The entry at an index.

        Raises:
            IndexError: the list has none.
        """
        byte, place = divmod(index, _PER_BYTE)
        return self.entries[byte] >> (place * BITS) & (2**BITS - 1)


def read_list(token: str, url: str, keys: Keys, now: float, skew: float) -> StatusList:
    """A list from its signed form.

    Raises:
        ValueError: it is none, not of this address, or not signed by the issuer.
        Unavailable: the issuer's keys cannot be had.
    """
    parts = split(token, _LONGEST)
    header, claims = parts.header, parts.claims
    if header.get("typ") != TYPE or header.get("alg") != ALGORITHM or "crit" in header:
        raise ValueError("it is no status list of ours")
    key = keys.find(str(header.get("kid")))
    if key is None or not is_signed_by(key, parts.signed, parts.signature):
        raise ValueError("it is not signed by the issuer")
    held, issued, expires, ttl = (claims.get(name) for name in ("status_list", "iat", "exp", "ttl"))
    if claims.get("sub") != url or not isinstance(held, dict) or held.get("bits") != BITS:
        raise ValueError("it is another list")
    if not all(isinstance(one, int) for one in (issued, expires, ttl)):
        raise ValueError("it does not say for how long it holds")
    assert isinstance(issued, int) and isinstance(expires, int) and isinstance(ttl, int)  # noqa: PT018  # for mypy
    if issued > now + skew:
        raise ValueError("it is from the future")
    inflating = zlib.decompressobj()
    try:
        entries = inflating.decompress(decode(held.get("lst", "")), SIZE // _PER_BYTE + 1)
    except zlib.error:
        raise ValueError("its entries cannot be read") from None
    if len(entries) != SIZE // _PER_BYTE:
        raise ValueError("it has another length than it should")
    until = min(expires, issued + BOUND, now + BOUND)
    return StatusList(entries, min(issued + ttl, until), until)


class PublishedStatus:
    """Lists at their addresses, below one that the verifier names; kept for as long as they count."""

    def __init__(
        self,
        below: str,
        keys: Keys,
        *,
        skew: float = 0.0,
        clock: Callable[[], float] = time.time,
        fetch: Callable[[str], bytes] = fetch,
    ) -> None:
        """Take from where lists are believed.

        Args:
            below: how their addresses begin.
            keys: the issuer's.
            skew: by how many seconds the issuer's clock may be off.
            clock: the time, in seconds since the epoch.
            fetch: gets one; raises `Unavailable` where it cannot.
        """
        self._below = below
        self._fetch = fetch
        self._keys = keys
        self._skew = skew
        self._clock = clock
        self._lists: dict[str, StatusList] = {}
        self._tried: dict[str, float] = {}

    def check(self, entry: Mapping[str, Any]) -> None:
        """Whether the grant at an entry counts.

        Raises:
            Refused: it does not, or nobody can say so now.
        """
        index, url = entry.get("idx"), entry.get("uri")
        if not isinstance(index, int) or not isinstance(url, str) or not url.startswith(self._below):
            raise Refused(STEP, Reason.STATUS_UNAVAILABLE, "the token names no status list of its issuer")
        held = self._list(url)
        status = held.at(index) if 0 <= index < SIZE else Status.INVALID
        if status == Status.SUSPENDED:
            raise Refused(STEP, Reason.SUSPENDED, "the grant is suspended")
        if status != Status.VALID:
            raise Refused(STEP, Reason.REVOKED, "the grant was revoked")

    def _list(self, url: str) -> StatusList:
        now, held = self._clock(), self._lists.get(url)
        if held is not None and now < held.refresh:
            return held
        problem = "it was asked for a moment ago"
        if now - self._tried.get(url, -BOUND) >= 1.0:
            self._tried[url] = now
            try:
                held = read_list(self._fetch(url).decode("ascii"), url, self._keys, now, self._skew)
                self._lists[url] = held
            except (Unavailable, ValueError) as found:
                problem = str(found)
        if held is None:
            raise Refused(STEP, Reason.STATUS_UNAVAILABLE, f"the status list cannot be had: {problem}")
        if now >= held.expires:
            text = f"the newest status list that can be had is older than {BOUND} seconds: {problem}"
            raise Refused(STEP, Reason.STATUS_STALE, text)
        return held
