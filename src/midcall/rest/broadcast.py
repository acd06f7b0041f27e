"""``UserDefinedMessages`` of an account: one message to several legs, a result for each.

It goes to every active leg of an SDK's user, or to the legs of one family.
"""

from typing import Final

from starlette.responses import Response

from midcall.core.ports import Audience, LegResult, Legs
from midcall.model.errors import Fault, InvalidParameter, ParameterRefused
from midcall.model.twiml import IDENTITY_CHARACTERS
from midcall.rest import messages, parameters
from midcall.rest import operations as op
from midcall.rest.call_forms import CLIENT
from midcall.rest.door import Ask, answer
from midcall.wire import message_resources as resources
from midcall.wire.forms import Form
from midcall.wire.message_resources import BroadcastResource
from midcall.wire.shapes import CallSidText


async def create(ask: Ask) -> Response:
    """Send a message to several legs. It is accepted, durably, where the result has a SID."""
    audience = _audience(ask.form)
    sending = messages.read_sending(ask.form)
    results = await ask.desk.messaging.broadcast(ask.account_sid, audience, sending)
    accepted = [result.created.created_at for result in results if result.created is not None]
    if not accepted:
        raise _refusal(results)
    # A repeat is answered as the first request was, so its date is that of what there was first.
    outcomes = [(result.call_sid, result.created, result.fault) for result in results]
    return answer(resources.broadcast(ask.account_sid, min(accepted), outcomes), 201)


def _audience(form: Form) -> Audience:
    """Return who a form is to reach.

    Raises ``ParameterRefused``: 21201 if it names nobody, 21211 for a ``To`` that is no client; and
    ``InvalidParameter``.
    """
    to, parent = form.find("To"), parameters.call_sid(form, "CallSid")
    legs = parameters.word(form, "Legs", Legs)
    if to and parent:
        raise InvalidParameter("CallSid", "give it or To, not both")
    if parent:
        return Audience(parent=parent, legs=legs or Legs.ALL)
    if not to:
        raise ParameterRefused(21201, "Nobody is named to send to: give To or CallSid")
    if legs:
        raise InvalidParameter("Legs", "it goes with CallSid")
    return Audience(identity=_identity(to))


def _identity(to: str) -> str:
    identity = to[len(CLIENT) :]
    if not to.lower().startswith(CLIENT) or not parameters.is_identity(identity):
        raise ParameterRefused(
            21211,
            f"Invalid 'To': {CLIENT} and an identity of 1 to {IDENTITY_CHARACTERS} characters",
        )
    return identity


def _refusal(results: tuple[LegResult, ...]) -> Fault:
    """Return why nothing was accepted anywhere: what the first leg says."""
    return next((result.fault for result in results if result.fault is not None), Fault())


_AUDIENCE: Final = (
    op.own("To", about="`client:` and an identity: all of its active calls. This or CallSid."),
    op.own("CallSid", CallSidText, "A parent call: the legs of its family. This or To."),
    op.own("Legs", Legs, "Of the family: `all` unless given."),
)

CREATE = op.create(
    "CreateAccountUserDefinedMessage",
    create,
    BroadcastResource,
    *messages.SENDING,
    *_AUDIENCE,
)
