"""Notices go to addresses of the public internet, whatever an address is written as and whatever it stands for."""

from ipaddress import ip_address

import pytest

from gateway.notices.addresses import is_public, may_receive

PUBLIC = ("1.1.1.1", "114.114.114.114", "223.5.5.5", "2606:4700:4700::1111", "2400:3200::1", "::ffff:1.1.1.1")
NOT_PUBLIC = {
    "this host": ("0.0.0.0", "0.1.2.3", "::"),
    "loopback": ("127.0.0.1", "127.255.255.254", "::1"),
    "private": ("10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1", "fd12:3456::1"),
    "shared by carriers": ("100.64.0.1", "100.127.255.254"),
    "link-local": ("169.254.169.254", "fe80::1", "fe80::1%1"),
    "site-local": ("fec0::1",),
    "multicast": ("224.0.0.1", "233.252.0.1", "239.255.255.255", "ff02::1", "ff0e::1"),
    "reserved": ("240.0.0.1", "255.255.255.255", "4000::1", "5f00::1"),
    "protocols": ("192.0.0.9", "192.0.0.170", "192.88.99.1", "198.18.0.1", "2001:20::1"),
    "documentation": ("192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"),
    "mapped": ("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:100.64.0.1"),
    "compatible": ("::127.0.0.1", "::10.0.0.1", "::1.1.1.1"),
    "NAT64": ("64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::e000:1", "64:ff9b:1::101:101"),
    "6to4": ("2002:7f00:1::", "2002:a00:1::1", "2002:101:101::1"),
    "Teredo": ("2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"),
    "discard": ("100::1",),
}


@pytest.mark.parametrize("text", [*PUBLIC, "64:ff9b::101:101"])
def test_what_is_of_the_public_internet_may_be_told(text: str) -> None:
    assert is_public(ip_address(text))
    assert may_receive(text, loopback=False)


@pytest.mark.parametrize(("why", "text"), [(why, text) for why, some in NOT_PUBLIC.items() for text in some])
def test_what_is_not_may_not(why: str, text: str) -> None:
    assert not may_receive(text, loopback=False), why


def test_for_development_loopback_may_and_nothing_more() -> None:
    assert {text for some in NOT_PUBLIC.values() for text in some if may_receive(text, loopback=True)} == {
        *NOT_PUBLIC["loopback"]
    }
