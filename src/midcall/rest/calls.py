"""``Calls``: see which calls there are and how they stand."""

from starlette.responses import Response

from midcall.core.ports import CallFilter
from midcall.model.calls import CallStatus
from midcall.model.errors import InvalidParameter
from midcall.model.sids import CALL, CallSid, is_sid
from midcall.rest.door import Ask, answer
from midcall.rest.paging import read_page, split
from midcall.wire import resources
from midcall.wire.forms import Form

_FILTERS = ("To", "From", "ParentCallSid", "Status")

_TIME_FILTERS = tuple(
    f"{name}{comparison}" for name in ("StartTime", "EndTime") for comparison in ("", "<", ">")
)


async def fetch(ask: Ask) -> Response:
    """Show a call."""
    call = await ask.desk.store.find_call(CallSid(ask.sids["CallSid"]))
    if call is None or call.account_sid != ask.account_sid:
        raise ask.not_found()
    return answer(resources.call(call))


async def list_page(ask: Ask) -> Response:
    """List the account's calls, newest first."""
    page = read_page(ask.query, _FILTERS)
    found = await ask.desk.store.list_calls(
        ask.account_sid, _filter(ask.query), offset=page.offset, limit=page.size + 1
    )
    calls, more = split(found, page)
    path = f"{resources.account_uri(ask.account_sid)}/Calls.json"
    shown = [resources.call(call) for call in calls]
    return answer(resources.listing("calls", path, shown, page, more=more))


def _filter(query: Form) -> CallFilter:
    for name in _TIME_FILTERS:
        if name in query:
            # To leave it out would answer with calls that were not asked for.
            raise InvalidParameter(name, "lists cannot be narrowed by time yet")
    return CallFilter(
        to_address=query.find("To") or None,
        from_address=query.find("From") or None,
        parent_call_sid=_parent(query.find("ParentCallSid")),
        status=_status(query.find("Status")),
    )


def _parent(text: str | None) -> CallSid | None:
    if not text:
        return None
    if not is_sid(CALL, text):
        raise InvalidParameter("ParentCallSid", "it is not the SID of a call")
    return CallSid(text)


def _status(text: str | None) -> CallStatus | None:
    if not text:
        return None
    try:
        return CallStatus(text)
    except ValueError:
        known = ", ".join(CallStatus)
        raise InvalidParameter("Status", f"it is none of {known}") from None
