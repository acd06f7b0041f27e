"""``UserDefinedMessageSubscriptions`` of a call: be told of what the SDK of a leg sends.

``Replay``, lists and looking one up are midcall's own.
"""

from starlette.responses import Response

from midcall.core.ports import Subscribing
from midcall.model.endpoints import Method
from midcall.model.sids import CallSid, SubscriptionSid
from midcall.rest import calls
from midcall.rest import operations as op
from midcall.rest.door import Ask, answer, answer_page
from midcall.rest.operations import Field
from midcall.rest.paging import read_page
from midcall.rest.parameters import flag
from midcall.wire.forms import Form
from midcall.wire.message_resources import WholeSubscriptionResource, whole_subscription
from midcall.wire.resources import SubscriptionResource, subscription
from midcall.wire.shapes import UrlText


async def create(ask: Ask) -> Response:
    """Accept a subscription (Call Message Events page). The answer says that it is durable."""
    made = await ask.desk.messaging.subscribe(
        ask.account_sid,
        CallSid(ask.named["CallSid"]),
        read_subscribing(ask.form),
        replay=flag(ask.form, "Replay") or False,
    )
    return answer(subscription(made), 201)


async def fetch(ask: Ask) -> Response:
    """Show a subscription of a call."""
    call = await calls.get(ask)
    found = await ask.desk.store.find_subscription(SubscriptionSid(ask.named["SubscriptionSid"]))
    if found is None or found.call_sid != call.sid:
        raise ask.not_found()
    return answer(whole_subscription(found))


async def list_page(ask: Ask) -> Response:
    """List the subscriptions of a call, newest first."""
    call = await calls.get(ask)
    page = read_page(ask.query)
    found = (await ask.desk.store.subscriptions(call.sid))[::-1]
    shown = found[page.offset : page.offset + page.size + 1]
    return answer_page(ask, page, shown, whole_subscription)


async def delete(ask: Ask) -> Response:
    """End a subscription."""
    await ask.desk.messaging.unsubscribe(
        ask.account_sid,
        CallSid(ask.named["CallSid"]),
        SubscriptionSid(ask.named["SubscriptionSid"]),
    )
    return Response(status_code=204)


def read_subscribing(form: Form) -> Subscribing:
    """Return where a form asks to be told."""
    return Subscribing(
        callback=form.find("Callback"),
        method=form.find("Method"),
        idempotency_key=form.find("IdempotencyKey") or None,
    )


SUBSCRIBING = (
    Field(name="Callback", type=UrlText, required=True),
    Field(name="IdempotencyKey"),
    Field(name="Method", type=Method),
)
"""The parameters of a subscription, whatever it is to."""

CREATE = op.create(
    "CreateUserDefinedMessageSubscription",
    create,
    SubscriptionResource,
    *SUBSCRIBING,
    op.own("Replay", bool, "Begin with the messages that came before; `false` unless given."),
)
FETCH = op.fetch("FetchUserDefinedMessageSubscription", fetch, WholeSubscriptionResource)
LIST = op.lists(
    "ListUserDefinedMessageSubscription",
    list_page,
    op.Listing(name="user_defined_message_subscriptions", item=WholeSubscriptionResource),
)
DELETE = op.delete("DeleteUserDefinedMessageSubscription", delete)
