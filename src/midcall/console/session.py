"""``/console/session``: log in by account and token or by a one-time key, and out again.

A session's token goes into ``Authorization: Bearer`` of whatever the page asks. It is no cookie: no
other page can make a browser send it.
"""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from midcall.console.sessions import Guesses, Opened, Sessions
from midcall.core.access import authenticate, check_active
from midcall.core.ports import Store
from midcall.model.accounts import Account
from midcall.model.errors import (
    AuthenticationRequired,
    BodyTooLarge,
    BodyTooSlow,
    Fault,
    InvalidParameter,
    TooManyLogIns,
)
from midcall.model.sids import ACCOUNT, AccountSid, is_sid
from midcall.runtime.whereabouts import whereabouts
from midcall.wire.problems import problem
from midcall.wire.timeline import format_moment

log = structlog.get_logger(__name__)

BODY_BYTES: Final = 4 * 1024
"""The largest log-in: a SID and a token have less than a hundred characters."""

BODY_SECONDS: Final = 15.0
"""How long a log-in may take to arrive."""

REST_SECONDS: Final = 60
"""After which as many wrong log-ins are looked at as at first."""

CHALLENGE: Final = 'Bearer realm="midcall"'
"""Browsers ask for a password, over the page, where this says ``Basic``."""

_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

_Text = Annotated[str, msgspec.Meta(max_length=200)]


class LogIn(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody logs in with: an account and its token, or the key of a one-time link."""

    account_sid: _Text = ""
    auth_token: _Text = ""
    key: _Text = ""


class SessionResource(msgspec.Struct, frozen=True, kw_only=True):
    """Who is logged in, until when, and by which token."""

    token: str
    account_sid: str
    expires_at: str


_LOG_IN: Final = msgspec.json.Decoder(LogIn)


def routes(sessions: Sessions, guesses: Guesses, store: Store) -> list[BaseRoute]:
    """Return the route of log-in and log-out."""
    desk = _LogInDesk(sessions, guesses, store)
    return [Route("/console/session", desk.answer, methods=["POST", "DELETE"])]


def bearer_token(request: Request) -> str:
    """Return the token that a request came with; an empty text if it came with none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def refuse(fault: Fault) -> Response:
    """Answer with a fault."""
    headers = dict(_HEADERS)
    match fault:
        case AuthenticationRequired():
            headers["WWW-Authenticate"] = CHALLENGE
        case BodyTooLarge() | BodyTooSlow():
            # The rest of the body is still to come, and nobody will read it.
            headers["Connection"] = "close"
        case TooManyLogIns(rest_seconds=seconds):
            headers["Retry-After"] = str(seconds)
        case _:
            pass
    body = msgspec.json.encode(problem(fault))
    return Response(body, fault.http_status, headers, "application/json")


@dataclass(frozen=True, slots=True)
class _LogInDesk:
    """Where people log in and out."""

    sessions: Sessions
    guesses: Guesses
    store: Store

    async def answer(self, request: Request) -> Response:
        """Answer one request."""
        if request.method == "DELETE":
            self.sessions.close(bearer_token(request))
            return Response(status_code=204, headers=_HEADERS)
        try:
            opened = await self._log_in(request)
        except Fault as fault:
            return refuse(fault)
        except Exception as error:
            log.error("A log-in failed inside the server", error=whereabouts(error))
            return refuse(Fault())
        shown = SessionResource(
            token=opened.token,
            account_sid=opened.account_sid,
            expires_at=format_moment(opened.expires_at),
        )
        return Response(msgspec.json.encode(shown), 201, _HEADERS, "application/json")

    async def _log_in(self, request: Request) -> Opened:
        asked = await _read(request)
        address = request.client.host if request.client is not None else ""
        if not self.guesses.take(address):
            raise TooManyLogIns(REST_SECONDS)
        try:
            account = await self._account(asked)
        except AuthenticationRequired:
            log.warning("Somebody could not log in to the console", address=address)
            raise
        self.guesses.was_right(address)
        log.info("Somebody logged in to the console", account_sid=account.sid, address=address)
        return self.sessions.open(account.sid)

    async def _account(self, asked: LogIn) -> Account:
        """Return the account that somebody logs in to; raise ``AuthenticationRequired``.

        Raises ``AccountNotActive`` for one that may not be used.
        """
        if asked.key:
            sid = self.sessions.redeem(asked.key)
            account = None if sid is None else await self.store.find_account(sid)
            if account is None:
                raise AuthenticationRequired
        else:
            named = is_sid(ACCOUNT, asked.account_sid)
            account = await self.store.find_account(AccountSid(asked.account_sid if named else ""))
            account = authenticate(asked.auth_token, account=account).account
        await self._check_active(account)
        return account

    async def _check_active(self, account: Account) -> None:
        owner_sid = account.owner_sid
        owner = None if owner_sid is None else await self.store.find_account(owner_sid)
        caller = authenticate(account.auth_token, account=account)
        check_active(caller, owner, account, changes=False)


async def _read(request: Request) -> LogIn:
    """Read what somebody logs in with.

    Raises ``BodyTooLarge``, ``BodyTooSlow`` and ``InvalidParameter``.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > BODY_BYTES:
                    raise BodyTooLarge(BODY_BYTES)
        return _LOG_IN.decode(body)
    except TimeoutError:
        raise BodyTooSlow(BODY_SECONDS) from None
    except (msgspec.MsgspecError, UnicodeDecodeError, ClientDisconnect):
        raise InvalidParameter("the body", "it is not the JSON of a log-in") from None
