"""Calls that the REST API makes and changes, through the services."""

import pytest

from midcall.core.calls.service import Offer
from midcall.core.ports import CallRequest, CallUpdate, PutFamily
from midcall.model.calls import CallStatus
from midcall.model.endpoints import Endpoint
from midcall.model.errors import (
    ApplicationNotAccessible,
    CallNotActive,
    Fault,
    NotFound,
    Unavailable,
)
from midcall.model.families import Device
from midcall.model.sids import ApplicationSid, CallSid
from tests.integration.core.node import (
    DIAL_BOB,
    HOLD,
    OURS,
    THEIRS,
    VOICE_URL,
    Node,
    bob,
    offer,
    outcome,
)

CALL_BOB = CallRequest(to_address="client:bob", from_address="desk", twiml=HOLD)
UNKNOWN = CallSid("CA" + "f" * 32)
END = CallUpdate(status=CallStatus.COMPLETED)


async def _called(node: Node) -> CallSid:
    """Call bob, who answers."""
    node.phones.register("bob", "bob 1")
    call = await node.requests.create(OURS, CALL_BOB)
    await node.quiet()
    node.calls.accept(bob(), call.sid, offer("sdp"))
    await node.quiet()
    return call.sid


def _device(node: Node, sid: CallSid) -> Device:
    room = node.rooms.find(sid)
    assert room is not None
    (device,) = room.leg(sid).devices
    return device


async def test_a_call_is_made_from_beginning_to_end(node: Node) -> None:
    """Bob rings, accepts, runs the TwiML of the request, and leaves."""
    sid = await _called(node)
    assert node.phones.of("bob 1") == ["invite"]
    assert (await node.call(sid)).status is CallStatus.IN_PROGRESS
    assert (await node.call(sid)).from_address == "desk"
    node.calls.hang_up(bob(), sid)
    await node.quiet()
    assert (await node.call(sid)).status is CallStatus.COMPLETED
    assert not node.media.endpoints
    assert len(node.rooms) == 0


async def test_a_call_is_queued_when_it_is_accepted(node: Node) -> None:
    """What is returned is kept, whatever becomes of it then."""
    call = await node.requests.create(OURS, CALL_BOB)
    assert call.status is CallStatus.QUEUED
    assert isinstance(node.disk.commits[0][0], PutFamily)
    await node.quiet()
    assert (await node.call(call.sid)).status is CallStatus.NO_ANSWER


async def test_a_call_that_cannot_be_kept_is_not_made(node: Node) -> None:
    """Whoever asked is told to come again, and nobody rings."""
    node.phones.register("bob", "bob 1")
    with node.disk.broken():
        assert isinstance(await outcome(node.requests.create(OURS, CALL_BOB)), Unavailable)
    await node.quiet()
    assert not node.phones.told
    assert len(node.rooms) == 0


@pytest.mark.parametrize("foreign", [True, False])
async def test_an_application_has_to_be_the_accounts_own(node: Node, foreign: bool) -> None:
    """Another account's is not accessible, and so is none."""
    sid = await node.application(account=THEIRS) if foreign else ApplicationSid("AP" + "f" * 32)
    request = CallRequest(to_address="client:bob", from_address="x", application_sid=sid)
    with pytest.raises(ApplicationNotAccessible):
        await node.requests.create(OURS, request)
    assert not node.disk.commits


async def test_a_call_is_led_to_another_document(node: Node) -> None:
    """Whoever it talked to is hung up, the URL is asked, and the caller goes on."""
    parent, child = await node.talk()
    node.customer.pages["https://example.com/new"] = HOLD
    update = CallUpdate(voice=Endpoint("https://example.com/new"))
    changed = await node.requests.update(OURS, parent, update)
    assert changed.status is CallStatus.IN_PROGRESS
    await node.quiet()
    assert node.customer.asked[-1][0].url == "https://example.com/new"
    assert (await node.call(child)).status is CallStatus.COMPLETED
    assert (await node.call(parent)).status is CallStatus.IN_PROGRESS


async def test_the_text_of_a_request_is_no_template(node: Node) -> None:
    """What an application keeps has names filled in; what a request brings is what it is."""
    parent = await node.place(HOLD)
    await node.requests.update(
        OURS, parent, CallUpdate(twiml="<Response><Say>{{To}}</Say></Response>")
    )
    await node.quiet()
    assert node.media.heard == ["{{To}}"]


async def test_a_call_is_ended(node: Node) -> None:
    """What is returned is how it is now."""
    parent, child = await node.talk()
    ended = await node.requests.update(OURS, parent, END)
    assert ended.status is CallStatus.COMPLETED
    assert ended.ended_at is not None
    await node.quiet()
    assert (await node.call(child)).status is CallStatus.COMPLETED


@pytest.mark.parametrize(
    ("update", "refused"),
    [
        (CallUpdate(status=CallStatus.CANCELED), True),
        (END, False),
        (CallUpdate(twiml=HOLD), False),
        (CallUpdate(time_limit_seconds=5), False),
    ],
)
async def test_what_a_call_in_progress_lets_be_done_with_it(
    node: Node, update: CallUpdate, refused: bool
) -> None:
    """It cannot be canceled any more."""
    parent, _ = await node.talk()
    assert (
        isinstance(await outcome(node.requests.update(OURS, parent, update)), CallNotActive)
        is refused
    )


@pytest.mark.parametrize(
    ("update", "refused"),
    [
        (CallUpdate(status=CallStatus.CANCELED), False),
        (END, False),
        (CallUpdate(twiml=HOLD), True),
        (CallUpdate(voice=Endpoint(VOICE_URL)), True),
    ],
)
async def test_what_a_call_that_rings_lets_be_done_with_it(
    node: Node, update: CallUpdate, refused: bool
) -> None:
    """It cannot be led elsewhere yet."""
    node.phones.register("bob", "bob 1")
    call = await node.requests.create(OURS, CALL_BOB)
    await node.quiet()
    answer = await outcome(node.requests.update(OURS, call.sid, update))
    assert isinstance(answer, CallNotActive) is refused
    if not refused:
        assert answer.status is CallStatus.CANCELED
        await node.quiet()
        assert node.phones.of("bob 1")[-2:] == ["cancel", "forgotten"]


async def test_a_child_is_ended_but_not_led_elsewhere(node: Node) -> None:
    """Its document is its parent's."""
    parent, child = await node.talk()
    assert isinstance(
        await outcome(node.requests.update(OURS, child, CallUpdate(twiml=HOLD))), CallNotActive
    )
    await node.requests.update(OURS, child, END)
    await node.quiet()
    assert (await node.call(child)).status is CallStatus.COMPLETED
    assert (await node.call(parent)).status is CallStatus.COMPLETED


async def test_a_call_that_is_over_unknown_or_anothers_is_not_changed(node: Node) -> None:
    """The first is in the wrong state, the others are not there."""
    parent = await node.place(HOLD)
    for account, sid in ((THEIRS, parent), (OURS, UNKNOWN)):
        assert isinstance(await outcome(node.requests.update(account, sid, END)), NotFound)
    await node.requests.update(OURS, parent, END)
    await node.quiet()
    refused = await outcome(node.requests.update(OURS, parent, END))
    assert isinstance(refused, CallNotActive)
    assert isinstance(await outcome(node.requests.update(THEIRS, parent, END)), NotFound)


async def test_a_change_that_cannot_be_kept_did_not_happen(node: Node) -> None:
    """Whoever asked may ask again."""
    parent, child = await node.talk()
    with node.disk.broken():
        assert isinstance(await outcome(node.requests.update(OURS, parent, END)), Unavailable)
    await node.quiet()
    assert (await node.call(child)).status is CallStatus.IN_PROGRESS
    ended = await node.requests.update(OURS, parent, END)
    assert not isinstance(ended, Fault)
    assert ended.status is CallStatus.COMPLETED


async def test_a_call_goes_over_to_another_device(node: Node) -> None:
    """``connectToken``: its own device only comes back; another one takes the call from it."""
    _, child = await node.talk()
    token = _device(node, child).reconnect_token
    await node.calls.attach(bob("bob 2"), child, token, offer("the same phone's"))
    await node.quiet()
    assert node.phones.told[-1] == ("answer", "bob 2", child, "")
    await node.calls.attach(bob("bob 3"), child, token, Offer("another", "another certificate"))
    await node.quiet()
    assert _device(node, child).session == "bob 3"
    assert node.phones.of("bob 2") == ["answer", "cancel", "forgotten"]
    assert ("answer", "bob 3", child, "answer to another") in node.phones.told
    assert node.media.log[-1][0] == "bridge"
    assert len(node.media.endpoints) == 2


async def test_who_dials_is_told_of_its_children(node: Node) -> None:
    """``events="call-progress-event"``: with the stages of the child, in order."""
    node.phones.register("bob", "bob 1")
    parent = await node.place(DIAL_BOB.replace("<Dial>", '<Dial events="call-progress-event">'))
    child = node.child(parent)
    node.calls.reject(bob(), child)
    await node.quiet()
    told = [entry for entry in node.phones.told if entry[0] == "progress"]
    assert [entry[-1] for entry in told] == ["initiated", "ringing", "busy"]
