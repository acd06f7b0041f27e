"""``UserDefinedMessages``: send a message to the SDK that holds a call leg."""

from starlette.responses import Response

from midcall.model.sids import CallSid
from midcall.rest.door import Ask, answer
from midcall.wire import resources


async def create(ask: Ask) -> Response:
    """Accept a message (UserDefinedMessage resource page). The answer says that it is durable."""
    message = await ask.desk.messaging.send(
        ask.account_sid,
        CallSid(ask.sids["CallSid"]),
        ask.form.find("Content"),
        ask.form.find("IdempotencyKey") or None,
    )
    return answer(resources.user_defined_message(message), 201)
