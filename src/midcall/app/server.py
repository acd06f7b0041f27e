"""A composed server: what it serves, and the order of its parts at the beginning and the end."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.routing import BaseRoute

from midcall.app import tuning
from midcall.app.bootstrap import Credentials, mint_token
from midcall.app.health import Health
from midcall.app.looking import console_routes
from midcall.app.settings import Settings
from midcall.console import phone, reference
from midcall.console.sessions import Sessions
from midcall.core.calls.requests import CallRequests
from midcall.core.calls.rooms import Rooms
from midcall.core.calls.service import CallService
from midcall.core.messages.service import MessageService
from midcall.core.ports import Change, Clock, MediaEngine, Redriving, Store
from midcall.delivery.egress import Egress
from midcall.delivery.worker import DeliveryWorker
from midcall.gateway import server as gateway
from midcall.gateway.access import TokenCheck
from midcall.gateway.dialogue import Doorway
from midcall.gateway.hub import Hub
from midcall.gateway.insights import Insights
from midcall.gateway.tracing import Tracing
from midcall.rest import routes as rest
from midcall.rest.desk import Desk
from midcall.runtime.bell import Bell
from midcall.runtime.journal import Journal
from midcall.runtime.loop import LoopRuntime
from midcall.runtime.periodic import Periodic

LASTING_TASKS = frozenset({"delivery", "upkeep"})
"""The side tasks that run for as long as the server does."""

STOP_SECONDS = 10.0
"""How long each part may take to finish what is under way when the server stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The parts of a running server.

    ``clock`` never goes backwards; tokens are held against ``wall``, the time of day. ``bell``
    rings when there may be message events, ``anything`` when anything was committed. ``sessions``
    are those of the console. ``upkeep`` is done again and again.
    """

    settings: Settings
    wall: Clock
    clock: Clock
    store: Store
    journal: Journal[Change]
    runtime: LoopRuntime
    media: MediaEngine
    egress: Egress
    delivery: DeliveryWorker
    redriving: Redriving
    hub: Hub
    rooms: Rooms
    calls: CallService
    messages: MessageService
    bell: Bell
    anything: Bell
    tracing: Tracing
    sessions: Sessions
    upkeep: Sequence[Periodic]
    health: Health = field(default_factory=Health)

    async def start(self) -> None:
        """Take up what a server before this one left, and begin to deliver."""
        await self.calls.restore()
        self.runtime.supervisor.spawn("delivery", self.delivery.run())
        for work in self.upkeep:
            self.runtime.supervisor.spawn("upkeep", work.run())
        self.health.ready = True

    async def drain(self) -> None:
        """Take no new work: begin no more callbacks and send everybody away who listens."""
        self.health.ready = False
        self._begin_nothing_more()
        await self.hub.drain()
        self.tracing.flush()

    async def stop(self) -> None:
        """Finish what is under way and let go of everything. What is owed stays in the store."""
        self._begin_nothing_more()
        self.tracing.flush()
        await self.runtime.close(STOP_SECONDS)
        await self.media.close()
        await self.egress.close()
        await self.journal.close()
        await self.store.close()

    def _begin_nothing_more(self) -> None:
        self.bell.close()
        self.anything.close()
        self.delivery.stop()
        for work in self.upkeep:
            work.stop()

    def app(self, credentials: Credentials | None, *, mints_tokens: bool) -> Starlette:
        """Return everything that is served, as one ASGI application."""
        desk = Desk(
            store=self.store,
            journal=self.journal,
            messaging=self.messages,
            redriving=self.redriving,
            calling=CallRequests(rooms=self.rooms, store=self.store, entropy=os.urandom),
            feeds=self.bell.listen,
            clock=self.clock,
            entropy=os.urandom,
            limits=tuning.rest(self.settings),
            turn=tuning.turn_servers(self.settings),
            public_url=self.settings.public_url,
            bearer=self.sessions.find,
        )
        check_token = TokenCheck(self.store, self.wall)
        doorway = Doorway(
            calls=self.calls,
            messages=self.messages,
            check_token=check_token,
            hub=self.hub,
            clock=self.clock,
            wall=self.wall,
            later=self.runtime.supervisor.later,
            home=self.settings.insights_home,
            keep_seconds=self.settings.reconnect_seconds,
            limits=tuning.gateway(self.settings),
            insights=Insights(
                check_token=check_token,
                store=self.store,
                note=self.tracing.note,
                clock=self.clock,
            ),
        )
        phone_settings = phone.PhoneSettings(
            sdk_path=self.settings.voice_sdk,
            public_host=self.settings.insights_home.partition("/")[0],
            mint_token=_minter(credentials, self.wall) if mints_tokens and credentials else None,
        )
        every: list[BaseRoute] = [
            *rest.routes(desk),
            *gateway.routes(doorway),
            *console_routes(
                sessions=self.sessions,
                store=self.store,
                clock=self.clock,
                listen=self.anything.listen,
            ),
            *phone.routes(phone_settings),
            *reference.routes(self.settings.public_url),
            *self.health.routes(),
        ]
        return Starlette(routes=every)


def _minter(credentials: Credentials, wall: Clock) -> Callable[[str], str]:
    return lambda identity: mint_token(credentials, identity, wall())
