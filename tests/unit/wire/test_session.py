"""The signalling session: what may come when, and whose echo is whose."""

from hypothesis import given
from hypothesis import strategies as st

from midcall.model.errors import MalformedFrame, TokenMissing
from midcall.wire import frames
from midcall.wire.session import Echoed, Received, Refused, ServerSession

LISTEN = '{"type": "listen", "payload": {"token": "a.b.c"}}'
REJECT = '{"type": "reject", "payload": {"callsid": "CA1"}}'


def nothing() -> None:
    """Bring nothing about."""


def test_listen_is_let_through_first() -> None:
    """The first frame of a device passes before anybody knows who it is."""
    assert ServerSession().receive(LISTEN) == Received(frames.Listen(token="a.b.c"))


def test_nothing_else_is_let_through_before_a_token() -> None:
    """A frame before a good token is refused with 31102, and may come again after one."""
    session = ServerSession()
    refused = session.receive(REJECT)
    assert isinstance(refused, Refused)
    assert isinstance(refused.fault, TokenMissing)
    session.authorized = True
    assert session.receive(REJECT) == Received(frames.Reject(callsid="CA1"))


def test_listen_alone_does_not_authorize() -> None:
    """That a token came does not make it a good one."""
    session = ServerSession()
    session.receive(LISTEN)
    assert isinstance(session.receive(REJECT), Refused)


def test_a_malformed_frame_is_refused_with_what_it_was_about() -> None:
    """A malformed frame is an event like any other, and keeps its address."""
    refused = ServerSession().receive(
        '{"type": "message", "payload": {"callsid": "CA1", "voiceeventsid": "KX1"}}'
    )
    assert isinstance(refused, Refused)
    assert isinstance(refused.fault, MalformedFrame)
    assert (refused.callsid, refused.voiceeventsid) == ("CA1", "KX1")


def test_an_echo_that_nobody_waits_for_is_nothing() -> None:
    """A client that sends heartbeats of its own gets no receipts for it."""
    session = ServerSession()
    assert session.receive("\n") is None
    session.heartbeat(nothing)
    assert session.receive("\n") == Echoed(nothing)
    assert session.receive("\n") is None


def test_a_heartbeat_is_a_line_feed() -> None:
    """The SDK answers this one text and no other."""
    assert ServerSession().heartbeat() == "\n"


@given(st.lists(st.sampled_from(["send", "mark", "echo", "frame", "junk"])))
def test_echoes_bring_back_marks_in_order(doings: list[str]) -> None:
    """However heartbeats, marks, echoes and frames mix, the n-th echo is the n-th heartbeat's."""
    session = ServerSession()
    session.authorized = True
    waiting: list[object] = []
    for index, doing in enumerate(doings):
        match doing:
            case "send":
                session.heartbeat()
                waiting.append(None)
            case "mark":

                def mark(_number: int = index) -> None:
                    """Differ from every other mark."""

                session.heartbeat(mark)
                waiting.append(mark)
            case "echo":
                event = session.receive("\n")
                if waiting:
                    assert isinstance(event, Echoed)
                    assert event.mark is waiting.pop(0)
                else:
                    assert event is None
            case "frame":
                assert isinstance(session.receive(REJECT), Received)
            case "junk":
                assert isinstance(session.receive("junk"), Refused)
