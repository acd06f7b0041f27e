"""Which edge a host name stands for."""

import pytest

from midcall.gateway.server import edge_of


@pytest.mark.parametrize(
    ("host", "edge"),
    [
        ("voice-js.dublin.twilio.com", "dublin"),
        ("voice-js.dublin.twilio.com:8443", "dublin"),
        ("VOICE-JS.Sao-Paulo.Twilio.COM", "sao-paulo"),
        ("voice-js.roaming.twilio.com", "ashburn"),
        ("localhost:8443", "ashburn"),
        ("[::1]:8443", "ashburn"),
        ("", "ashburn"),
        ("voice-js.a.b.twilio.com", "ashburn"),
        ("voice-js.dublin.twilio.com.example.com", "ashburn"),
        ("evil.example/voice-js.dublin.twilio.com", "ashburn"),
    ],
)
def test_the_edge_is_in_the_host_name(host: str, edge: str) -> None:
    """A device that came by the name of an edge is told that edge, any other the default one."""
    assert edge_of(host) == edge
