"""A whole midcall inside a test's process, in memory, on a free port.

It is the server that ``midcall dev`` starts, without audio, in an event loop on a thread of its
own: tests that wait and tests that await can both use it, and so can programs that they start.
Nothing is left of it when it is closed.

What it does by itself is what tests need: nothing is tried again at a time that is left to chance.
"""

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from ssl import SSLContext, create_default_context
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from starlette.routing import Route

from midcall.app.bootstrap import mint_token
from midcall.app.embedding import Embedded, embedded, listen_anywhere, settings_for
from midcall.app.hooks import Hooks
from midcall.app.welcome import CERTIFICATE_VARIABLES
from midcall.client import Device
from midcall.testing import logs
from midcall.testing.api import Api, asking
from midcall.testing.apps import AsgiApp, WsgiApp, served_asgi, served_wsgi
from midcall.testing.clock import Clock, MovableTime, ServerClock
from midcall.testing.faults import Fault, FaultList
from midcall.testing.inbox import PREFIX, Inbox, Received
from midcall.testing.line import CallbackTrouble, CuttableWebSocket, Line
from midcall.testing.phone import Phone, new_phone
from midcall.testing.seeing import Seeing
from midcall.testing.waiting import PATIENCE_SECONDS, Background, Pulse

if TYPE_CHECKING:
    from twilio.rest import Client

START_SECONDS: Final = 60.0
"""How long a start may take, on a machine that is busy with other tests."""

DAY_SECONDS: Final = 24 * 60 * 60
"""How long an Access Token may count at most."""

DEFAULTS: Final[Mapping[str, object]] = {"retry_jitter": 0}
"""What is otherwise in a test than in a server."""


class Emulator(Seeing):
    """A server and everything that a test does with it. ``with`` closes it at the end.

    ``settings`` are those of ``midcall dev``, by their names. Raises pydantic's ``ValidationError``
    for one that cannot be used.
    """

    def __init__(self, **settings: object) -> None:
        """Start the server; return when it takes work."""
        self._closing = ExitStack()
        try:
            self._open(settings)
        except BaseException:
            self._closing.close()
            raise

    def _open(self, settings: Mapping[str, object]) -> None:
        self._closing.enter_context(logs.kept_quiet())
        self._background = Background("midcall")
        self._closing.callback(self._background.close)
        directory = Path(self._closing.enter_context(tempfile.TemporaryDirectory("midcall")))
        self._parts = AsyncExitStack()
        self._closing.callback(lambda: self._run(self._parts.aclose(), START_SECONDS))
        self._faults = FaultList()
        self._pulse = Pulse()
        self._time = MovableTime()
        self._site, self._api = self._run(self._start(settings, directory), START_SECONDS)
        server_clock = ServerClock(self._time, self._site.server)
        self._settled = server_clock.quiet
        self._clock = Clock(self._time, server_clock, self._run)

    async def _start(self, settings: Mapping[str, object], directory: Path) -> tuple[Embedded, Api]:
        listeners = listen_anywhere()
        site = await self._parts.enter_async_context(
            embedded(
                settings_for(listeners, **{**DEFAULTS, **settings}),
                listeners,
                hooks=Hooks(
                    wall=self._time,
                    intercept=CallbackTrouble(lambda: self._faults),
                    committed=self._pulse.beat,
                ),
                wrap=lambda app: Line(app, lambda: self._faults),
                websocket=CuttableWebSocket,
                certificates_in=directory,
            )
        )
        account = site.credentials.account
        self._inbox = Inbox(site.url, account.auth_token)
        route = Route(f"{PREFIX}/{{path:path}}", self._inbox.serve, methods=["GET", "POST"])
        site.app.router.routes.insert(0, route)
        api = asking(site.url, account.sid, account.auth_token, site.ca)
        return site, await self._parts.enter_async_context(api)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the phones and the applications, then the server."""
        self._closing.close()

    # --- who and where

    @property
    def url(self) -> str:
        """The server's origin, as ``http://127.0.0.1:port``."""
        return self._site.url

    @property
    def account_sid(self) -> str:
        """The account."""
        return self._site.credentials.account.sid

    @property
    def auth_token(self) -> str:
        """Its auth token, which signs callbacks."""
        return self._site.credentials.account.auth_token

    @property
    def api_key_sid(self) -> str:
        """An API key of the account."""
        return self._site.credentials.key.sid

    @property
    def api_key_secret(self) -> str:
        """Its secret, which signs Access Tokens."""
        return self._site.credentials.key.secret

    @property
    def application_sid(self) -> str:
        """The TwiML application that phones call through; it dials whom they name as ``To``."""
        application = self._site.credentials.application
        return "" if application is None else application.sid

    @property
    def ca(self) -> Path | None:
        """The authority to trust, a PEM file, with ``tls="auto"``."""
        return self._site.ca

    @property
    def tls(self) -> SSLContext | None:
        """What trusts the server, with ``tls="auto"``."""
        return None if self.ca is None else create_default_context(cafile=self.ca)

    def token(self, identity: str, *, seconds: int = DAY_SECONDS) -> str:
        """Make an Access Token that lets an identity call and be called."""
        return mint_token(self._site.credentials, identity, self._time(), seconds)

    def client(self) -> "Client":
        """Return the official library's client, pointed here. Needs ``twilio``."""
        from twilio.rest import Client  # noqa: PLC0415 - most tests do without it

        client = Client(self.account_sid, self.auth_token)
        client.api.base_url = self.url
        return client

    def environment(self) -> dict[str, str]:
        """Return the variables by which a program finds the server.

        ``TWILIO_…`` are those that samples and the Twilio CLI read, ``MIDCALL_…`` those of the
        ``midcall`` command.
        """
        pairs = {
            "TWILIO_ACCOUNT_SID": self.account_sid,
            "TWILIO_AUTH_TOKEN": self.auth_token,
            "TWILIO_API_KEY": self.api_key_sid,
            "TWILIO_API_SECRET": self.api_key_secret,
            "TWILIO_APPLICATION_SID": self.application_sid,
            "MIDCALL_PUBLIC_URL": self.url,
            "MIDCALL_ACCOUNT_SID": self.account_sid,
            "MIDCALL_AUTH_TOKEN": self.auth_token,
            "MIDCALL_API_KEY_SID": self.api_key_sid,
            "MIDCALL_API_KEY_SECRET": self.api_key_secret,
        }
        if self.ca is not None:
            pairs |= dict.fromkeys(CERTIFICATE_VARIABLES, str(self.ca))
        return pairs

    # --- the application under test

    def serve_wsgi(self, app: WsgiApp) -> str:
        """Serve a WSGI application, as Flask's, until the emulator closes; return its origin."""
        return self._closing.enter_context(served_wsgi(app))

    def serve_asgi(self, app: AsgiApp) -> str:
        """Serve an ASGI application, as FastAPI's, until the emulator closes; return its origin."""
        return self._closing.enter_context(served_asgi(app))

    # --- phones

    def phone(self, identity: str, *, seconds: int = DAY_SECONDS, register: bool = True) -> Phone:
        """Give a phone of an identity, which can be called unless ``register`` is false.

        ``seconds`` is how long its Access Token counts. The phone leaves with the emulator.
        """
        phone = new_phone(
            lambda: self.device(identity, seconds=seconds), identity, self._background
        )
        self._closing.callback(phone.leave)
        return phone.register() if register else phone

    def device(self, identity: str, *, seconds: int = DAY_SECONDS) -> Device:
        """Make a ``midcall.client.Device``, for tests that await: use it with ``async with``."""
        token = self.token(identity, seconds=seconds)
        return Device(token, url=self.url, tls=self.tls)

    # --- what came, and what goes wrong

    @property
    def clock(self) -> Clock:
        """The server's time, which can be moved."""
        return self._clock

    @property
    def inbox(self) -> Inbox:
        """Endpoints for callbacks and TwiML, which keep what comes."""
        return self._inbox

    def received(
        self, path: str | None = None, *, count: int = 1, seconds: float = PATIENCE_SECONDS
    ) -> list[Received]:
        """Wait for so many requests to the inbox that were not taken yet, and take them.

        ``path`` is that of ``inbox.url(path)``; ``None`` takes what came to any. Raises
        ``NotInTime``.
        """
        return self._run(self.inbox.take(path, count, seconds), seconds + 1)

    @property
    def faults(self) -> FaultList:
        """What goes wrong from now on, as a list; nothing by itself."""
        return self._faults

    @faults.setter
    def faults(self, faults: Sequence[Fault]) -> None:
        self._faults = FaultList(faults)
