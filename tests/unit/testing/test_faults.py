"""Faults as a list: which of them meets what."""

import pytest

from midcall.core.outbox.replies import Answer, Failure, FailureKind
from midcall.model.endpoints import Method
from midcall.testing.faults import Cut, Delay, Drop, FailCallback, FaultList
from midcall.testing.line import CallbackTrouble, kind_of
from midcall.wire.callbacks import OutgoingRequest

MESSAGE = {"Content": "{}", "SequenceNumber": "0"}
STATUS = {"CallStatus": "ringing", "CallbackSource": "call-progress-events", "SequenceNumber": "0"}
RECEIPT = {"MessageStatus": "delivered"}
DOCUMENT = {"CallStatus": "ringing"}


def request(parameters: dict[str, str], path: str = "/a") -> OutgoingRequest:
    """Return a callback."""
    return OutgoingRequest(
        method=Method.POST,
        url=f"http://127.0.0.1:1{path}?q=1",
        headers=(),
        parameters=parameters,
    )


def test_a_fault_meets_the_frame_of_its_number() -> None:
    """Frames of other names do not count."""
    second = Drop("message", number=2)
    faults = FaultList([second])
    met = [
        faults.on_line(name, "to device", "") for name in ("message", "ack", "message", "message")
    ]
    assert met == [[], [], [second], []]


def test_a_fault_without_a_number_meets_every_frame() -> None:
    """As a delay does unless it has one."""
    slow = Delay("ack", seconds=0.1)
    faults = FaultList([slow])
    assert [faults.on_line("ack", "to device", "") for _ in range(3)] == [[slow]] * 3


def test_a_fault_is_narrowed_to_a_way_and_an_identity() -> None:
    """What it is not about does not count for it either."""
    cut = Cut(after="message", way="to server", identity="alice")
    faults = FaultList([cut])
    assert faults.on_line("message", "to device", "alice") == []
    assert faults.on_line("message", "to server", "bob") == []
    assert faults.on_line("message", "to server", "alice") == [cut]


def test_two_faults_that_read_the_same_count_for_themselves() -> None:
    """The second was put into the list after the first had met its frame."""
    faults = FaultList([Drop("ack")])
    assert len(faults.on_line("ack", "to device", "")) == 1
    faults.append(Drop("ack"))
    assert len(faults.on_line("ack", "to device", "")) == 1
    assert len(faults.on_line("ack", "to device", "")) == 0


@pytest.mark.parametrize(
    ("parameters", "kind"),
    [(MESSAGE, "message"), (STATUS, "status"), (RECEIPT, "receipt"), (DOCUMENT, None)],
)
def test_a_callback_is_known_by_what_it_says(parameters: dict[str, str], kind: str | None) -> None:
    """A request for a document is none."""
    assert kind_of(request(parameters)) == kind


async def test_callbacks_fail_so_many_times() -> None:
    """Then they leave again."""
    faults = FaultList([FailCallback(status=429, times=2, retry_after_seconds=7)])
    trouble = CallbackTrouble(lambda: faults)
    replies = [await trouble(request(MESSAGE)) for _ in range(3)]
    failed = Answer(status=429, duration_ms=0, retry_after_seconds=7)
    assert replies == [failed, failed, None]


async def test_a_connection_may_be_refused() -> None:
    """A fault without a status leaves no answer."""
    faults = FaultList([FailCallback(status=None, times=None)])
    refused = Failure(kind=FailureKind.CONNECT)
    trouble = CallbackTrouble(lambda: faults)
    assert [await trouble(request(STATUS)) for _ in range(3)] == [refused] * 3


async def test_other_callbacks_leave() -> None:
    """Those of another path, of another kind; and a request for a document in any case."""
    faults = FaultList([FailCallback(path="/a", kind="message")])
    trouble = CallbackTrouble(lambda: faults)
    assert await trouble(request(MESSAGE, "/b")) is None
    assert await trouble(request(STATUS)) is None
    faults[:] = [FailCallback(times=None)]
    assert await trouble(request(DOCUMENT)) is None
