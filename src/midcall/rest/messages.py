"""``UserDefinedMessages`` of a call: send to its device, and see what became of every message.

The original has ``create`` alone, with four fields. Lists, the state of each message and waiting
for a reply are midcall's own (docs/decisions/0011-own-rest-resources.md).
"""

from typing import Annotated, Final

from msgspec import Meta
from starlette.responses import Response

from midcall.core.ports import EntryFilter, MessageFilter, Sending
from midcall.model.endpoints import Method
from midcall.model.messages import Direction, MessageState, UserDefinedMessage
from midcall.model.outbox import Entry
from midcall.model.sids import CallSid, MessageSid
from midcall.rest import calls, parameters
from midcall.rest import operations as op
from midcall.rest.door import Ask, answer, answer_page
from midcall.rest.operations import Field
from midcall.rest.paging import read_page
from midcall.wire import message_resources as resources
from midcall.wire.callback_resources import Attempted
from midcall.wire.forms import Form
from midcall.wire.message_resources import (
    CreatedUserDefinedMessageResource,
    ListedUserDefinedMessageResource,
    WholeUserDefinedMessageResource,
)
from midcall.wire.shapes import CallSidText, UrlText

MAX_REPLY_SECONDS: Final = 60
"""How long a request may wait for a device. Proxies in front seldom keep a silent one for longer.
"""

MAX_SEARCH_CHARACTERS: Final = 200
"""The longest text that is looked for."""

_ENTRIES: Final = 1000
"""How many entries that carry one message are looked at: more than subscriptions can owe it."""


async def create(ask: Ask) -> Response:
    """Accept a message (UserDefinedMessage resource page). The answer says that it is durable.

    With ``ReplyTimeout`` it is given when the device has answered.
    """
    seconds = reply_seconds(ask.form)
    call = CallSid(ask.named["CallSid"])
    sent = await ask.desk.messaging.send(ask.account_sid, call, read_sending(ask.form))
    reply = await ask.desk.messaging.reply_to(sent, seconds) if seconds else None
    return answer(resources.created_message(sent, reply), 201)


async def fetch(ask: Ask) -> Response:
    """Show a message, and every request that was made for it."""
    call = await calls.get(ask)
    found = await ask.desk.store.find_message(call.sid, MessageSid(ask.named["MessageSid"]))
    if found is None:
        raise ask.not_found()
    return answer(resources.whole_message(found, await _attempted(ask, found)))


async def list_of_call(ask: Ask) -> Response:
    """List the messages of a call, over or not, newest first."""
    call = await calls.get(ask)
    return await _list(ask, call.sid)


async def list_of_account(ask: Ask) -> Response:
    """List the messages of all calls, newest first."""
    return await _list(ask, parameters.call_sid(ask.query, "CallSid"))


def read_sending(form: Form) -> Sending:
    """Return the message that a form asks for. Raises ``InvalidUrl`` and ``InvalidMethod``."""
    return Sending(
        content=form.find("Content"),
        idempotency_key=form.find("IdempotencyKey") or None,
        status_callback=parameters.endpoint(form, "StatusCallback", "StatusCallbackMethod"),
    )


def reply_seconds(form: Form) -> int:
    """Return how long a form asks to wait for a reply; 0 if it does not.

    Raises ``InvalidParameter``.
    """
    return parameters.number(form, "ReplyTimeout", 1, MAX_REPLY_SECONDS) or 0


async def _list(ask: Ask, call: CallSid | None) -> Response:
    page = read_page(ask.query, ask.operation.filters)
    filters = MessageFilter(
        call_sid=call,
        direction=parameters.word(ask.query, "Direction", Direction),
        state=parameters.word(ask.query, "State", MessageState),
        search=parameters.text(ask.query, "Search", MAX_SEARCH_CHARACTERS),
    )
    found = await ask.desk.store.list_messages(
        ask.account_sid, filters, offset=page.offset, limit=page.size + 1
    )
    return answer_page(ask, page, found, resources.listed_message)


async def _attempted(ask: Ask, message: UserDefinedMessage) -> list[Attempted]:
    """Return every attempt on every entry that carries a message, oldest first."""
    store = ask.desk.store
    carrying = EntryFilter(call_sid=message.call_sid, message_sid=message.sid)
    entries: list[Entry] = await store.list_entries(
        ask.account_sid, carrying, offset=0, limit=_ENTRIES
    )
    attempted = [
        (entry, attempt)
        for entry in entries
        for attempt in await store.attempts(entry.lane, entry.position)
    ]
    return sorted(attempted, key=lambda one: one[1].attempted_at)


SENDING: Final = (
    Field(name="Content", required=True, about="JSON, 10,000 characters at most."),
    Field(name="IdempotencyKey"),
    op.own("StatusCallback", UrlText, "Told when the message is delivered, expired or failed."),
    op.own("StatusCallbackMethod", Method),
)
"""The parameters of a message, wherever it goes."""

_FILTERS: Final = (
    op.own("Direction", Direction),
    op.own("State", MessageState),
    op.own(
        "Search",
        Annotated[str, Meta(max_length=MAX_SEARCH_CHARACTERS)],
        "A text in the content, in either case.",
    ),
)
_LISTING: Final = op.Listing(name="user_defined_messages", item=ListedUserDefinedMessageResource)

CREATE = op.create(
    "CreateUserDefinedMessage",
    create,
    CreatedUserDefinedMessageResource,
    *SENDING,
    op.own(
        "ReplyTimeout",
        Annotated[int, Meta(ge=1, le=MAX_REPLY_SECONDS)],
        "In seconds: wait for a message of the device with `inReplyTo`, and answer with it.",
    ),
    waits=reply_seconds,
)
FETCH = op.fetch("FetchUserDefinedMessage", fetch, WholeUserDefinedMessageResource)
LIST = op.lists("ListUserDefinedMessage", list_of_call, _LISTING, *_FILTERS)
LIST_ALL = op.lists(
    "ListAccountUserDefinedMessage",
    list_of_account,
    _LISTING,
    op.own("CallSid", CallSidText),
    *_FILTERS,
)
