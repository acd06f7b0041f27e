"""``Tokens``: credentials for the site's TURN servers, with an expiry.

Nothing of them is kept: the TURN server checks them by the secret that both know. A site without a
TURN server gets an answer without credentials, so that an application which always asks works.
"""

from typing import Annotated

from msgspec import Meta
from starlette.responses import Response

from midcall.rest import operations as op
from midcall.rest.door import Ask, answer
from midcall.rest.operations import Field
from midcall.rest.parameters import number
from midcall.wire import turn

DEFAULT_TTL_SECONDS = 86_400
"""A day (Tokens page). It is also the most: what cannot be called back should not live longer."""


async def create(ask: Ask) -> Response:
    """Make credentials that last for ``Ttl`` seconds."""
    ttl_seconds = number(ask.form, "Ttl", 1, DEFAULT_TTL_SECONDS) or DEFAULT_TTL_SECONDS
    desk = ask.desk
    return answer(turn.token(ask.account_sid, desk.turn, desk.clock(), ttl_seconds), 201)


CREATE = op.create(
    "CreateToken",
    create,
    turn.TokenResource,
    Field(
        name="Ttl",
        type=Annotated[int, Meta(ge=1, le=DEFAULT_TTL_SECONDS)],
        about="In seconds; a day unless given.",
    ),
)
