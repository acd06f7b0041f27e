"""The parameters of a TwiML request (TwiML "Twilio's request to your application")."""

from midcall.model.calls import API_VERSION, Call
from midcall.model.families import Leg


def standard_parameters(call: Call) -> dict[str, str]:
    """Return what every TwiML request of a call says of it."""
    parameters = {
        "AccountSid": call.account_sid,
        "ApiVersion": API_VERSION,
        "CallSid": call.sid,
        "CallStatus": call.status.value,
        "Called": call.to_address,
        "Caller": call.from_address,
        "Direction": call.direction.value,
        "From": call.from_address,
        "To": call.to_address,
    }
    if call.parent_call_sid is not None:
        parameters["ParentCallSid"] = call.parent_call_sid
    return parameters


def call_parameters(leg: Leg) -> dict[str, str]:
    """Return the parameters of a leg's TwiML requests: the standard ones and its caller's own.

    The caller's own cannot replace a standard one: a device could otherwise pass for another
    identity or account. ``To`` is no exception, since the call's ``To`` is the caller's already.
    """
    own = {parameter.name: parameter.value for parameter in leg.parameters}
    parameters = own | standard_parameters(leg.call)
    if not leg.called and not leg.number:
        # An SDK's call names no called party of its own, whatever its parameters say.
        parameters["Called"] = ""
    if leg.call.application_sid is not None:
        parameters["ApplicationSid"] = leg.call.application_sid
    if leg.call.stir_status is not None:
        parameters["StirVerstat"] = leg.call.stir_status
    return parameters
