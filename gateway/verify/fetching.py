"""Fetching the small documents that an issuer publishes."""

import ipaddress
from typing import Final
from urllib.parse import urlsplit

import httpx

_MOST: Final = 1_000_000
_SECONDS: Final = 5.0


class Unavailable(Exception):
    """A document cannot be had at the moment; the message says why."""


def fetch(url: str) -> bytes:
    """A document: over https, or from this machine itself; no redirects, at most a megabyte.

    Raises:
        Unavailable: it cannot be had.
    """
    if not _is_safe(url):
        raise Unavailable("the address must begin with https://, or lead to this machine")
    try:
        with httpx.stream("GET", url, timeout=_SECONDS, follow_redirects=False, trust_env=False) as answer:
            if answer.status_code != httpx.codes.OK:
                raise Unavailable(f"it answers {answer.status_code}")
            data = b""
            for piece in answer.iter_bytes():
                data += piece
                if len(data) > _MOST:
                    raise Unavailable(f"it is longer than {_MOST} bytes")
            return data
    except httpx.HTTPError as problem:
        raise Unavailable(str(problem) or type(problem).__name__) from None


def _is_safe(url: str) -> bool:
    parts = urlsplit(url)
    if parts.scheme == "https":
        return True
    host = parts.hostname or ""
    try:
        return parts.scheme == "http" and (host == "localhost" or ipaddress.ip_address(host).is_loopback)
    except ValueError:
        return False
