"""The debugger: the requests of a call, and every error and warning of an account.

``Notifications`` tells them as the 2010-04-01 API does, ``Alerts`` as the newer monitor API does,
on whatever host name it is asked.
"""

from enum import StrEnum
from typing import Final

from starlette.responses import Response

from midcall.core.ports import NotificationFilter
from midcall.model.calls import Call
from midcall.model.errors import InvalidParameter
from midcall.model.notifications import Level, Notification
from midcall.model.sids import NotificationSid
from midcall.rest import calls
from midcall.rest import operations as op
from midcall.rest.door import Ask, answer, answer_page
from midcall.rest.operations import Field
from midcall.rest.paging import read_page
from midcall.rest.parameters import Span, closed_span, span, word
from midcall.wire import debugger
from midcall.wire.debugger import (
    AlertResource,
    CallEventResource,
    NotificationResource,
    WholeAlertResource,
    WholeNotificationResource,
)
from midcall.wire.shapes import DayText

_LEVELS: Final = {log: level for level, log in debugger.LOG_OF.items()}


class LogLevel(StrEnum):
    """The levels of the original's alerts. Nothing is less than a warning here."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"
    DEBUG = "debug"


async def list_events(ask: Ask) -> Response:
    """List the requests to the application's servers on behalf of a call, oldest first."""
    call = await calls.get(ask)
    page = read_page(ask.query)
    found = await ask.desk.store.list_exchanges(call.sid, offset=page.offset, limit=page.size + 1)
    return answer_page(ask, page, found, debugger.call_event)


async def list_notifications(ask: Ask) -> Response:
    """List the errors and warnings of an account, or of one of its calls, newest first."""
    call = await calls.get(ask) if "CallSid" in ask.named else None
    times = span(ask.query, "MessageDate")
    return await _list(ask, call, _level(ask.query.find("Log")), times)


async def fetch_notification(ask: Ask) -> Response:
    """Show an error or warning, with what was sent and what came back."""
    call = await calls.get(ask) if "CallSid" in ask.named else None
    found = await _get(ask, call)
    return answer(debugger.whole_notification(found, of_call=call is not None))


async def list_alerts(ask: Ask) -> Response:
    """List the errors and warnings of the caller's account, newest first."""
    times = closed_span(ask.query, "StartDate", "EndDate")
    asked = word(ask.query, "LogLevel", LogLevel)
    if asked in {LogLevel.NOTICE, LogLevel.DEBUG}:
        page = read_page(ask.query, ask.operation.filters)
        nothing: list[Notification] = []
        return answer_page(ask, page, nothing, lambda found: debugger.alert(found, ""))
    return await _list(ask, None, None if asked is None else Level(asked), times)


async def fetch_alert(ask: Ask) -> Response:
    """Show an error or warning, with what was sent and what came back."""
    found = await _get(ask, None)
    return answer(debugger.whole_alert(found, _url(ask)))


async def _list(ask: Ask, call: Call | None, level: Level | None, times: Span) -> Response:
    page = read_page(ask.query, ask.operation.filters)
    filters = NotificationFilter(
        call_sid=None if call is None else call.sid,
        level=level,
        created_from=times.start,
        created_before=times.before,
    )
    found = await ask.desk.store.list_notifications(
        ask.account_sid, filters, offset=page.offset, limit=page.size + 1
    )
    if "AccountSid" not in ask.named:
        return answer_page(ask, page, found, lambda one: debugger.alert(one, _url(ask)))
    return answer_page(
        ask, page, found, lambda one: debugger.notification(one, of_call=call is not None)
    )


async def _get(ask: Ask, call: Call | None) -> Notification:
    found = await ask.desk.store.find_notification(NotificationSid(ask.named["NotificationSid"]))
    if found is None or found.account_sid != ask.account_sid:
        raise ask.not_found()
    if call is not None and found.call_sid != call.sid:
        raise ask.not_found()
    return found


def _url(ask: Ask) -> str:
    return f"{ask.origin}{ask.path.removesuffix('.json')}"


def _level(log: str | None) -> Level | None:
    if not log:
        return None
    if log not in _LEVELS:
        raise InvalidParameter("Log", "it must be 0, for errors, or 1, for warnings")
    return _LEVELS[log]


_FILTERS = (
    Field(name="Log", about="`0`: errors; `1`: warnings."),
    *(Field(name=f"MessageDate{sign}", type=DayText) for sign in ("", "<", ">")),
)


LIST_EVENTS = op.lists(
    "ListCallEvent", list_events, op.Listing(name="events", item=CallEventResource)
)
LIST_NOTIFICATIONS, LIST_CALL_NOTIFICATIONS = (
    op.lists(
        id,
        list_notifications,
        op.Listing(name="notifications", item=NotificationResource),
        *_FILTERS,
    )
    for id in ("ListNotification", "ListCallNotification")
)
FETCH_NOTIFICATION, FETCH_CALL_NOTIFICATION = (
    op.fetch(id, fetch_notification, WholeNotificationResource)
    for id in ("FetchNotification", "FetchCallNotification")
)
LIST_ALERTS = op.lists(
    "ListAlert",
    list_alerts,
    op.Listing(name="alerts", item=AlertResource, meta=True),
    Field(name="LogLevel", type=LogLevel),
    Field(name="StartDate", type=DayText),
    Field(name="EndDate", type=DayText),
)
FETCH_ALERT = op.fetch("FetchAlert", fetch_alert, WholeAlertResource)
