"""``UserDefinedMessages``: send a message to the SDK that holds a call leg."""

from starlette.responses import Response

from midcall.model.sids import CallSid
from midcall.rest import operations as op
from midcall.rest.door import Ask, answer
from midcall.rest.operations import Field
from midcall.wire import resources
from midcall.wire.resources import UserDefinedMessageResource


async def create(ask: Ask) -> Response:
    """Accept a message (UserDefinedMessage resource page). The answer says that it is durable."""
    message = await ask.desk.messaging.send(
        ask.account_sid,
        CallSid(ask.sids["CallSid"]),
        ask.form.find("Content"),
        ask.form.find("IdempotencyKey") or None,
    )
    return answer(resources.user_defined_message(message), 201)


CREATE = op.create(
    "CreateUserDefinedMessage",
    create,
    UserDefinedMessageResource,
    Field(name="Content", required=True, about="JSON, 10,000 characters at most."),
    Field(name="IdempotencyKey"),
)
