import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.delivery.egress import may_reach

EVERYWHERE = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))


@pytest.mark.parametrize(
    "text",
    [
        "8.8.8.8",
        "93.184.216.34",
        "2606:4700::1111",
        "2a00:1450:4001::1",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2002:808:808::1",
    ],
)
def test_public_addresses_may_be_reached(text: str) -> None:
    """Also where they stand inside another address."""
    assert may_reach(ipaddress.ip_address(text))


@pytest.mark.parametrize(
    "text",
    [
        *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "169.254.169.254"),
        *(
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.0.9",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
        ),
        *("198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250"),
        *("240.0.0.1", "255.255.255.255"),
        *("::", "::1", "::2", "::127.0.0.1", "::8.8.8.8", "::ffff:10.0.0.1", "::ffff:0:8.8.8.8"),
        *("64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b:1::1", "100::1"),
        *(
            "2001::1",
            "2001:4:112::1",
            "2001:db8::1",
            "2002:a00:1::",
            "2002:7f00:1::1",
            "3fff::1",
            "5f00::1",
        ),
        *("fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1"),
    ],
)
def test_other_addresses_may_not(text: str) -> None:
    """Private, local, shared, multicast, reserved and documentation addresses are nobody's."""
    assert not may_reach(ipaddress.ip_address(text))


@pytest.mark.parametrize(
    ("text", "network", "reached"),
    [
        ("127.0.0.1", "127.0.0.0/8", True),
        ("::ffff:127.0.0.1", "127.0.0.0/8", True),
        ("10.1.2.3", "10.1.0.0/16", True),
        ("10.2.2.3", "10.1.0.0/16", False),
        ("fd12::1", "fd12::/32", True),
        ("fe80::1%eth0", "fe80::/10", True),
        ("64:ff9b::10.1.2.3", "10.1.0.0/16", False),
        ("2002:a01:203::1", "10.1.0.0/16", False),
    ],
)
def test_what_the_operator_allows_may_be_reached(text: str, network: str, reached: bool) -> None:
    """An allowed network is itself and its IPv4-mapped spelling, not what tunnels into it."""
    allowed = ipaddress.ip_network(network)
    assert may_reach(ipaddress.ip_address(text), (allowed,)) == reached


@given(st.ip_addresses(v=4))
def test_an_address_is_judged_the_same_in_every_spelling(address: ipaddress.IPv4Address) -> None:
    """No translation makes a private address public."""
    number = int(address)
    mapped = ipaddress.IPv6Address((0xFFFF << 32) | number)
    nat64 = ipaddress.IPv6Address((0x0064FF9B << 96) | number)
    six_to_four = ipaddress.IPv6Address((0x2002 << 112) | (number << 80) | 1)
    assert may_reach(mapped) == may_reach(nat64) == may_reach(six_to_four) == may_reach(address)


@given(st.ip_addresses())
def test_an_operator_who_allows_everything_gets_everything(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    """The guard can be opened."""
    assert may_reach(address, EVERYWHERE)
