"""What is heard, and when it is not: prompts with a media engine and a customer that take time."""

import pytest

from midcall.core.ports import CallUpdate, NotificationFilter
from midcall.model.calls import CallStatus
from midcall.model.sids import CallSid
from tests.integration.core.node import HOLD, OURS, Node, ann

TUNE = "https://example.com/tune.wav"
PLAY = f"<Play>{TUNE}</Play>"


def _document(*verbs: str) -> str:
    return f"<Response>{''.join(verbs)}</Response>"


def _endpoint(node: Node, sid: CallSid) -> str:
    room = node.rooms.find(sid)
    assert room is not None
    (endpoint,) = room.leg(sid).endpoints
    return endpoint


async def test_verbs_are_heard_one_after_the_other(node: Node) -> None:
    """Each waits for the end of the one before it; the call is over after the last."""
    node.customer.pages[TUNE] = "tune"
    node.media.talks = True
    sid = await node.place(_document("<Say>one</Say>", PLAY, '<Play digits="12"/>'))
    assert node.media.heard == ["one"]
    node.media.finish(_endpoint(node, sid))
    await node.quiet()
    assert node.media.heard == ["one", "tune"]
    node.media.finish(_endpoint(node, sid))
    await node.quiet()
    assert node.media.heard == ["one", "tune", "12"]
    assert (await node.call(sid)).status is CallStatus.COMPLETED


async def test_a_sound_that_cannot_be_had_is_shown_even_if_the_call_ends_by_it(
    node: Node,
) -> None:
    """The last verb of a document fails: the debugger still says so."""
    sid = await node.place(_document(PLAY))
    assert (await node.call(sid)).status is CallStatus.COMPLETED
    filters = NotificationFilter(call_sid=sid)
    (shown,) = await node.store.list_notifications(OURS, filters, offset=0, limit=10)
    assert (shown.code, shown.request_url) == (11200, TUNE)


async def test_a_key_silences_the_prompts(node: Node) -> None:
    """What is heard ends, and what was to follow is not heard."""
    node.media.talks = True
    sid = await node.place(_document("<Gather><Say>one</Say><Say>two</Say></Gather>"))
    endpoint = _endpoint(node, sid)
    node.calls.pressed(endpoint, "1")
    await node.quiet()
    assert ("silence", endpoint) in node.media.log
    assert node.media.heard == ["one"]


@pytest.mark.parametrize("leaves", ["key", "redirect"])
async def test_a_sound_that_comes_too_late_is_not_played(node: Node, leaves: str) -> None:
    """Getting it took longer than anybody waited for it."""
    node.customer.pages[TUNE] = "tune"
    node.media.talks = True
    sid = await node.place(HOLD)
    with node.customer.gate.held():
        twiml = _document(f"<Gather>{PLAY}</Gather>")
        await node.requests.update(OURS, sid, CallUpdate(twiml=twiml))
        await node.customer.gate.reached()
        if leaves == "key":
            node.calls.press(ann(), sid, "1")
        else:
            twiml = _document("<Say>instead</Say>")
            await node.requests.update(OURS, sid, CallUpdate(twiml=twiml))
        await node.quiet()
    await node.quiet()
    assert node.media.heard == ([] if leaves == "key" else ["instead"])
    assert (await node.call(sid)).status is CallStatus.IN_PROGRESS
    node.calls.hang_up(ann(), sid)
    await node.quiet()


async def test_whoever_hangs_up_ends_what_it_hears(node: Node) -> None:
    """The endpoint is let go, the prompt with it, and nothing follows."""
    node.media.talks = True
    sid = await node.place(_document("<Say loop='0'>again and again</Say>", "<Say>two</Say>"))
    node.calls.hang_up(ann(), sid)
    await node.quiet()
    assert node.media.heard == ["again and again"]
    assert not node.media.endpoints
    assert len(node.rooms) == 0
