"""The client's end of a session: which echo is due when, and what is no event."""

from hypothesis import given
from hypothesis import strategies as st

from midcall.wire import frames
from midcall.wire.client_session import Came, ClientSession, Unread

READY = frames.serialize(frames.Ready())


def came(session: ClientSession) -> Came:
    """Have a frame come."""
    event = session.receive(READY)
    assert isinstance(event, Came)
    return event


def test_a_heartbeat_with_nothing_before_it_is_echoed_at_once() -> None:
    """An echo is a line feed, as the heartbeat is, and is returned once."""
    session = ClientSession()
    assert session.receive("\n") is None
    assert session.echoes() == ["\n"]
    assert session.echoes() == []


def test_an_echo_waits_for_what_came_before_its_heartbeat() -> None:
    """The echo is due when the frame before it was dispatched, and no sooner."""
    session = ClientSession()
    before = came(session)
    session.receive("\n")
    after = came(session)
    session.dispatched(after.receipt)
    assert session.echoes() == []
    session.dispatched(before.receipt)
    assert session.echoes() == ["\n"]


def test_what_was_dispatched_twice_counts_once() -> None:
    """A receipt that comes again, late or of nothing at all, brings no echo about."""
    session = ClientSession()
    first, second = came(session), came(session)
    session.receive("\n")
    session.dispatched(first.receipt)
    session.dispatched(first.receipt)
    session.dispatched(99)
    assert session.echoes() == []
    session.dispatched(second.receipt)
    assert session.echoes() == ["\n"]
    session.dispatched(second.receipt)
    session.receive("\n")
    assert session.echoes() == ["\n"]


def test_a_frame_is_given_as_what_the_server_wrote() -> None:
    """What one end serializes the other end parses."""
    sent = frames.Ack(callsid="CA1", voiceeventsid="KX1", acktype="message")
    assert ClientSession().receive(frames.serialize(sent)) == Came(sent, 0)


def test_an_unknown_type_is_read_over() -> None:
    """A server that has learnt more disturbs nobody, and holds back no echo."""
    session = ClientSession()
    assert session.receive('{"type": "presence", "payload": {"x": 1}}') is None
    session.receive("\n")
    assert session.echoes() == ["\n"]


def test_what_is_no_frame_is_told_without_its_content() -> None:
    """A reason never quotes what came."""
    session = ClientSession()
    for text in ("secret", '{"type": "ack", "payload": {"callsid": "secret", "acktype": 1}}'):
        event = session.receive(text)
        assert isinstance(event, Unread)
        assert "secret" not in event.reason


@given(st.lists(st.sampled_from(["frame", "beat", "first", "last", "echoes"]), max_size=60))
def test_no_echo_overtakes_what_it_stands_for(doings: list[str]) -> None:
    """However frames, heartbeats and receipts mix, an echo is out exactly when all before is in."""
    session = ClientSession()
    script: list[int | None] = []
    open_receipts: list[int] = []
    echoed = 0
    for doing in [*doings, "echoes"]:
        match doing:
            case "frame":
                receipt = came(session).receipt
                script.append(receipt)
                open_receipts.append(receipt)
            case "beat":
                session.receive("\n")
                script.append(None)
            case "first" | "last" if open_receipts:
                session.dispatched(open_receipts.pop(0 if doing == "first" else -1))
            case "echoes":
                echoed += len(session.echoes())
                until = min(map(script.index, open_receipts), default=len(script))
                assert echoed == script[:until].count(None)
