"""Which resource is where.

The whole API is two mounts that need nothing from the application around them: they refuse unknown
paths themselves and never redirect, because no official library follows a redirect. The table here
is also what the OpenAPI document is made of.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, Router

from midcall.model.calls import API_VERSION
from midcall.rest import (
    accounts,
    applications,
    broadcast,
    callbacks,
    calls,
    debugger,
    endpoints,
    keys,
    messages,
    openapi,
    phone_numbers,
    standing,
    stream,
    subscriptions,
    timeline,
    tokens,
)
from midcall.rest.desk import Desk
from midcall.rest.door import routes_of
from midcall.rest.faults import JSON, unknown_path
from midcall.rest.operations import Operation, Place

MONITOR_VERSION: Final = "v1"

_ACCOUNT: Final = "/Accounts/{AccountSid}"
_CALL: Final = f"{_ACCOUNT}/Calls/{{CallSid}}"
_NUMBERS: Final = f"{_ACCOUNT}/IncomingPhoneNumbers"


def _place(path: str, **operations: Operation) -> Place:
    return Place(path=path, operations=operations)


PLACES: Final = (
    # What is asked for most often comes first, and a fixed word before a name in its place.
    _place(f"{_CALL}/UserDefinedMessages", GET=messages.LIST, POST=messages.CREATE),
    _place(f"{_CALL}/UserDefinedMessages/Stream", GET=stream.STREAM_OF_CALL),
    _place(f"{_CALL}/UserDefinedMessages/{{MessageSid}}", GET=messages.FETCH),
    _place(
        f"{_CALL}/UserDefinedMessageSubscriptions",
        GET=subscriptions.LIST,
        POST=subscriptions.CREATE,
    ),
    _place(
        f"{_CALL}/UserDefinedMessageSubscriptions/{{SubscriptionSid}}",
        GET=subscriptions.FETCH,
        DELETE=subscriptions.DELETE,
    ),
    _place(f"{_ACCOUNT}/UserDefinedMessages", GET=messages.LIST_ALL, POST=broadcast.CREATE),
    _place(f"{_ACCOUNT}/UserDefinedMessages/Stream", GET=stream.STREAM),
    _place(f"{_ACCOUNT}/UserDefinedMessageSubscriptions", GET=standing.LIST, POST=standing.CREATE),
    _place(
        f"{_ACCOUNT}/UserDefinedMessageSubscriptions/{{SubscriptionSid}}",
        GET=standing.FETCH,
        DELETE=standing.DELETE,
    ),
    _place(f"{_ACCOUNT}/Callbacks", GET=callbacks.LIST),
    _place(f"{_ACCOUNT}/Callbacks/Redrive", POST=callbacks.REDRIVE),
    _place(f"{_ACCOUNT}/Callbacks/{{CallbackId}}", GET=callbacks.FETCH, POST=callbacks.UPDATE),
    _place(_CALL, GET=calls.FETCH, POST=calls.UPDATE, DELETE=calls.DELETE),
    _place(f"{_ACCOUNT}/Calls", GET=calls.LIST, POST=calls.CREATE),
    _place(f"{_CALL}/Events", GET=debugger.LIST_EVENTS),
    _place(f"{_CALL}/Timeline", GET=timeline.LIST),
    _place(f"{_CALL}/Notifications", GET=debugger.LIST_CALL_NOTIFICATIONS),
    _place(f"{_CALL}/Notifications/{{NotificationSid}}", GET=debugger.FETCH_CALL_NOTIFICATION),
    _place(f"{_ACCOUNT}/Notifications", GET=debugger.LIST_NOTIFICATIONS),
    _place(f"{_ACCOUNT}/Notifications/{{NotificationSid}}", GET=debugger.FETCH_NOTIFICATION),
    _place(f"{_ACCOUNT}/Endpoints", GET=endpoints.LIST),
    _place(f"{_ACCOUNT}/Applications", GET=applications.LIST, POST=applications.CREATE),
    _place(
        f"{_ACCOUNT}/Applications/{{ApplicationSid}}",
        GET=applications.FETCH,
        POST=applications.UPDATE,
        DELETE=applications.DELETE,
    ),
    Place(path=_NUMBERS, operations=phone_numbers.MANY),
    Place(path=f"{_NUMBERS}/Local", operations=phone_numbers.of_kind("local", "Local")),
    Place(path=f"{_NUMBERS}/Mobile", operations=phone_numbers.of_kind("mobile", "Mobile")),
    Place(path=f"{_NUMBERS}/TollFree", operations=phone_numbers.of_kind("toll-free", "TollFree")),
    Place(path=f"{_NUMBERS}/{{PhoneNumberSid}}", operations=phone_numbers.ONE),
    Place(path=f"{_ACCOUNT}/Keys", operations=keys.many("Key", "keys")),
    Place(path=f"{_ACCOUNT}/Keys/{{KeySid}}", operations=keys.one("Key")),
    Place(path=f"{_ACCOUNT}/SigningKeys", operations=keys.many("SigningKey", "signing_keys")),
    Place(path=f"{_ACCOUNT}/SigningKeys/{{KeySid}}", operations=keys.one("SigningKey")),
    _place(f"{_ACCOUNT}/Tokens", POST=tokens.CREATE),
    _place(_ACCOUNT, GET=accounts.FETCH, POST=accounts.UPDATE),
    _place("/Accounts", GET=accounts.LIST, POST=accounts.CREATE),
)
"""The 2010-04-01 API, below its version."""

MONITOR_PLACES: Final = (
    _place("/Alerts", GET=debugger.LIST_ALERTS),
    _place("/Alerts/{NotificationSid}", GET=debugger.FETCH_ALERT),
)
"""The monitor API, below its version. The original has it on a host of its own."""


def document() -> dict[str, Any]:
    """Return the OpenAPI document of everything here."""
    return openapi.document(
        [
            *((f"/{API_VERSION}{place.path}.json", place) for place in PLACES),
            *((f"/{MONITOR_VERSION}{place.path}", place) for place in MONITOR_PLACES),
        ]
    )


def routes(desk: Desk) -> list[BaseRoute]:
    """Return the routes of the REST API and of the document that describes it."""
    text = _written_document()

    async def describe(_: Request) -> Response:
        return Response(text, media_type=JSON)

    return [
        _mount(API_VERSION, "rest", PLACES, desk),
        _mount(MONITOR_VERSION, "monitor", MONITOR_PLACES, desk),
        Route("/openapi.json", describe, name="openapi"),
    ]


@lru_cache(maxsize=1)
def _written_document() -> bytes:
    """Write the document once: a program may compose many servers, as tests do."""
    return msgspec.json.encode(document())


def _mount(version: str, name: str, places: Iterable[Place], desk: Desk) -> Mount:
    served = [route for place in places for route in routes_of(place, desk)]
    return Mount(
        f"/{version}", Router(served, redirect_slashes=False, default=unknown_path), name=name
    )
