"""From an Authorization header to a Subject, at the cost of two look-ups in memory when the caller is known."""

import asyncio
import math
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Generic, Protocol, TypeVar

from gateway.identity.errors import InvalidToken
from gateway.identity.person import Lookup
from gateway.identity.subject import PUBLIC, Subject
from gateway.identity.token import Proof, Verifier

TOKEN_CACHE: Final = 60.0
"""Seconds that a verified token is not verified again. It is never believed past its expiry."""
_ENTRIES: Final = 10_000

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Identified:
    """A caller, and when their credentials end, in seconds since the epoch; the public's never do."""

    subject: Subject
    expires: float = math.inf


class Identify(Protocol):
    """Who is at a socket, by the credentials that it was opened with or that are given in it."""

    async def __call__(self, given: str | None, *, again: bool = False) -> Identified:
        """The caller at this moment; `again` when they were identified before, and are no new one to be counted.

        Raises:
            InvalidToken: the credentials are no good, or not any more.
            KeysUnavailable: the issuer's keys cannot be had at the moment.
        """


class _Memory(Generic[K, V]):
    """A bounded mapping whose entries end at a given time; when it is full, the oldest entry goes."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._entries: dict[K, tuple[float, V]] = {}

    def get(self, key: K) -> V | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry[0] <= self._clock():
            self._entries.pop(key, None)
            return None
        return entry[1]

    def put(self, key: K, value: V, until: float) -> None:
        self._entries.pop(key, None)
        if len(self._entries) >= _ENTRIES:
            del self._entries[next(iter(self._entries))]
        self._entries[key] = (until, value)


class Authenticator:
    """Identifies callers. One per process and event loop.

    `appointment_cache` is the number of seconds that an answer of `lookup` is believed: an appointment that ends takes
    effect within it. A refusal is never kept.
    """

    def __init__(
        self,
        verifier: Verifier,
        lookup: Lookup,
        *,
        appointment_cache: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._verifier = verifier
        self._lookup = lookup
        self._appointment_cache = appointment_cache
        self._clock = clock
        self._proofs: _Memory[bytes, Proof] = _Memory(clock)
        self._subjects: _Memory[tuple[str, str, str | None], Subject] = _Memory(clock)
        self._asking: dict[tuple[str, str, str | None], asyncio.Task[Subject]] = {}

    async def subject(self, authorization: str | None) -> Subject:
        """The caller behind an Authorization header; without one, the public.

        Raises:
            InvalidToken: the credentials are no good.
            KeysUnavailable: the issuer's keys cannot be had at the moment.
        """
        return (await self.identified(authorization)).subject

    async def identified(self, authorization: str | None) -> Identified:
        """The same, with when the credentials end."""
        if authorization is None:
            return Identified(PUBLIC)
        scheme, _, token = authorization.partition(" ")
        token = token.strip(" ")
        if scheme.lower() != "bearer" or not token:
            raise InvalidToken("the Authorization header must be: Bearer, a space, a token", presented=False)
        digest = sha256(token.encode("utf-8", "surrogatepass")).digest()
        proof = self._proofs.get(digest)
        if proof is None:
            proof = await self._verifier.verify(token)
            self._proofs.put(digest, proof, min(proof.expires, self._clock() + TOKEN_CACHE))
        key = (proof.iss, proof.sub, proof.appointment)
        return Identified(self._subjects.get(key) or await self._ask(key), proof.expires)

    async def _ask(self, key: tuple[str, str, str | None]) -> Subject:
        """Ask the graph, once for all who want to know the same at the same time."""
        task = self._asking.get(key)
        if task is None:
            task = self._asking[key] = asyncio.create_task(self._resolve(key))
            task.add_done_callback(lambda done: self._answered(key, done))
        # Shielded: one caller hanging up must not fail the others.
        return await asyncio.shield(task)

    def _answered(self, key: tuple[str, str, str | None], done: asyncio.Task[Subject]) -> None:
        self._asking.pop(key, None)
        if not done.cancelled():
            done.exception()  # looked at, so that asyncio does not complain when every caller has hung up

    async def _resolve(self, key: tuple[str, str, str | None]) -> Subject:
        iss, sub, selected = key
        asked = self._clock()
        person = await self._lookup(iss, sub)
        if person is None:
            raise InvalidToken("the token's subject is not known here")
        subject = person.acting(selected)
        self._subjects.put(key, subject, asked + self._appointment_cache)
        return subject
