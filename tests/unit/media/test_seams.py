"""The places in aiortc and aioice that this room builds on and that are private by name.

When one of these fails after an upgrade, read ``midcall.media.dtls`` and ``midcall.media.ice``.
"""

import inspect

from aioice import Connection
from aioice.ice import StunProtocol
from aiortc import RTCCertificate, RTCDtlsTransport, RTCIceGatherer, RTCIceTransport


def parameters(function: object) -> list[str]:
    """Return the names of a function's parameters."""
    assert callable(function)
    return list(inspect.signature(function).parameters)


def test_decrypted_packets_pass_through_two_methods() -> None:
    """Aiortc hands RTP and RTCP to these methods of its DTLS transport."""
    assert parameters(RTCDtlsTransport._handle_rtp_data) == ["self", "data", "arrival_time_ms"]
    assert parameters(RTCDtlsTransport._handle_rtcp_data) == ["self", "data"]
    source = inspect.getsource(RTCDtlsTransport._recv_next)
    assert "self._handle_rtp_data(" in source
    assert "self._handle_rtcp_data(" in source


def test_packets_are_encrypted_by_one_method() -> None:
    """RTP and RTCP leave through the same method of the DTLS transport."""
    assert parameters(RTCDtlsTransport._send_rtp) == ["self", "data"]
    assert inspect.iscoroutinefunction(RTCDtlsTransport._send_rtp)


async def test_the_ice_connection_is_taken_from_the_gatherer() -> None:
    """A transport uses the connection that its gatherer holds when it is made."""
    gatherer = RTCIceGatherer(iceServers=[])
    gatherer._connection = connection = Connection(ice_controlling=False)
    transport = RTCIceTransport(gatherer)
    assert transport._connection is connection
    assert gatherer.getLocalParameters().usernameFragment == connection.local_username


async def test_the_dtls_role_and_reader_have_their_names() -> None:
    """The role is set before the start, and the reading task is kept under its name."""
    gatherer = RTCIceGatherer(iceServers=[])
    dtls = RTCDtlsTransport(RTCIceTransport(gatherer), [RTCCertificate.generateCertificate()])
    dtls._set_role("server")
    assert dtls._role == "server"
    assert dtls._task is None


async def test_a_connection_has_a_queue_and_its_sockets_in_a_list() -> None:
    """Aioice closes the protocols in its list, and queues what is not STUN."""
    connection = Connection(ice_controlling=False)
    assert connection._protocols == []
    connection.data_received(b"\x80", 1)
    assert connection._queue.qsize() == 1
    assert connection._closing is False
    assert parameters(Connection.get_component_candidates)[1:3] == ["component", "addresses"]
    assert parameters(StunProtocol.__init__) == ["self", "receiver"]
