"""``Callbacks``: every request that is owed to an application's server, and what became of it.

One that was given up can be sent again. A callback is named by what its requests had in
``I-Twilio-Idempotency-Token``, so whoever received one can look it up.
"""

from typing import Literal

from starlette.responses import Response

from midcall.core.ports import EntryFilter
from midcall.model.errors import InvalidParameter
from midcall.model.outbox import EntryKind, EntryState
from midcall.rest import operations as op
from midcall.rest import parameters
from midcall.rest.door import Ask, answer, answer_page
from midcall.rest.operations import Field, Operation, Support
from midcall.rest.paging import read_page
from midcall.wire import callback_resources as resources
from midcall.wire.callback_resources import (
    CallbackResource,
    RedrivenResource,
    WholeCallbackResource,
)
from midcall.wire.forms import Form
from midcall.wire.shapes import CallSidText, MessageSidText, SubscriptionSidText


async def fetch(ask: Ask) -> Response:
    """Show a callback, and every attempt on it."""
    store = ask.desk.store
    found = await store.find_entry(ask.account_sid, _token(ask))
    if found is None:
        raise ask.not_found()
    attempts = await store.attempts(found.lane, found.position)
    return answer(resources.whole_callback(found, attempts))


async def list_page(ask: Ask) -> Response:
    """List the callbacks, newest first."""
    page = read_page(ask.query, ask.operation.filters)
    filters = EntryFilter(
        state=parameters.word(ask.query, "State", EntryState),
        kind=parameters.word(ask.query, "Kind", EntryKind),
        call_sid=parameters.call_sid(ask.query, "CallSid"),
        message_sid=parameters.message_sid(ask.query, "MessageSid"),
        subscription_sid=parameters.subscription_sid(ask.query, "SubscriptionSid"),
    )
    found = await ask.desk.store.list_entries(
        ask.account_sid, filters, offset=page.offset, limit=page.size + 1
    )
    return answer_page(ask, page, found, resources.callback)


async def update(ask: Ask) -> Response:
    """Send a callback again that was given up."""
    _check_state(ask.form)
    entry = await ask.desk.redriving.redrive(ask.account_sid, _token(ask))
    return answer(resources.callback(entry))


async def redrive(ask: Ask) -> Response:
    """Send every callback again that was given up, or those of a call or a subscription."""
    filters = EntryFilter(
        state=EntryState.DEAD,
        call_sid=parameters.call_sid(ask.form, "CallSid"),
        subscription_sid=parameters.subscription_sid(ask.form, "SubscriptionSid"),
    )
    count = await ask.desk.redriving.redrive_all(ask.account_sid, filters)
    return answer(RedrivenResource(redriven=count))


def _token(ask: Ask) -> str:
    """Return the token that a path names. A UUID is the same in either case (RFC 9562)."""
    return ask.named["CallbackId"].lower()


def _check_state(form: Form) -> None:
    if form.find("State") != EntryState.PENDING:
        raise InvalidParameter("State", f"it must be {EntryState.PENDING}, to send it again")


LIST = op.lists(
    "ListCallback",
    list_page,
    op.Listing(name="callbacks", item=CallbackResource),
    op.own("State", EntryState),
    op.own("Kind", EntryKind),
    op.own("CallSid", CallSidText),
    op.own("MessageSid", MessageSidText),
    op.own("SubscriptionSid", SubscriptionSidText),
)
FETCH = op.fetch("FetchCallback", fetch, WholeCallbackResource)
UPDATE = op.update(
    "UpdateCallback",
    update,
    CallbackResource,
    Field(name="State", type=Literal["pending"], required=True, support=Support.OWN),
)
REDRIVE = Operation(
    id="RedriveCallbacks",
    verb=redrive,
    answer=RedrivenResource,
    form=(
        op.own("CallSid", CallSidText),
        op.own("SubscriptionSid", SubscriptionSidText),
    ),
    changes=True,
)
