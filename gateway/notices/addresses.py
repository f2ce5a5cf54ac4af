"""Where notices may go: https, and after the name is resolved only to addresses of the public internet.

What a name leads to is asked once per attempt, and the connection goes to exactly the address that was judged here: a
name that says something else a moment later changes nothing.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

import httpx

_LONGEST: Final = 2_000
_NAT64: Final = ip_network("64:ff9b::/96")
_GLOBAL_UNICAST: Final = ip_network("2000::/3")
_NEVER: Final = tuple(
    map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
)
"""Of what Python takes for global: protocol assignments, tunnels to other addresses (6to4, Teredo), documentation."""


class BadAddress(ValueError):
    """No notice can be sent there; the message says why."""


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is of the public internet: global and unicast, also where it stands for another."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in _NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
        if address not in _GLOBAL_UNICAST:
            return False
    special = address.is_multicast or address.is_reserved or any(address in network for network in _NEVER)
    return address.is_global and not special


def may_receive(text: str, *, loopback: bool) -> bool:
    """Whether a notice may go to an address; `loopback` for development only."""
    address = ip_address(text)
    return is_public(address) or (loopback and address.is_loopback)


def check_url(text: str, *, loopback: bool) -> httpx.URL:
    """An address as an agency registers it.

    Raises:
        BadAddress: it is none to which notices can go.
    """
    if len(text) > _LONGEST:
        raise BadAddress(f"the address has {len(text)} characters; at most {_LONGEST} are taken")
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as problem:
        raise BadAddress(
            f"this is not an address ({problem}); it looks like https://agency.example.org/notices"
        ) from None
    if url.scheme != "https" or not url.host:
        raise BadAddress("the address has to begin with https:// and a host, like https://agency.example.org/notices")
    if url.userinfo or url.fragment:
        raise BadAddress(
            "the address has a user name, a password or a fragment (#…), which are not sent; leave them out"
        )
    try:
        allowed = may_receive(url.host, loopback=loopback)
    except ValueError:
        return url  # a name, which is judged by what it leads to, each time
    if not allowed:
        raise BadAddress(f"{url.host} is not an address of the public internet")
    return url
