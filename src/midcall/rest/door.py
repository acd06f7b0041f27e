"""The door of every resource: method, credentials, path and form are checked here, once.

Behind it a verb of a resource sees an ``Ask``: who asks, in their own account, for well-formed
SIDs, with a form that could be read. Whatever the verb raises becomes an answer here.

In order: the method, because it says nothing about anybody; the credentials, before a byte of the
body is read; the path; the body.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from midcall.core.access import Caller, check_account
from midcall.model import sids
from midcall.model.errors import Fault, MethodNotAllowed, NotFound, Unavailable
from midcall.model.sids import AccountSid
from midcall.rest.auth import identify
from midcall.rest.body import read_form
from midcall.rest.desk import Desk
from midcall.rest.faults import JSON, crash, refuse
from midcall.wire import forms

VERB_SECONDS = 20.0
"""How long a verb may take. Past it the store or a call is stuck, and the client is better off
knowing than waiting for its own timeout (10 to 30 seconds in the official libraries)."""

_SIDS: Mapping[str, str] = {
    "AccountSid": sids.ACCOUNT,
    "CallSid": sids.CALL,
    "SubscriptionSid": sids.SUBSCRIPTION,
    "ApplicationSid": sids.APPLICATION,
    "KeySid": sids.KEY,
}
"""The parameters that a path may have, and the kind of SID that each is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request that was let in. ``sids`` are the path's; ``form`` is empty without a body."""

    desk: Desk
    caller: Caller
    path: str
    sids: Mapping[str, str]
    query: forms.Form
    form: forms.Form

    @property
    def account_sid(self) -> AccountSid:
        """The account that the request is in, which is the caller's."""
        return self.caller.account.sid

    def not_found(self) -> NotFound:
        """Return the fault for a path at which there is nothing for this account."""
        return NotFound(self.path)


Verb = Callable[[Ask], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A path of the API as an ASGI application: what each method does there."""

    desk: Desk
    verbs: Mapping[str, Verb]

    @property
    def allowed(self) -> list[str]:
        """The methods that the path takes, for ``Allow``."""
        head = ["HEAD"] if "GET" in self.verbs else []
        return sorted([*self.verbs, *head, "OPTIONS"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except ClientDisconnect:
            return  # Nobody is left to be answered.
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": ", ".join(self.allowed)})
        try:
            return await self._run(request)
        except NotFound:
            # The core knows no paths.
            return refuse(NotFound(request.scope["path"]))
        except Fault as fault:
            return refuse(fault, allowed=self.allowed)
        except ClientDisconnect:
            raise
        except Exception as error:
            # The last resort: no request stays without an answer.
            return crash(request.method, request.scope["path"], error)

    async def _run(self, request: Request) -> Response:
        verb = self._verb(request)
        caller = await identify(request.headers.get("authorization"), self.desk.store)
        path: str = request.scope["path"]
        _check_path(caller, request.path_params, path)
        ask = Ask(
            desk=self.desk,
            caller=caller,
            path=path,
            sids=request.path_params,
            query=forms.parse(request.scope["query_string"]),
            form=await read_form(request) if request.method == "POST" else forms.Form(),
        )
        try:
            async with asyncio.timeout(VERB_SECONDS):
                return await verb(ask)
        except TimeoutError:
            raise Unavailable from None

    def _verb(self, request: Request) -> Verb:
        method = "GET" if request.method == "HEAD" else request.method
        if method not in self.verbs:
            raise MethodNotAllowed(request.method, request.scope["path"])
        return self.verbs[method]


def resource(path: str, desk: Desk, **verbs: Verb) -> list[Route]:
    """Return the routes of a resource: with ``.json``, and bare, which answers JSON as well.

    ``verbs`` are named by their method, in capitals.
    """
    application = Resource(desk=desk, verbs=verbs)
    return [Route(f"{path}{suffix}", application, name=path) for suffix in (".json", "")]


def answer(body: object, status: int = 200) -> Response:
    """Answer with JSON that no cache keeps: it is one account's, and some of it is secret."""
    return Response(msgspec.json.encode(body), status, {"Cache-Control": "no-store"}, JSON)


def _check_path(caller: Caller, parameters: Mapping[str, str], path: str) -> None:
    for name, sid in parameters.items():
        if not sids.is_sid(_SIDS[name], sid):
            raise NotFound(path)
    check_account(caller, parameters["AccountSid"], path)
