"""Phone numbers through the services: two families, one call."""

import pytest

from midcall.core.ports import (
    CallFilter,
    CallRequest,
    CallUpdate,
    NotificationFilter,
    PutApplication,
    PutFamily,
    PutPhoneNumber,
)
from midcall.model.accounts import Application
from midcall.model.calls import Call, CallDirection, CallStatus
from midcall.model.families import line_of
from midcall.model.numbers import PhoneNumber
from midcall.model.sids import AccountSid, ApplicationSid, CallSid, PhoneNumberSid
from midcall.store.sqlite import SqliteStore
from tests.integration.core.node import DIAL_BOB, HOLD, OURS, START, THEIRS, Node, ann, bob, offer

NUMBER = "+15005550006"
DESK = "+15005550009"
DIAL_NUMBER = f'<Response><Dial callerId="{DESK}"><Number>{NUMBER}</Number></Dial></Response>'
GATHER = '<Response><Gather numDigits="2" action="/keys"/></Response>'
BUSY = "+15005550102"


async def _own(
    node: Node,
    twiml: str = DIAL_BOB,
    *,
    account: AccountSid = OURS,
    application: ApplicationSid | None = None,
) -> PhoneNumber:
    """Let an account own the number; this is what it does with calls."""
    number = PhoneNumber(
        sid=PhoneNumberSid("PN" + "1" * 32),
        account_sid=account,
        number=NUMBER,
        friendly_name="ours",
        created_at=START,
        updated_at=START,
        voice_twiml=twiml,
        voice_application_sid=application,
        stir_status="TN-Validation-Passed-A",
    )
    await node.store.commit([PutPhoneNumber(number)])
    return number


async def _far(node: Node, account: AccountSid = OURS) -> Call:
    """Return the newest call to the number on its own side."""
    calls = await node.store.list_calls(account, CallFilter(to_address=NUMBER), offset=0, limit=100)
    return next(call for call in calls if call.direction is CallDirection.INBOUND)


async def _talk(node: Node) -> tuple[CallSid, CallSid, CallSid, CallSid]:
    """Let ann call the number, and bob answer there; return the four legs."""
    node.phones.register("bob", "bob 1")
    parent = await node.place(DIAL_NUMBER)
    near = node.child(parent)
    far = (await _far(node)).sid
    child = node.child(far)
    node.calls.accept(bob(), child, offer("sdp"))
    await node.quiet()
    return parent, near, far, child


async def test_a_call_to_a_number_of_ours_from_beginning_to_end(node: Node) -> None:
    """Ann dials the number, its TwiML dials bob, they talk over the lines, and all legs end."""
    await _own(node)
    legs = parent, near, far, child = await _talk(node)
    for sid in legs:
        assert (await node.call(sid)).status is CallStatus.IN_PROGRESS
    bridges = [set(entry[1:]) for entry in node.media.log if entry[0] == "bridge"]
    assert len(bridges) == 2
    assert line_of(near) in bridges[0] | bridges[1]
    assert line_of(far) in bridges[0] | bridges[1]
    node.calls.hang_up(bob(), child)
    await node.quiet()
    for sid in legs:
        assert (await node.call(sid)).status is CallStatus.COMPLETED
    assert not node.media.endpoints
    assert len(node.rooms) == 0
    assert not await node.store.live_families()
    assert (await node.call(parent)).direction is CallDirection.INBOUND


async def test_the_call_that_arrives_is_the_numbers(node: Node) -> None:
    """Who calls, whom, and how far the caller is verified; bob's device hears the same."""
    number = await _own(node)
    _, near, far, child = await _talk(node)
    arrived = await node.call(far)
    assert (arrived.from_address, arrived.to_address) == (DESK, NUMBER)
    assert arrived.phone_number_sid == number.sid
    assert arrived.stir_status == (await node.call(child)).stir_status == "TN-Validation-Passed-A"
    assert (await node.call(near)).stir_status is None


async def test_a_caller_who_hangs_up_ends_the_other_side(node: Node) -> None:
    """Bob is told, and nothing is left of either."""
    await _own(node)
    parent, *_ = await _talk(node)
    node.calls.hang_up(ann(), parent)
    await node.quiet()
    assert node.phones.of("bob 1")[-2:] == ["hangup", "forgotten"]
    assert not node.media.endpoints
    assert len(node.rooms) == 0


async def test_the_number_of_another_account_is_called_like_any_other(node: Node) -> None:
    """The call on its side is its own: its account, its TwiML."""
    await _own(node, HOLD, account=THEIRS)
    parent = await node.place(DIAL_NUMBER)
    arrived = await _far(node, THEIRS)
    assert arrived.account_sid == THEIRS
    assert (await node.call(node.child(parent))).status is CallStatus.IN_PROGRESS


@pytest.mark.parametrize("account", [OURS, THEIRS])
async def test_a_number_runs_its_own_accounts_application_only(
    node: Node, account: AccountSid
) -> None:
    """An application of another account does nothing; the number's own TwiML is run instead."""
    application = Application(
        sid=ApplicationSid("AP" + "7" * 32),
        account_sid=account,
        friendly_name="x",
        created_at=START,
        updated_at=START,
        voice_twiml="<Response><Say>application</Say></Response>",
    )
    await node.store.commit([PutApplication(application)])
    await _own(node, "<Response><Say>number</Say></Response>", application=application.sid)
    await node.place(DIAL_NUMBER)
    assert node.media.heard == ["application" if account == OURS else "number"]
    arrived = await _far(node)
    assert arrived.application_sid == (application.sid if account == OURS else None)


async def test_a_number_without_a_document_fails(node: Node) -> None:
    """The dial hears so, and the debugger shows it under the call that arrived."""
    await _own(node, "")
    node.customer.pages["https://example.com/done"] = HOLD
    await node.place(DIAL_NUMBER.replace("<Dial ", '<Dial action="/done" '))
    assert node.customer.asked[-1][1]["DialCallStatus"] == "failed"
    arrived = await _far(node)
    filters = NotificationFilter(call_sid=arrived.sid)
    (shown,) = await node.store.list_notifications(OURS, filters, offset=0, limit=10)
    assert shown.code == 11100


async def test_a_number_that_cannot_be_called_fails_at_once(node: Node) -> None:
    """Where the call on the other side cannot be kept, the caller does not wait in vain."""
    await _own(node)

    def arrives(change: object) -> bool:
        return isinstance(change, PutFamily) and bool(change.family.parent.number)

    node.customer.pages["https://example.com/done"] = HOLD
    with node.disk.broken(arrives):
        parent = await node.place(DIAL_NUMBER.replace("<Dial ", '<Dial action="/done" '))
    assert node.customer.asked[-1][1]["DialCallStatus"] == "failed"
    node.calls.hang_up(ann(), parent)
    await node.quiet()
    assert not node.media.endpoints
    assert len(node.rooms) == 0


async def test_a_caller_who_leaves_while_the_number_is_called_leaves_no_line_behind(
    node: Node,
) -> None:
    """The lines are let go after they were made, whatever the disk is busy with."""
    await _own(node)
    parent = await node.place(HOLD)
    with node.media.gate.held():
        await node.requests.update(OURS, parent, CallUpdate(twiml=DIAL_NUMBER))
        await node.media.gate.reached()
        node.calls.hang_up(ann(), parent)
        await node.quiet()
    await node.quiet()
    assert "link" in [entry[0] for entry in node.media.log]
    assert not node.media.endpoints
    assert len(node.rooms) == 0
    assert not await node.store.live_families()


async def test_keys_reach_the_document_of_the_number(node: Node) -> None:
    """Ann presses, the number's TwiML collects."""
    await _own(node, GATHER.replace("/keys", "https://example.com/keys"))
    node.customer.pages["https://example.com/keys"] = HOLD
    parent = await node.place(DIAL_NUMBER)
    node.calls.press(ann(), parent, "42")
    await node.quiet()
    assert node.customer.asked[-1][1]["Digits"] == "42"


async def test_keys_that_are_sent_keep_their_pauses(node: Node) -> None:
    """``SendDigits``: each ``w`` is half a second, for a document that begins with words."""
    await _own(node, GATHER.replace("/keys", "https://example.com/keys"))
    node.customer.pages["https://example.com/keys"] = HOLD
    request = CallRequest(to_address=NUMBER, from_address=DESK, twiml=HOLD, send_digits="1ww2")
    await node.requests.create(OURS, request)
    await node.quiet()
    assert not node.customer.asked
    await node.wait(0.9)
    assert not node.customer.asked
    await node.wait(0.1)
    assert node.customer.asked[-1][1]["Digits"] == "12"


async def test_a_simulated_number_may_be_busy(node: Node) -> None:
    """Without a carrier."""
    node.customer.pages["https://example.com/done"] = HOLD
    dial = f'<Response><Dial callerId="{DESK}" action="/done">{BUSY}</Dial></Response>'
    await node.place(dial)
    assert node.customer.asked[-1][1]["DialCallStatus"] == "busy"


async def test_both_sides_of_a_trunk_end_when_the_server_was_away(
    node: Node, store: SqliteStore
) -> None:
    """The next server finds four legs whose lines are gone, and ends them; the callers' stay."""
    await _own(node)
    parent, near, far, child = await _talk(node)
    following = Node(store)
    try:
        assert await following.calls.restore() == 2
        await following.quiet()
        for sid in (near, far, child):
            assert (await following.call(sid)).status is CallStatus.COMPLETED
        assert (await following.call(parent)).status is CallStatus.COMPLETED
        assert not await store.live_families()
    finally:
        await following.close()
