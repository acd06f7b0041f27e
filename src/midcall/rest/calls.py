"""``Calls``: make calls, see how they stand, redirect and end them."""

from typing import Annotated, Final, Literal

import structlog
from msgspec import Meta
from starlette.responses import Response

from midcall.core.ports import AddNotification, CallFilter, RemoveCall
from midcall.model.calls import Call, CallEvent, CallStatus
from midcall.model.endpoints import Method
from midcall.model.errors import NotFinished
from midcall.model.notifications import Level, Notification
from midcall.model.sids import NOTIFICATION, CallSid, NotificationSid, from_entropy
from midcall.rest import call_forms
from midcall.rest import operations as op
from midcall.rest.door import Ask, answer, answer_page
from midcall.rest.operations import Field
from midcall.rest.paging import read_page
from midcall.rest.parameters import call_sid, span, word
from midcall.wire import resources
from midcall.wire.forms import Form
from midcall.wire.resources import CallResource
from midcall.wire.shapes import ApplicationSidText, CallSidText, DayText, UrlText

log = structlog.get_logger(__name__)

BOTH_GIVEN: Final = 32019
"""The warning for a call that is given both ``Twiml`` and ``Url``."""

NO_EFFECT: Final = 12200
"""The warning for parameters that have no effect here, as for such attributes in TwiML."""

_IGNORED: Final = (
    *op.ignored("Record", type=bool),
    *op.ignored(
        *("RecordingChannels", "RecordingStatusCallback", "RecordingStatusCallbackMethod"),
        *("RecordingTrack", "Trim", "SipAuthUsername", "SipAuthPassword", "CallerId"),
        *("MachineDetection", "AsyncAmd", "AsyncAmdStatusCallback"),
        *("AsyncAmdStatusCallbackMethod", "Byoc", "CallReason", "CallToken"),
        "ClientNotificationUrl",
    ),
    *op.ignored("RecordingStatusCallbackEvent", type=list[str]),
    *op.ignored(
        *("MachineDetectionTimeout", "MachineDetectionSpeechThreshold"),
        *("MachineDetectionSpeechEndThreshold", "MachineDetectionSilenceTimeout"),
        type=int,
    ),
)

_UNASKED: Final = {"Record": {"", "false"}, "AsyncAmd": {"", "false"}}
"""What some ignored parameters may say without asking for anything."""


async def create(ask: Ask) -> Response:
    """Make a call, to an SDK's user or to a phone number. It is queued when this answers."""
    call = await ask.desk.calling.create(ask.account_sid, call_forms.read_request(ask.form))
    await _warn(ask, call)
    return answer(resources.call(call), 201)


async def fetch(ask: Ask) -> Response:
    """Show a call."""
    return answer(resources.call(await get(ask)))


async def list_page(ask: Ask) -> Response:
    """List the account's calls, newest first."""
    page = read_page(ask.query, ask.operation.filters)
    found = await ask.desk.store.list_calls(
        ask.account_sid, _filter(ask.query), offset=page.offset, limit=page.size + 1
    )
    return answer_page(ask, page, found, resources.call)


async def update(ask: Ask) -> Response:
    """End a call under way, or have it do something else."""
    changes = call_forms.read_update(ask.form)
    sid = CallSid(ask.named["CallSid"])
    call = await ask.desk.calling.update(ask.account_sid, sid, changes)
    await _warn(ask, call)
    return answer(resources.call(call))


async def delete(ask: Ask) -> Response:
    """Remove a call that is over, with all that belongs to it."""
    call = await get(ask)
    if not call.status.terminal:
        raise NotFinished(call.sid, call.status)
    await ask.desk.journal.commit([RemoveCall(call.sid)])
    return Response(status_code=204)


async def get(ask: Ask) -> Call:
    """Return the call that a path names; raise ``NotFound`` if the account has none such."""
    call = await ask.desk.store.find_call(CallSid(ask.named["CallSid"]))
    if call is None or call.account_sid != ask.account_sid:
        raise ask.not_found()
    return call


def _filter(query: Form) -> CallFilter:
    started, ended = span(query, "StartTime"), span(query, "EndTime")
    return CallFilter(
        to_address=query.find("To") or None,
        from_address=query.find("From") or None,
        parent_call_sid=call_sid(query, "ParentCallSid"),
        status=word(query, "Status", CallStatus),
        started_from=started.start,
        started_before=started.before,
        ended_from=ended.start,
        ended_before=ended.before,
    )


async def _warn(ask: Ask, call: Call) -> None:
    """Show in the debugger what of a request had no effect."""
    warnings: list[tuple[int, str]] = []
    if call_forms.has_both(ask.form):
        warnings.append((BOTH_GIVEN, "Both Twiml and Url are given: Url is used"))
    without_effect = [one.name for one in _IGNORED if _asks(ask.form, one.name)]
    if without_effect:
        names = ", ".join(without_effect)
        warnings.append((NO_EFFECT, f"These parameters have no effect here: {names}"))
    changes = [AddNotification(_warning(ask, call, code, text)) for code, text in warnings]
    try:
        await ask.desk.journal.commit(changes)
    except Exception as error:
        # The call goes on: an answer that says otherwise would have it made twice.
        log.warning(
            "A warning of the debugger was lost", call_sid=call.sid, fault=type(error).__name__
        )


def _asks(form: Form, name: str) -> bool:
    """Tell whether a parameter that is ignored asked for something."""
    return any(value.lower() not in _UNASKED.get(name, {""}) for value in form.all(name))


def _warning(ask: Ask, call: Call, code: int, text: str) -> Notification:
    return Notification(
        sid=NotificationSid(from_entropy(NOTIFICATION, ask.desk.entropy(16))),
        account_sid=ask.account_sid,
        call_sid=call.sid,
        code=code,
        level=Level.WARNING,
        text=text,
        created_at=ask.desk.clock(),
        request_url=f"{ask.origin}{ask.path}",
        request_method="POST",
    )


_VOICE: Final = (
    Field(name="Url", type=UrlText),
    Field(name="Method", type=Method),
    Field(name="FallbackUrl", type=UrlText),
    Field(name="FallbackMethod", type=Method),
    Field(
        name="Twiml",
        type=Annotated[str, Meta(max_length=call_forms.TWIML_CHARACTERS)],
        about="Url wins if both are given.",
    ),
    Field(name="StatusCallback", type=UrlText),
    Field(name="StatusCallbackMethod", type=Method),
    Field(
        name="TimeLimit",
        type=Annotated[int, Meta(ge=1, le=call_forms.MAX_TIME_LIMIT_SECONDS)],
        about="In seconds; four hours unless given.",
    ),
)

CREATE = op.create(
    "CreateCall",
    create,
    CallResource,
    Field(name="To", required=True, about="`client:` and an identity, or a phone number."),
    Field(name="From", required=True, about="Any text if To is a client."),
    *_VOICE,
    Field(
        name="ApplicationSid",
        type=ApplicationSidText,
        about="Makes Url, Twiml, Method, Fallback… and StatusCallback… have no effect.",
    ),
    Field(name="StatusCallbackEvent", type=list[CallEvent], about="`completed` unless given."),
    Field(
        name="Timeout",
        type=Annotated[int, Meta(ge=1, le=call_forms.MAX_TIMEOUT_SECONDS)],
        about="In seconds; a minute unless given.",
    ),
    Field(name="SendDigits", type=Annotated[str, Meta(pattern="^[0-9A-D#*wW]{0,32}$")]),
    *_IGNORED,
)
LIST = op.lists(
    "ListCall",
    list_page,
    op.Listing(name="calls", item=CallResource),
    Field(name="To"),
    Field(name="From"),
    Field(name="ParentCallSid", type=CallSidText),
    Field(name="Status", type=CallStatus),
    *(Field(name=f"StartTime{sign}", type=DayText) for sign in ("", "<", ">")),
    *(Field(name=f"EndTime{sign}", type=DayText) for sign in ("", "<", ">")),
)
FETCH = op.fetch("FetchCall", fetch, CallResource)
UPDATE = op.update(
    "UpdateCall",
    update,
    CallResource,
    Field(name="Status", type=Literal["canceled", "completed"]),
    *_VOICE,
)
DELETE = op.delete("DeleteCall", delete)
