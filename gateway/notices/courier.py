"""One attempt to deliver a notice: the name resolved once, a connection to that address, one request, one status.

Nothing of the answer but its status is read. A connection is for one attempt: a pool would keep it by the address,
under which another name may live, and its certificate would not be looked at again.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import httpx

from gateway.notices.addresses import BadAddress, check_url, may_receive

LIMIT: Final = 10.0
"""Seconds that one attempt takes, whatever the receiver does."""
_CONNECT: Final = 3.0
_PORT: Final = 443
_RESOLVERS: Final = 8

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


_names: Final = ThreadPoolExecutor(_RESOLVERS, "webhook-names")
"""Threads of their own: a resolver that does not answer must not take those that others need."""


async def _resolved(host: str, port: int) -> list[str]:
    def ask() -> list[str]:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
        return list(dict.fromkeys(str(address[0]) for *_, address in found))

    return await asyncio.get_running_loop().run_in_executor(_names, ask)


class Failure(StrEnum):
    """Why an attempt failed."""

    ADDRESS = "ADDRESS"
    """It leads to an address where no notice may go."""
    NAME = "NAME"
    """The name cannot be resolved."""
    CONNECTION = "CONNECTION"
    """No connection, or it broke before there was an answer."""
    TLS = "TLS"
    """The certificate is not trusted, or not of this host."""
    TIMEOUT = "TIMEOUT"
    """No answer in time."""
    STATUS = "STATUS"
    """The answer was not of the kind 2xx; redirects are not followed."""


@dataclass(frozen=True, slots=True)
class Courier:
    """Delivers to whom it may."""

    trust: ssl.SSLContext
    loopback: bool = False
    resolve: Resolve = _resolved
    """How names are resolved."""
    limit: float = LIMIT

    async def deliver(self, address: str, headers: Mapping[str, str], body: bytes) -> Failure | None:
        """Send once. None when the receiver has taken it."""
        try:
            async with asyncio.timeout(self.limit):
                return await self._attempt(address, headers, body)
        except TimeoutError:
            return Failure.TIMEOUT

    async def _attempt(self, address: str, headers: Mapping[str, str], body: bytes) -> Failure | None:
        try:
            url = check_url(address, loopback=self.loopback)
        except BadAddress:
            return Failure.ADDRESS
        try:
            found = await self.resolve(url.host, url.port or _PORT)
        except (OSError, UnicodeError):
            return Failure.NAME
        # Of several, one that is not public is enough: whoever answers for the name is not honest.
        if not found or not all(may_receive(one, loopback=self.loopback) for one in found):
            return Failure.ADDRESS
        return await self._send(url, found, headers, body)

    async def _send(
        self, url: httpx.URL, addresses: Sequence[str], headers: Mapping[str, str], body: bytes
    ) -> Failure | None:
        said = {
            **headers,
            "host": url.netloc.decode("ascii"),
            "content-type": "application/json",
            "user-agent": "public-data-gateway",
        }
        failure = Failure.CONNECTION
        for address in addresses:
            try:
                # `sni_hostname` is also whom the certificate has to name.
                async with (
                    httpx.AsyncClient(
                        verify=self.trust,
                        trust_env=False,
                        follow_redirects=False,
                        timeout=httpx.Timeout(self.limit, connect=_CONNECT),
                    ) as client,
                    client.stream(
                        "POST",
                        url.copy_with(host=address),
                        content=body,
                        headers=said,
                        extensions={"sni_hostname": url.raw_host.decode("ascii")},
                    ) as response,
                ):
                    return None if response.is_success else Failure.STATUS
            except (httpx.ConnectError, httpx.ConnectTimeout) as problem:  # nothing was sent: the next one may answer
                failure = _reason(problem)
            except httpx.TransportError as problem:
                return _reason(problem)
        return failure


def receivers_trust(roots: Path | None) -> ssl.SSLContext:
    """Whose certificates of receivers are trusted: the public authorities', and those in a file (PEM).

    Raises:
        ValueError: the file cannot be used.
    """
    context = httpx.create_ssl_context(trust_env=False)
    if roots is not None:
        try:
            context.load_verify_locations(cafile=roots.expanduser())
        except OSError as problem:  # ssl.SSLError is one
            raise ValueError(f"{roots} cannot be read as certificates (PEM): {problem.strerror or problem}") from None
    return context


def _reason(problem: httpx.TransportError) -> Failure:
    if isinstance(problem, httpx.TimeoutException):
        return Failure.TIMEOUT
    cause: BaseException | None = problem
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return Failure.TLS
        cause = cause.__cause__ or cause.__context__
    return Failure.CONNECTION
