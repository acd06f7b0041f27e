"""``Timeline`` of a call: everything that happened to it, oldest first, in one list."""

from typing import Final, assert_never

from starlette.responses import Response

from midcall.core.ports import AttemptMade, Happening
from midcall.model.exchanges import Exchange
from midcall.model.messages import UserDefinedMessage
from midcall.model.notifications import Notification
from midcall.model.sids import CallSid
from midcall.model.traces import Trace
from midcall.rest import calls
from midcall.rest import operations as op
from midcall.rest.door import Ask, answer_page
from midcall.rest.paging import read_page
from midcall.wire import timeline
from midcall.wire.timeline import TimelineResource


async def list_page(ask: Ask) -> Response:
    """List everything that happened to a call, oldest first."""
    call = await calls.get(ask)
    page = read_page(ask.query)
    found = await ask.desk.store.timeline(call.sid, offset=page.offset, limit=page.size + 1)
    return answer_page(ask, page, found, lambda one: _shown(one, call.sid))


def _shown(happening: Happening, call_sid: CallSid) -> TimelineResource:
    match happening:
        case Trace():
            return timeline.trace(happening)
        case Exchange():
            return timeline.request(happening)
        case UserDefinedMessage():
            return timeline.message(happening)
        case AttemptMade(entry=entry, attempt=attempt):
            return timeline.attempt(entry, attempt)
        case Notification():
            return timeline.alert(happening, call_sid)
        case _:
            assert_never(happening)


LIST: Final = op.lists(
    "ListCallTimeline", list_page, op.Listing(name="timeline", item=TimelineResource)
)
