"""The requests that customers' servers get: callbacks of the outbox, requests for TwiML and sounds.

- A user-defined message is a JSON object whose seven values are all strings, signed as if its pairs
  were form fields: what the Call Message Events page shows, and what the official validators accept
  behind a JSON body parser. ``CallbackFormat.FORM`` sends the same pairs as a form.
- Everything else is a form with its names sorted, as the original's webhooks are.
- GET carries the pairs in the query, whatever the format.
- ``Timestamp`` says when a message's request was sent, so it is all that differs in a repeat; in a
  status callback it says when the call came to the stage that is told of, in a receipt when the
  message was settled.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final
from urllib.parse import urlencode

import msgspec

from midcall.model.endpoints import Endpoint, Method
from midcall.model.messages import UserDefinedMessage
from midcall.model.outbox import Entry, EntryKind
from midcall.wire import signature
from midcall.wire.dates import format_rfc2822
from midcall.wire.urls import WebhookUrl, parse_webhook_url

USER_AGENT: Final = "TwilioProxy/1.1"
"""What the original's webhooks call themselves; customers' firewalls and logs know it."""

IDEMPOTENCY_HEADER: Final = "I-Twilio-Idempotency-Token"
"""The same value on every repeat of a request (webhooks "connection overrides" page)."""

FORM_TYPE: Final = "application/x-www-form-urlencoded; charset=UTF-8"
JSON_TYPE: Final = "application/json"


class CallbackFormat(StrEnum):
    """How the body of a user-defined message's callback is written."""

    JSON = "json"
    FORM = "form"


class OutgoingRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request, ready to be sent as it is: the URL is the exact text to ask for.

    ``parameters`` are what it says, whether they stand in the URL or the body.
    """

    method: Method
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    parameters: Mapping[str, str] = msgspec.field(default_factory=dict)

    def __repr__(self) -> str:
        """Leave query, headers and body out, for logs: they carry content and secrets."""
        return f"OutgoingRequest({self.method} {self.url.partition('?')[0]!r})"


def callback_request(
    entry: Entry,
    *,
    auth_token: str,
    now: datetime,
    callback_format: CallbackFormat = CallbackFormat.JSON,
) -> OutgoingRequest:
    """Build the request that an outbox entry owes, as it is sent at ``now``; a receipt is not one.

    ``auth_token`` is the account's. Raises ``InvalidUrl`` if the URL cannot be used.
    """
    stamped_at = now
    if entry.kind is not EntryKind.USER_DEFINED_MESSAGE:
        # It tells of a moment in the call, however late it is told.
        stamped_at, callback_format = entry.created_at, CallbackFormat.FORM
    parameters = entry.parameters | {"Timestamp": format_rfc2822(stamped_at)}
    return _build(entry.endpoint, parameters, auth_token, entry.token, callback_format)


def receipt_request(
    entry: Entry, message: UserDefinedMessage, *, auth_token: str
) -> OutgoingRequest:
    """Build the request that tells how a user-defined message came out.

    Raises ``InvalidUrl`` if the URL cannot be used, ``ValueError`` if the message is not settled.
    """
    if message.settled_at is None or not message.state.terminal:
        raise ValueError("there is no receipt for a message that is on its way")
    parameters = {
        "AccountSid": message.account_sid,
        "CallSid": message.call_sid,
        "Sid": message.sid,
        "MessageStatus": message.state.value,
        "Timestamp": format_rfc2822(message.settled_at),
    }
    return _build(entry.endpoint, parameters, auth_token, entry.token, CallbackFormat.FORM)


def twiml_request(
    endpoint: Endpoint, parameters: Mapping[str, str], *, auth_token: str, token: str
) -> OutgoingRequest:
    """Build the request for a document. Raises ``InvalidUrl`` if the URL cannot be used."""
    return _build(endpoint, parameters, auth_token, token, CallbackFormat.FORM)


def _build(
    endpoint: Endpoint,
    parameters: Mapping[str, str],
    auth_token: str,
    token: str,
    body_format: CallbackFormat,
) -> OutgoingRequest:
    url = parse_webhook_url(endpoint.url)
    if endpoint.method is Method.GET:
        query = urlencode(sorted(parameters.items()))
        return OutgoingRequest(
            method=Method.GET,
            url=_with_query(url.sent, query),
            headers=_headers(
                url, token, signature.sign(auth_token, _with_query(url.signed, query))
            ),
            parameters=parameters,
        )
    content_type, body = _body(parameters, body_format)
    headers = _headers(url, token, signature.sign(auth_token, url.signed, parameters))
    return OutgoingRequest(
        method=Method.POST,
        url=url.sent,
        headers=(*headers, ("Content-Type", content_type)),
        body=body,
        parameters=parameters,
    )


def _body(parameters: Mapping[str, str], body_format: CallbackFormat) -> tuple[str, bytes]:
    match body_format:
        case CallbackFormat.JSON:
            return JSON_TYPE, msgspec.json.encode(parameters)
        case CallbackFormat.FORM:
            return FORM_TYPE, urlencode(sorted(parameters.items())).encode()


def _headers(url: WebhookUrl, token: str, signed: str) -> tuple[tuple[str, str], ...]:
    headers = (
        ("User-Agent", USER_AGENT),
        ("Accept", "*/*"),
        # Answers are read to a limit; a compressed one could be any size once it is unpacked.
        ("Accept-Encoding", "identity"),
        (signature.HEADER, signed),
        (IDEMPOTENCY_HEADER, token),
    )
    return (
        headers if url.authorization is None else (*headers, ("Authorization", url.authorization))
    )


def _with_query(url: str, query: str) -> str:
    if not query:
        return url
    if "?" not in url:
        return f"{url}?{query}"
    return f"{url}{query}" if url.endswith("&") else f"{url}&{query}"
