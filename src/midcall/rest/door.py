"""The door of every resource: method, credentials, path and form are checked here, once.

Behind it a verb of a resource sees an ``Ask``: who asks, in which account, for well-formed names,
with the parameters that its operation declares. Whatever the verb raises becomes an answer here.

In order: the method, because it says nothing about anybody; the credentials, before a byte of the
body is read; how often they come; the path; whether the accounts are active; the body.
"""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from midcall.core.access import Caller, check_active, get_entered
from midcall.core.messages import rate
from midcall.model.accounts import Account
from midcall.model.errors import (
    Fault,
    MethodNotAllowed,
    NotFound,
    TooManyRequests,
    Unavailable,
)
from midcall.model.sids import AccountSid
from midcall.rest.auth import challenge, find_bearer_token, identify, may_go_on
from midcall.rest.body import read_form
from midcall.rest.desk import Desk
from midcall.rest.faults import JSON, crash, refuse
from midcall.rest.operations import PATH_NAMES, Listing, Operation, Place
from midcall.rest.paging import split
from midcall.wire import forms, listings

VERB_SECONDS = 20.0
"""How long a verb may take. Past it the store or a call is stuck, and the client is better off
knowing than waiting for its own timeout (10 to 30 seconds in the official libraries). What an
operation waits for outside comes on top: whoever asks it to wait knows for how long."""

_SUFFIX = ".json"

_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]{1,255}", re.ASCII)

ItemT = TypeVar("ItemT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request that was let in.

    ``account`` is the one that the path lies in, the caller's if it names none. ``named`` is what
    the path names; ``form`` is empty without a body. ``origin`` is the scheme and host that were
    asked. ``bearer_token`` is what the caller came with instead of a password, if so.
    """

    desk: Desk
    operation: Operation
    caller: Caller
    account: Account
    path: str
    origin: str
    named: Mapping[str, str]
    headers: forms.Form
    query: forms.Form
    form: forms.Form
    bearer_token: str | None = field(default=None, repr=False)

    async def may_go_on(self) -> bool:
        """Tell whether the caller would be let in again to look at the account."""
        if self.bearer_token is not None and self.desk.bearer(self.bearer_token) is None:
            return False
        return await may_go_on(self.caller, self.account, self.desk.store)

    @property
    def account_sid(self) -> AccountSid:
        """The account that the request is in."""
        return self.account.sid

    def not_found(self) -> NotFound:
        """Return the fault for a path at which there is nothing for this account."""
        return NotFound(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A path of the API as an ASGI application: what each method does there."""

    desk: Desk
    operations: Mapping[str, Operation]

    @property
    def allowed(self) -> list[str]:
        """The methods that the path takes, for ``Allow``."""
        head = ["HEAD"] if "GET" in self.operations else []
        return sorted([*self.operations, *head, "OPTIONS"])

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
            asked = request.headers.get("authorization")
            return refuse(fault, allowed=self.allowed, challenge=challenge(asked))
        except ClientDisconnect:
            raise
        except Exception as error:
            # The last resort: no request stays without an answer.
            return crash(request.method, request.scope["path"], error)

    async def _run(self, request: Request) -> Response:
        operation = self._operation(request)
        ask = await self._let_in(request, operation)
        try:
            async with asyncio.timeout(VERB_SECONDS + operation.waits(ask.form)):
                return await operation.verb(ask)
        except TimeoutError:
            raise Unavailable from None

    def _operation(self, request: Request) -> Operation:
        method = "GET" if request.method == "HEAD" else request.method
        if method not in self.operations:
            raise MethodNotAllowed(request.method, request.scope["path"])
        return self.operations[method]

    async def _let_in(self, request: Request, operation: Operation) -> Ask:
        store = self.desk.store
        authorization = request.headers.get("authorization")
        caller = await identify(authorization, store, self.desk.bearer)
        self._count(caller)
        path: str = request.scope["path"]
        _check_names(request.path_params, path)
        account = await self._entered(caller, request.path_params.get("AccountSid"), path)
        owner_sid = caller.account.owner_sid
        owner = None if owner_sid is None else await store.find_account(owner_sid)
        check_active(caller, owner, account, changes=operation.changes)
        form = forms.Form()
        if request.method == "POST":
            form = await read_form(request, self.desk.limits)
        return Ask(
            desk=self.desk,
            operation=operation,
            caller=caller,
            bearer_token=find_bearer_token(authorization),
            account=account,
            path=path,
            origin=_origin(request, self.desk.public_url),
            named=request.path_params,
            headers=_headers(operation, request.headers),
            query=_only(operation.query_names, forms.parse(request.scope["query_string"])),
            form=_only(operation.form_names, form),
        )

    def _count(self, caller: Caller) -> None:
        """Raise ``TooManyRequests`` if the caller's account asks faster than it may."""
        desk, sid, now = self.desk, caller.account.sid, self.desk.clock()
        limit = desk.limits.account_rate
        taken = rate.take(desk.buckets.get(sid) or rate.full(limit, now), limit, now)
        if taken is None:
            raise TooManyRequests(limit.per_second)
        desk.buckets[sid] = taken

    async def _entered(self, caller: Caller, sid: str | None, path: str) -> Account:
        """Return the account that a path lies in."""
        if sid is None or sid == caller.account.sid:
            return caller.account
        return get_entered(caller, await self.desk.store.find_account(AccountSid(sid)), path)


def routes_of(place: Place, desk: Desk) -> list[Route]:
    """Return the routes of a place: with ``.json``, and bare, which answers JSON as well."""
    application = Resource(desk=desk, operations=place.operations)
    return [
        Route(f"{place.path}{suffix}", application, name=place.path) for suffix in (_SUFFIX, "")
    ]


def answer(body: object, status: int = 200) -> Response:
    """Answer with JSON that no cache keeps: it is one account's, and some of it is secret."""
    return Response(msgspec.json.encode(body), status, {"Cache-Control": "no-store"}, JSON)


def answer_page(
    ask: Ask,
    page: listings.Page,
    found: Sequence[ItemT],
    show: Callable[[ItemT], msgspec.Struct],
) -> Response:
    """Answer with a page of a list. ``found`` has one item more than the page, if there is one."""
    listing = ask.operation.answer
    if not isinstance(listing, Listing):
        raise TypeError(f"{ask.operation.id} does not declare that it lists")
    items, more = split(found, page)
    path = ask.path.removesuffix(_SUFFIX)
    shown = [show(item) for item in items]
    if listing.meta:
        url = f"{ask.origin}{path}"
        return answer(listings.meta_listing(listing.name, url, shown, page, more=more))
    return answer(listings.listing(listing.name, f"{path}{_SUFFIX}", shown, page, more=more))


def _check_names(names: Mapping[str, str], path: str) -> None:
    for name, text in names.items():
        if not PATH_NAMES[name].fullmatch(text):
            raise NotFound(path)


def _headers(operation: Operation, headers: Headers) -> forms.Form:
    """Return the headers that an operation declares."""
    declared = (field.name for field in operation.headers)
    return forms.Form(tuple((name, text) for name in declared for text in headers.getlist(name)))


def _only(names: frozenset[str], form: forms.Form) -> forms.Form:
    """Leave out what an operation does not declare: unknown parameters are ignored."""
    return forms.Form(tuple(pair for pair in form.fields if pair[0] in names))


def _origin(request: Request, public_url: str) -> str:
    """Return the scheme and host under which the client found this server.

    One that resolved another name to it may know no other way here.
    """
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        return public_url
    return f"{public_url.partition('://')[0]}://{host}"
