"""``UserDefinedMessageSubscriptions``: be told of what the SDK of a call leg sends."""

from starlette.responses import Response

from midcall.model.endpoints import Method
from midcall.model.sids import CallSid, SubscriptionSid
from midcall.rest import operations as op
from midcall.rest.door import Ask, answer
from midcall.rest.operations import Field
from midcall.wire import resources
from midcall.wire.resources import SubscriptionResource
from midcall.wire.shapes import UrlText


async def create(ask: Ask) -> Response:
    """Accept a subscription (Call Message Events page). The answer says that it is durable."""
    subscription = await ask.desk.messaging.subscribe(
        ask.account_sid,
        CallSid(ask.sids["CallSid"]),
        ask.form.find("Callback"),
        ask.form.find("Method"),
        ask.form.find("IdempotencyKey") or None,
    )
    return answer(resources.subscription(subscription), 201)


async def delete(ask: Ask) -> Response:
    """End a subscription."""
    await ask.desk.messaging.unsubscribe(
        ask.account_sid,
        CallSid(ask.sids["CallSid"]),
        SubscriptionSid(ask.sids["SubscriptionSid"]),
    )
    return Response(status_code=204)


CREATE = op.create(
    "CreateUserDefinedMessageSubscription",
    create,
    SubscriptionResource,
    Field(name="Callback", type=UrlText, required=True),
    Field(name="IdempotencyKey"),
    Field(name="Method", type=Method),
)
DELETE = op.delete("DeleteUserDefinedMessageSubscription", delete)
