"""``<Dial>`` and its nouns (TwiML pages ``<Dial>`` and ``<Client>``).

A ``<Dial>`` without a noun that can be rung is a ``Dial`` without clients: whoever runs it goes on
as the original does when nobody can be reached.
"""

import re
from typing import Final
from xml.etree.ElementTree import Element

from midcall.model.calls import CallEvent
from midcall.model.twiml import (
    DIAL_TIME_LIMIT_SECONDS,
    DIAL_TIMEOUT_SECONDS,
    Client,
    Dial,
    Parameter,
)
from midcall.wire.twiml_elements import Reader, Warnings, own_text, shorten

MAX_CLIENTS: Final = 10
"""The most ``<Client>`` nouns in one ``<Dial>`` (TwiML ``<Client>`` page)."""

IDENTITY_CHARACTERS: Final = 256
"""The longest identity (TwiML ``<Client>`` page)."""

# The error dictionary's codes for the attributes of <Dial>.
_METHOD: Final = 13210
_TIMEOUT: Final = 13212
_NESTED: Final = 13215
_TIME_LIMIT: Final = 13216
_ANSWER_ON_BRIDGE: Final = 13219

_DIAL_NOT_YET: Final = frozenset(
    {
        "callReason",
        "events",
        "hangupOnStar",
        "record",
        "recordingConfigurationId",
        "recordingStatusCallback",
        "recordingStatusCallbackEvent",
        "recordingStatusCallbackMethod",
        "recordingTrack",
        "referMethod",
        "referUrl",
        "ringTone",
        "sequential",
        "trim",
    }
)

_NOUNS_NOT_YET: Final = frozenset(
    {"Application", "Conference", "Number", "Queue", "Sim", "Sip", "WhatsApp"}
)

_CLIENT_NOT_YET: Final = frozenset({"clientNotificationUrl", "method", "url"})

_NUMBER: Final = re.compile(r"\+?[0-9][0-9 ().-]*", re.ASCII)


def parse_dial(element: Element, warnings: Warnings) -> Dial:
    """Read a ``<Dial>``."""
    reader = Reader(element, warnings)
    dial = Dial(
        clients=_clients(element, warnings),
        action=reader.endpoint("action", "method", code=_METHOD),
        timeout_seconds=reader.seconds("timeout", default=DIAL_TIMEOUT_SECONDS, code=_TIMEOUT),
        time_limit_seconds=reader.seconds(
            "timeLimit", default=DIAL_TIME_LIMIT_SECONDS, code=_TIME_LIMIT
        ),
        caller_id=reader.text("callerId"),
        answer_on_bridge=reader.flag("answerOnBridge", default=False, code=_ANSWER_ON_BRIDGE),
    )
    reader.finish(not_supported_yet=_DIAL_NOT_YET)
    _warn_of_text(element, warnings)
    return dial


def _warn_of_text(element: Element, warnings: Warnings) -> None:
    text = own_text(element)
    if _NUMBER.fullmatch(text):
        warnings.schema("Dial of a phone number is not supported yet")
    elif text:
        warnings.schema("text in Dial is not a phone number")


def _clients(element: Element, warnings: Warnings) -> tuple[Client, ...]:
    clients: list[Client] = []
    for noun in element:
        if noun.tag == "Client":
            client = _client(noun, warnings)
            if client is not None:
                clients.append(client)
        elif noun.tag in _NOUNS_NOT_YET:
            warnings.schema(f"Dial of {noun.tag} is not supported yet")
        else:
            warnings.add(_NESTED, f"element {shorten(noun.tag)} does not belong in Dial")
    if len(clients) > MAX_CLIENTS:
        over = len(clients) - MAX_CLIENTS
        warnings.schema(f"Dial rings at most {MAX_CLIENTS} clients, {over} are left out")
    return tuple(clients[:MAX_CLIENTS])


def _client(element: Element, warnings: Warnings) -> Client | None:
    reader = Reader(element, warnings)
    identity, parameters = _identity_and_parameters(element, warnings)
    status_callback = reader.endpoint("statusCallback", "statusCallbackMethod")
    events = _events(reader.text("statusCallbackEvent"), warnings)
    reader.finish(not_supported_yet=_CLIENT_NOT_YET)
    if not identity:
        warnings.schema("Client without an identity is left out")
        return None
    if len(identity) > IDENTITY_CHARACTERS:
        warnings.schema(
            f"Client with an identity of {len(identity)} characters is left out, "
            f"the limit is {IDENTITY_CHARACTERS}"
        )
        return None
    return Client(
        identity=identity,
        parameters=parameters,
        status_callback=status_callback,
        status_callback_events=events,
    )


def _identity_and_parameters(
    element: Element, warnings: Warnings
) -> tuple[str, tuple[Parameter, ...]]:
    """Return the identity, from ``<Identity>`` or else from the text, and the parameters."""
    identities: list[str] = []
    parameters: list[Parameter] = []
    for child in element:
        if child.tag == "Identity":
            identities.append(_identity(child, warnings))
        elif child.tag == "Parameter":
            parameters.extend(_parameter(child, warnings))
        else:
            warnings.schema(f"element {shorten(child.tag)} does not belong in Client")
    text = own_text(element)
    if len(identities) + bool(text) > 1:
        warnings.schema("Client has more than one identity, the first Identity counts")
    return (identities[0] if identities else text), tuple(parameters)


def _identity(element: Element, warnings: Warnings) -> str:
    reader = Reader(element, warnings)
    reader.finish()
    reader.no_elements()
    return own_text(element)


def _parameter(element: Element, warnings: Warnings) -> tuple[Parameter, ...]:
    """Return the parameter if it has a name. A value may be empty, and blanks count in it."""
    reader = Reader(element, warnings)
    parameter = Parameter(reader.raw("name"), reader.raw("value"))
    reader.finish()
    reader.no_elements()
    if not parameter.name:
        warnings.schema("Parameter without a name is left out")
        return ()
    return (parameter,)


def _events(text: str | None, warnings: Warnings) -> frozenset[CallEvent]:
    """Return the stages that ``statusCallbackEvent`` lists, parted by spaces."""
    known = {event.value: event for event in CallEvent}
    named = (text or "").split()
    for name in named:
        if name not in known:
            warnings.schema(f"statusCallbackEvent {shorten(name)} of Client is unknown")
    events = frozenset(known[name] for name in named if name in known)
    return events or frozenset({CallEvent.COMPLETED})
