"""The forms of ``Calls``: what a call is to be, and what is to be changed of one.

Every value is checked here, under the codes of the error dictionary for calls (21201 to 21220).
"""

import re
from typing import Final

from midcall.core.ports import CallRequest, CallUpdate
from midcall.model.calls import CallEvent, CallStatus
from midcall.model.endpoints import Endpoint, Method
from midcall.model.errors import InvalidMethod, InvalidParameter, ParameterRefused
from midcall.model.twiml import DIAL_TIME_LIMIT_SECONDS, IDENTITY_CHARACTERS, Parameter
from midcall.rest import parameters
from midcall.wire import forms
from midcall.wire.forms import Form
from midcall.wire.phone_numbers import parse_number

TWIML_CHARACTERS: Final = 4000
"""The longest ``Twiml`` (error 32018)."""

MAX_TIMEOUT_SECONDS: Final = 600
DEFAULT_TIMEOUT_SECONDS: Final = 60
"""How long a call rings at most, and unless told otherwise (Calls page)."""

MAX_TIME_LIMIT_SECONDS: Final = 86_400
"""The longest call: a day, as in the original where the account may."""

CLIENT: Final = "client:"

_ADDRESS_CHARACTERS: Final = len(CLIENT) + IDENTITY_CHARACTERS
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_KEYS: Final = re.compile(r"[0-9A-D#*wW]{0,32}", re.ASCII)


def read_request(form: Form) -> CallRequest:
    """Return the call that a form asks for.

    With an ``ApplicationSid`` the parameters that the application has as well are passed over, as
    on the Calls page. Raises the documented faults.
    """
    to_address, given = _to(form)
    application_sid = parameters.application_sid(form)
    own = application_sid is None
    voice = _endpoint(form, "Url", "Method") if own else None
    twiml = _twiml(form) if own and voice is None else ""
    if own and voice is None and not twiml:
        raise ParameterRefused(21205, "Url parameter is required, or Twiml, or ApplicationSid")
    timeout = _timeout(form)
    return CallRequest(
        to_address=to_address,
        from_address=_from(form, to_address),
        voice=voice,
        fallback=_endpoint(form, "FallbackUrl", "FallbackMethod") if voice else None,
        twiml=twiml,
        application_sid=application_sid,
        status_callback=_endpoint(form, "StatusCallback", "StatusCallbackMethod") if own else None,
        status_callback_events=_events(form),
        timeout_seconds=DEFAULT_TIMEOUT_SECONDS if timeout is None else timeout,
        time_limit_seconds=_time_limit(form) or DIAL_TIME_LIMIT_SECONDS,
        send_digits=_send_digits(form),
        parameters=given,
    )


def read_update(form: Form) -> CallUpdate:
    """Return what a form changes of a call. Raises the documented faults."""
    voice = _endpoint(form, "Url", "Method")
    fallback = _endpoint(form, "FallbackUrl", "FallbackMethod")
    if fallback is not None and voice is None:
        raise ParameterRefused(21405, "FallbackUrl cannot be set without Url")
    return CallUpdate(
        status=_status(form),
        voice=voice,
        fallback=fallback,
        twiml=_twiml(form) if voice is None else "",
        status_callback=_endpoint(form, "StatusCallback", "StatusCallbackMethod"),
        time_limit_seconds=_time_limit(form),
    )


def has_both(form: Form) -> bool:
    """Tell whether a form has both ``Url`` and ``Twiml``, of which ``Url`` wins (warning 32019)."""
    return all(form.find(name) for name in ("Url", "Twiml")) and not form.find("ApplicationSid")


def _to(form: Form) -> tuple[str, tuple[Parameter, ...]]:
    """Return whom to call, and what travels along: ``client:amy?topic=billing``."""
    text = form.find("To")
    if not text:
        raise ParameterRefused(21201, "No 'To' number is specified")
    if not text.lower().startswith(CLIENT):
        number = parse_number(text)
        if number is None:
            raise ParameterRefused(21211, f"Invalid 'To': {text} is no phone number, nor client:…")
        return number, ()
    identity, _, query = text[len(CLIENT) :].partition("?")
    if not parameters.is_identity(identity):
        raise ParameterRefused(
            21211, f"Invalid 'To': an identity has 1 to {IDENTITY_CHARACTERS} characters"
        )
    given = forms.parse(query.encode()).fields
    return f"{CLIENT}{identity}", tuple(Parameter(name, value) for name, value in given)


def _from(form: Form, to_address: str) -> str:
    """Return who calls. Whom an SDK's user sees is free; on a phone line it is a number."""
    text = form.find("From")
    if not text:
        raise ParameterRefused(21213, "'From' phone number is required")
    number = parse_number(text)
    if number is not None:
        return number
    free = to_address.startswith(CLIENT)
    if not free or len(text) > _ADDRESS_CHARACTERS or _CONTROL.search(text):
        raise ParameterRefused(21212, f"Invalid 'From': {text[:_ADDRESS_CHARACTERS]}")
    return text


def _endpoint(form: Form, url: str, method: str) -> Endpoint | None:
    """Return a webhook. A bad URL is 21205, a bad method 21209."""
    try:
        given = parameters.method(form, method)
    except InvalidMethod as fault:
        raise ParameterRefused(21209, str(fault)) from None
    text = parameters.url(form, url)
    return Endpoint(text, given or Method.POST) if text else None


def _twiml(form: Form) -> str:
    text = form.find("Twiml") or ""
    if len(text) > TWIML_CHARACTERS:
        raise ParameterRefused(
            32018, f"Twiml has {len(text)} characters, the limit is {TWIML_CHARACTERS}"
        )
    return text


def _events(form: Form) -> frozenset[CallEvent]:
    """Return the stages to tell of: repeated, or with spaces between them as in TwiML."""
    words = [word for value in form.all("StatusCallbackEvent") for word in value.split()]
    try:
        return frozenset(map(CallEvent, words)) or frozenset({CallEvent.COMPLETED})
    except ValueError:
        known = ", ".join(CallEvent)
        raise InvalidParameter("StatusCallbackEvent", f"each must be one of {known}") from None


def _timeout(form: Form) -> int | None:
    try:
        return parameters.number(form, "Timeout", 1, MAX_TIMEOUT_SECONDS)
    except InvalidParameter as fault:
        raise ParameterRefused(21208, str(fault)) from None


def _time_limit(form: Form) -> int | None:
    return parameters.number(form, "TimeLimit", 1, MAX_TIME_LIMIT_SECONDS)


def _send_digits(form: Form) -> str:
    text = form.find("SendDigits") or ""
    if not _KEYS.fullmatch(text):
        raise ParameterRefused(21206, "SendDigits has at most 32 of 0-9 A-D # * w W")
    return text


def _status(form: Form) -> CallStatus | None:
    status = parameters.word(form, "Status", CallStatus)
    if status not in {None, CallStatus.CANCELED, CallStatus.COMPLETED}:
        raise InvalidParameter("Status", "a call can be completed or canceled")
    return status
