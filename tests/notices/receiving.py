"""A receiver as an agency runs one: a real HTTPS server on loopback, that a test lets fail, wait and go away."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Self

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

NAME = "agency.example"
Answer = Callable[[dict[str, Any]], Awaitable[Response] | Response]


@dataclass(frozen=True)
class Certificates:
    """An authority of receivers, and files with what one of them needs."""

    root: Path
    chain: Path
    key: Path

    @classmethod
    def made(cls, folder: Path, name: str = NAME) -> "Certificates":
        authority, root = _certificate("an authority", None)
        key, leaf = _certificate(name, (authority, root))
        found = cls(folder / "root.pem", folder / "chain.pem", folder / "key.pem")
        found.root.write_bytes(root.public_bytes(Encoding.PEM))
        found.chain.write_bytes(leaf.public_bytes(Encoding.PEM))
        found.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return found


def _certificate(
    name: str, by: tuple[ec.EllipticCurvePrivateKey, x509.Certificate] | None
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer, issuer = (by[0], by[1].subject) if by else (key, subject)
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(ip_address("127.0.0.1"))])
    usage = x509.KeyUsage(*(by is None if one in (5, 6) else one == 0 for one in range(9)))
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    made = (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(identifier, critical=False)
    )
    if by:
        made = made.add_extension(names, critical=False)
    return key, made.sign(signer, hashes.SHA256())


@dataclass(frozen=True)
class Received:
    """What came with one request."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def said(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def event(self) -> str:
        return str(self.said["data"]["event"])


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the test runner's."""
        yield


class Receiver:
    """One receiver: `answer` is what it answers to what it is told, unless it has an application of its own."""

    def __init__(self, certificates: Certificates, *, host: str = "127.0.0.1", app: ASGIApp | None = None) -> None:
        self._certificates = certificates
        self._host = host
        self._app = app or self._take
        self.port = 0
        self.answer: Answer = lambda _: Response(status_code=204)
        self.requests: list[Received] = []

    @property
    def url(self) -> str:
        return f"https://{NAME}:{self.port}/notices/secret"

    @property
    def events(self) -> list[str]:
        """The events that it was told of, in the order of the requests."""
        return [one.event for one in self.requests]

    async def __aenter__(self) -> Self:
        """Listen, on the same port as before."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self._host, self.port))
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            self._app,
            log_config=None,
            access_log=False,
            interface="asgi3",
            ws="none",
            lifespan="off",
            timeout_graceful_shutdown=1,
            ssl_certfile=self._certificates.chain,
            ssl_keyfile=self._certificates.key,
        )
        self._server, self._listener = _Server(config), listener
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]))
        while not self._server.started:
            assert not self._task.done(), self._task.exception()
            await asyncio.sleep(0.01)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.should_exit = True
        await self._task
        self._listener.close()

    async def _take(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        taken = Received(dict(request.headers), await request.body())
        self.requests.append(taken)
        answer = self.answer(taken.said)
        await (answer if isinstance(answer, Response) else await answer)(scope, receive, send)
