"""What the signalling leaves of itself, and how much of it."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from midcall.core.ports import AddTrace, Change
from midcall.gateway import tracing
from midcall.gateway.tracing import CALL_RATE, GATHER_SECONDS, WAITING, Tracing, trace_of
from midcall.model.errors import CallNotFound
from midcall.model.families import SessionId
from midcall.model.sids import CallSid
from midcall.model.traces import Trace, TraceKind
from midcall.wire import frames
from tests.unit.gateway.node import AT, CALL, FIRST, OTHER_CALL, OURS, SECOND, Site, device

SECRET = "confidential"


class Desk:
    """Traces on their way, with the writing and the time in a test's hand."""

    def __init__(self) -> None:
        self.now = AT
        self.written: list[Sequence[Change]] = []
        self.later: list[tuple[float, Callable[[], None]]] = []
        self.tracing = Tracing(
            record=self.written.append,
            later=lambda seconds, call: self.later.append((seconds, call)),
            clock=self._clock,
        )

    def _clock(self) -> datetime:
        return self.now

    def note(self, number: int, call: CallSid = CALL) -> Trace:
        """Note something."""
        trace = Trace(
            account_sid=OURS, call_sid=call, at=self.now, kind=TraceKind.SENT, name=str(number)
        )
        self.tracing.note(trace)
        return trace

    def gather(self) -> list[str]:
        """Let the time pass for which traces are gathered; return what was written then."""
        before = len(self.written)
        due, self.later = self.later, []
        for seconds, call in due:
            assert seconds == GATHER_SECONDS
            call()
        return [
            change.trace.name
            for batch in self.written[before:]
            for change in batch
            if isinstance(change, AddTrace)
        ]


def test_traces_of_a_moment_are_written_together() -> None:
    """In their order, in one commit; and then again those of the next moment."""
    desk = Desk()
    for number in range(3):
        desk.note(number)
    assert desk.written == []
    assert desk.gather() == ["0", "1", "2"]
    assert len(desk.written) == 1
    assert desk.gather() == []
    desk.note(3)
    assert desk.gather() == ["3"]


def test_a_call_that_causes_too_many_causes_no_more() -> None:
    """Another call still does, and the same one after a while."""
    desk = Desk()
    for number in range(CALL_RATE.burst + 5):
        desk.note(number)
    desk.note(1000, OTHER_CALL)
    assert desk.gather() == [*map(str, range(CALL_RATE.burst)), "1000"]
    desk.now += timedelta(seconds=1)
    for number in range(5):
        desk.note(number)
    assert len(desk.gather()) == CALL_RATE.per_second


def test_what_does_not_fit_is_dropped_and_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line counts what is missing; what is in order again says nothing."""
    desk = Desk()
    for number in range(WAITING + 7):
        desk.note(number, CallSid(f"CA{number:032x}"))
    with capture_logs() as lines:
        assert len(desk.gather()) == WAITING
        desk.note(0)
        desk.gather()
    assert [(line["log_level"], line["traces"]) for line in lines] == [("warning", 7)]


def test_no_more_calls_are_remembered_than_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that was quiet for longest is forgotten first."""
    monkeypatch.setattr(tracing, "CALLS", 1)
    desk = Desk()
    for number in range(CALL_RATE.burst + 1):
        desk.note(number)
    desk.note(0, OTHER_CALL)
    desk.gather()
    desk.note(7)
    assert desk.gather() == ["7"]


def test_flushing_nothing_writes_nothing() -> None:
    """A server that stops may flush at any time."""
    desk = Desk()
    desk.tracing.flush()
    assert desk.written == []


Frame = frames.ClientFrame | frames.ServerFrame

SHOWN: list[tuple[Frame, TraceKind, str, dict[str, str]]] = [
    (frames.ClientInvite(callsid="x", sdp=SECRET), TraceKind.RECEIVED, "invite", {}),
    (
        frames.ClientInvite(callsid="x", sdp=SECRET, reconnect=SECRET),
        TraceKind.RECEIVED,
        "invite",
        {"reconnect": "true"},
    ),
    (frames.ClientAnswer(callsid="x", sdp=SECRET), TraceKind.RECEIVED, "answer", {}),
    (frames.Reinvite(callsid="x", sdp=SECRET), TraceKind.RECEIVED, "reinvite", {}),
    (frames.Reject(callsid="x"), TraceKind.RECEIVED, "reject", {}),
    (
        frames.ClientHangup(callsid="x", message="no path"),
        TraceKind.RECEIVED,
        "hangup",
        {"message": "no path"},
    ),
    (frames.Dtmf(callsid="x", dtmf="1234"), TraceKind.RECEIVED, "dtmf", {"keys": "4"}),
    (
        frames.ServerInvite(
            callsid="x", sdp=SECRET, parameters={"Params": SECRET}, reconnect=SECRET
        ),
        TraceKind.SENT,
        "invite",
        {},
    ),
    (frames.Ringing(callsid="x"), TraceKind.SENT, "ringing", {}),
    (
        frames.ServerAnswer(callsid="x", sdp=SECRET, reconnect=SECRET),
        TraceKind.SENT,
        "answer",
        {},
    ),
    (frames.Cancel(callsid="x"), TraceKind.SENT, "cancel", {}),
    (
        frames.ServerHangup(callsid="x", error=frames.failure(CallNotFound("CA1"))),
        TraceKind.SENT,
        "hangup",
        {"code": "31404", "message": str(CallNotFound("CA1"))},
    ),
    (
        frames.refusal(CallNotFound("CA1"), "x"),
        TraceKind.SENT,
        "error",
        {"code": "31404", "message": str(CallNotFound("CA1"))},
    ),
]


@pytest.mark.parametrize(("frame", "kind", "name", "details"), SHOWN)
def test_a_frame_leaves_what_may_be_seen(
    frame: Frame, kind: TraceKind, name: str, details: dict[str, str]
) -> None:
    """Its type and which device it was; no description, token, parameter or key."""
    trace = trace_of(frame, account_sid=OURS, call_sid=CALL, session="0123456789", at=AT)
    assert trace is not None
    assert (trace.kind, trace.name) == (kind, name)
    assert trace.details == {"session": "01234567", **details}
    assert SECRET not in str(trace)


@pytest.mark.parametrize(
    "frame",
    [
        frames.Listen(token=SECRET),
        frames.Register(),
        frames.Ack(callsid="x", voiceeventsid="KX", acktype="message"),
        frames.progress_message("x", "KX", {}),
        frames.Ready(),
    ],
    ids=lambda frame: type(frame).__name__,
)
def test_other_frames_leave_nothing(frame: Frame) -> None:
    """Messages have a record of their own, and the rest is about no call."""
    assert trace_of(frame, account_sid=OURS, call_sid=CALL, session="x", at=AT) is None


async def test_what_a_device_is_told_of_a_call_is_noted() -> None:
    """With the account and the time; what could not be said is not."""
    site = Site()
    site.join(FIRST)
    site.hub.ringing(CALL, device(FIRST))
    site.hub.answer(CALL, device(FIRST), "v=0")
    site.hub.hang_up(CALL, device(FIRST), None)
    site.hub.cancel(CALL, device(SECOND))
    assert [(trace.name, trace.call_sid, trace.at) for trace in site.traces] == [
        (name, CALL, AT) for name in ("ringing", "answer", "hangup")
    ]
    assert {trace.account_sid for trace in site.traces} == {OURS}


async def test_only_a_device_that_has_part_in_a_call_is_noted() -> None:
    """Whoever merely names it says nothing about it."""
    site = Site()
    site.join(FIRST)
    site.join(SECOND)
    site.hub.take_part(FIRST, CALL, "TJSown")
    for session in (FIRST, SECOND, SessionId("gone")):
        site.hub.noted(session, CALL, frames.ClientHangup(callsid=CALL), AT)
    assert [trace.details["session"] for trace in site.traces] == [FIRST]
