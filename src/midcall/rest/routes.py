"""Which resource is where.

The whole API is one mount that needs nothing from the application around it: it refuses unknown
paths itself and never redirects, because no official library follows a redirect.
"""

from starlette.routing import BaseRoute, Mount, Route, Router

from midcall.rest import accounts, applications, calls, keys, messages, subscriptions
from midcall.rest.desk import Desk
from midcall.rest.door import resource
from midcall.rest.faults import unknown_path
from midcall.wire.resources import API_VERSION

_ACCOUNT = "/Accounts/{AccountSid}"
_CALL = f"{_ACCOUNT}/Calls/{{CallSid}}"


def routes(desk: Desk) -> list[BaseRoute]:
    """Return the routes of the REST API."""
    router = Router(_resources(desk), redirect_slashes=False, default=unknown_path)
    return [Mount(f"/{API_VERSION}", router, name="rest")]


def _resources(desk: Desk) -> list[Route]:
    """Return the resources, what is asked for most often first."""
    return [
        *resource(f"{_CALL}/UserDefinedMessages", desk, POST=messages.create),
        *resource(f"{_CALL}/UserDefinedMessageSubscriptions", desk, POST=subscriptions.create),
        *resource(
            f"{_CALL}/UserDefinedMessageSubscriptions/{{SubscriptionSid}}",
            desk,
            DELETE=subscriptions.delete,
        ),
        *resource(_CALL, desk, GET=calls.fetch),
        *resource(f"{_ACCOUNT}/Calls", desk, GET=calls.list_page),
        *resource(
            f"{_ACCOUNT}/Applications", desk, GET=applications.list_page, POST=applications.create
        ),
        *resource(
            f"{_ACCOUNT}/Applications/{{ApplicationSid}}",
            desk,
            GET=applications.fetch,
            POST=applications.update,
            DELETE=applications.delete,
        ),
        *resource(f"{_ACCOUNT}/Keys", desk, GET=keys.list_page, POST=keys.create),
        *resource(
            f"{_ACCOUNT}/Keys/{{KeySid}}",
            desk,
            GET=keys.fetch,
            POST=keys.update,
            DELETE=keys.delete,
        ),
        *resource(_ACCOUNT, desk, GET=accounts.fetch),
    ]
