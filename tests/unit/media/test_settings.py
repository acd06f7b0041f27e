"""What an operator may set."""

import pytest

from midcall.media.settings import ListenAddress, MediaSettings


def test_addresses_are_read_as_text() -> None:
    """An address stands alone, or in front of the one that is announced instead."""
    assert ListenAddress.parse("10.0.0.5") == ListenAddress("10.0.0.5")
    assert ListenAddress.parse("10.0.0.5 = 203.0.113.5") == ListenAddress("10.0.0.5", "203.0.113.5")
    assert ListenAddress.parse("0.0.0.0=203.0.113.5").announced == "203.0.113.5"


@pytest.mark.parametrize("text", ["localhost", "10.0.0.5=example.com", "0.0.0.0", "::", ""])
def test_addresses_that_cannot_be_told_to_a_device_are_refused(text: str) -> None:
    """Names are no addresses, and everywhere is none that could be announced."""
    with pytest.raises(ValueError):  # noqa: PT011 - the sentences are partly those of ipaddress
        ListenAddress.parse(text)


@pytest.mark.parametrize("port_range", [(0, 10), (2000, 1000), (60_000, 70_000)])
def test_a_port_range_must_have_ports(port_range: tuple[int, int]) -> None:
    """A range that is empty or out of bounds is refused where it is set."""
    with pytest.raises(ValueError, match="port range"):
        MediaSettings(port_range=port_range)
