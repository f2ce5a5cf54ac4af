"""Taking the port before anything slow begins, and saying what to do when it cannot be had."""

import errno
import socket
import time
from typing import Final

from gateway.settings import Settings

PATIENCE: Final = 3.0
"""Seconds to wait for a port in use: workers of a gateway that was killed need a moment to notice."""


class CannotListen(Exception):
    """The address or the port cannot be had; the message says what to do."""


def listen_at(settings: Settings) -> socket.socket:
    """A socket bound to the configured address. Nobody can connect before a server listens on it.

    Raises:
        CannotListen: somebody else has the port, or the address is not one of this machine's.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return _bind(settings.host, settings.port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise CannotListen(_advice(error, settings)) from None
            time.sleep(0.2)


def _bind(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound


def _advice(error: OSError, settings: Settings) -> str:
    place = f"port {settings.port} of {settings.host}"
    if error.errno == errno.EADDRINUSE:
        return f"{place} is in use by another program. Stop that one, or take another port with GATEWAY_PORT."
    if error.errno == errno.EACCES:
        return f"{place} is not for ordinary users. Take one above 1023 with GATEWAY_PORT."
    return f"{settings.host} is not an address of this machine ({error.strerror}). Set GATEWAY_HOST to one that is."
