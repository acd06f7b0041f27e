"""``UserDefinedMessageSubscriptions`` of an account: be told of the messages of every call.

A standing subscription is in force before the first frame of a call, so nothing can come too early
for it.
"""

from enum import StrEnum

from starlette.responses import Response

from midcall.core.ports import Narrowing
from midcall.model.errors import ApplicationNotAccessible, InvalidParameter
from midcall.model.messages import Direction, StandingSubscription
from midcall.model.sids import ApplicationSid, SubscriptionSid
from midcall.model.twiml import IDENTITY_CHARACTERS
from midcall.rest import operations as op
from midcall.rest import parameters
from midcall.rest.door import Ask, answer, answer_page
from midcall.rest.paging import read_page
from midcall.rest.subscriptions import SUBSCRIBING, read_subscribing
from midcall.wire.forms import Form
from midcall.wire.message_resources import StandingSubscriptionResource, standing_subscription
from midcall.wire.shapes import ApplicationSidText


class Directions(StrEnum):
    """The messages that a standing subscription is told of."""

    UPLINK = "uplink"
    DOWNLINK = "downlink"
    BOTH = "both"


async def create(ask: Ask) -> Response:
    """Subscribe to the messages of every call. The answer says that it is durable."""
    narrowing = Narrowing(
        application_sid=await _application(ask),
        identity=_identity(ask.form),
        direction=_direction(ask.form),
    )
    subscribing = read_subscribing(ask.form)
    made = await ask.desk.messaging.stand(ask.account_sid, subscribing, narrowing)
    return answer(standing_subscription(made), 201)


async def fetch(ask: Ask) -> Response:
    """Show a subscription to the messages of every call."""
    sid = ask.named["SubscriptionSid"]
    found = next((one for one in await _all(ask) if one.sid == sid), None)
    if found is None:
        raise ask.not_found()
    return answer(standing_subscription(found))


async def list_page(ask: Ask) -> Response:
    """List the subscriptions to the messages of every call, newest first."""
    page = read_page(ask.query)
    found = (await _all(ask))[::-1]
    shown = found[page.offset : page.offset + page.size + 1]
    return answer_page(ask, page, shown, standing_subscription)


async def delete(ask: Ask) -> Response:
    """End a subscription. What it is owed already is still delivered."""
    sid = SubscriptionSid(ask.named["SubscriptionSid"])
    await ask.desk.messaging.withdraw(ask.account_sid, sid)
    return Response(status_code=204)


async def _all(ask: Ask) -> list[StandingSubscription]:
    return await ask.desk.store.standing_subscriptions(ask.account_sid)


async def _application(ask: Ask) -> ApplicationSid | None:
    """Return the application whose calls are meant; raise ``ApplicationNotAccessible``."""
    sid = parameters.application_sid(ask.form)
    if sid is None:
        return None
    found = await ask.desk.store.find_application(sid)
    if found is None or found.account_sid != ask.account_sid:
        raise ApplicationNotAccessible(sid)
    return sid


def _identity(form: Form) -> str | None:
    text = form.find("Identity")
    if text and not parameters.is_identity(text):
        raise InvalidParameter(
            "Identity", f"an identity has 1 to {IDENTITY_CHARACTERS} characters, none of control"
        )
    return text or None


def _direction(form: Form) -> Direction | None:
    """Return the direction that is meant, ``None`` for both."""
    asked = parameters.word(form, "Direction", Directions) or Directions.UPLINK
    return None if asked is Directions.BOTH else Direction(asked)


CREATE = op.create(
    "CreateAccountUserDefinedMessageSubscription",
    create,
    StandingSubscriptionResource,
    *SUBSCRIBING,
    op.own("ApplicationSid", ApplicationSidText, "Only calls that this application began."),
    op.own("Identity", about="Only the calls of this SDK user."),
    op.own("Direction", Directions, "`uplink` unless given."),
)
FETCH = op.fetch("FetchAccountUserDefinedMessageSubscription", fetch, StandingSubscriptionResource)
LIST = op.lists(
    "ListAccountUserDefinedMessageSubscription",
    list_page,
    op.Listing(name="user_defined_message_subscriptions", item=StandingSubscriptionResource),
)
DELETE = op.delete("DeleteAccountUserDefinedMessageSubscription", delete)
