"""Putting the server together: the one place that names concrete adapters."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from midcall.app.bootstrap import Credentials
from midcall.app.health import Health
from midcall.app.notices import noticing
from midcall.app.settings import Settings
from midcall.console import phone
from midcall.core.calls.audio import Audio
from midcall.core.calls.documents import Documents
from midcall.core.calls.release import Releaser
from midcall.core.calls.requests import CallRequests
from midcall.core.calls.rooms import Rooms
from midcall.core.calls.service import CallService
from midcall.core.messages.rate import Rate
from midcall.core.messages.service import MessageService
from midcall.core.ports import Change, MediaEngine, Store
from midcall.delivery.egress import Egress
from midcall.delivery.twiml_source import HttpDocumentSource, HttpRecordingSource
from midcall.delivery.worker import DeliverySettings, DeliveryWorker
from midcall.gateway import server as gateway
from midcall.gateway.access import TokenCheck
from midcall.gateway.dialogue import Doorway
from midcall.gateway.hub import Hub
from midcall.media.engine import AiortcEngine
from midcall.media.none import NoMedia
from midcall.rest import routes as rest
from midcall.rest.desk import Desk
from midcall.runtime.journal import Journal
from midcall.runtime.loop import LoopRuntime
from midcall.wire import templates, tokens, twiml
from midcall.wire.callbacks import CallbackFormat
from midcall.wire.turn import TurnServers
from midcall.wire.urls import parse_webhook_url

STOP_SECONDS = 10.0
"""How long each part may take to finish what is under way when the server stops."""


def utc_now() -> datetime:
    """Return the time of day."""
    return datetime.now(UTC)


class _TwimlReader:
    """The ``DocumentReader`` port, by the codecs."""

    parse = staticmethod(twiml.parse)
    render = staticmethod(templates.render)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The parts of a running server, and their order at the beginning and the end."""

    settings: Settings
    store: Store
    journal: Journal[Change]
    runtime: LoopRuntime
    media: MediaEngine
    egress: Egress
    delivery: DeliveryWorker
    hub: Hub
    rooms: Rooms
    calls: CallService
    messages: MessageService
    health: Health = field(default_factory=Health)

    async def start(self) -> None:
        """Take up what a server before this one left, and begin to deliver."""
        await self.calls.restore()
        self.runtime.supervisor.spawn("delivery", self.delivery.run())
        self.health.ready = True

    async def drain(self) -> None:
        """Take no new work: begin no more callbacks and send the devices away."""
        self.health.ready = False
        self.delivery.stop()
        await self.hub.drain()

    async def stop(self) -> None:
        """Finish what is under way and let go of everything. What is owed stays in the store."""
        self.delivery.stop()
        await self.runtime.close(STOP_SECONDS)
        await self.media.close()
        await self.egress.close()
        await self.journal.close()
        await self.store.close()

    def app(self, credentials: Credentials | None, *, mints_tokens: bool) -> Starlette:
        """Return everything that is served, as one ASGI application."""
        desk = Desk(
            store=self.store,
            journal=self.journal,
            messaging=self.messages,
            calling=CallRequests(rooms=self.rooms, store=self.store, entropy=os.urandom),
            clock=utc_now,
            entropy=os.urandom,
            turn=_turn_servers(self.settings),
            public_url=self.settings.public_url,
        )
        doorway = Doorway(
            calls=self.calls,
            messages=self.messages,
            check_token=TokenCheck(self.store, utc_now),
            hub=self.hub,
            clock=utc_now,
            home=self.settings.insights_home,
            keep_seconds=self.settings.reconnect_seconds,
        )
        phone_settings = phone.PhoneSettings(
            sdk_path=self.settings.voice_sdk,
            public_host=self.settings.insights_home.partition("/")[0],
            mint_token=_minter(credentials) if mints_tokens and credentials else None,
        )
        every: list[BaseRoute] = [
            *rest.routes(desk),
            *gateway.routes(doorway),
            *phone.routes(phone_settings),
            *self.health.routes(),
        ]
        return Starlette(routes=every)


def compose(settings: Settings, store: Store, ca_file: Path | None) -> Server:
    """Build a server on an open store. Callbacks trust ``ca_file`` beside the system's CAs."""
    runtime = LoopRuntime(utc_now)
    journal: Journal[Change] = Journal(noticing(store.commit))

    def pressed(endpoint: str, key: str) -> None:
        # The engine is there before the calls that its keys are for.
        calls.pressed(endpoint, key)

    media: MediaEngine = NoMedia()
    if settings.media == "aiortc":
        media = AiortcEngine(on_digit=pressed)
    egress = Egress(allow=settings.egress_allow, ca_files=(ca_file,) if ca_file else ())
    delivery = DeliveryWorker(
        store=store,
        journal=journal,
        egress=egress,
        clock=utc_now,
        entropy=os.urandom,
        settings=DeliverySettings(callback_format=CallbackFormat(settings.callback_format)),
    )
    hub = Hub(
        store=store,
        spawn=runtime.supervisor.spawn,
        later=runtime.later,
        record=lambda changes: runtime.spawn("receipts", journal.commit(changes)),
        clock=utc_now,
    )
    rooms = Rooms(
        journal=journal,
        clock=utc_now,
        entropy=os.urandom,
        runtime=runtime,
        wake_delivery=delivery.wake,
    )
    calls = CallService(rooms=rooms, store=store, media=media, signalling=hub, entropy=os.urandom)
    source = HttpDocumentSource(
        store=store, journal=journal, egress=egress, clock=utc_now, entropy=os.urandom
    )
    recordings = HttpRecordingSource(store=store, egress=egress, clock=utc_now, entropy=os.urandom)
    rooms.perform = Releaser(
        rooms=rooms,
        store=store,
        media=media,
        signalling=hub,
        documents=Documents(source, _TwimlReader()),
        audio=Audio(media, recordings),
        runtime=runtime,
        call_number=calls.call_number,
    ).perform
    return Server(
        settings=settings,
        store=store,
        journal=journal,
        runtime=runtime,
        media=media,
        egress=egress,
        delivery=delivery,
        hub=hub,
        rooms=rooms,
        calls=calls,
        messages=MessageService(
            rooms=rooms,
            store=store,
            journal=journal,
            entropy=os.urandom,
            is_json=_is_json,
            check_url=lambda url: parse_webhook_url(url, name="Callback"),
            uplink_rate=Rate(settings.message_rate, settings.message_burst),
            first_sequence_number=settings.sequence_start,
        ),
    )


def mint_token(credentials: Credentials, identity: str, lifetime_seconds: int = 3600) -> str:
    """Make an Access Token that lets an identity call and be called."""
    application = credentials.application
    return tokens.mint(
        account_sid=credentials.account.sid,
        key_sid=credentials.key.sid,
        secret=credentials.key.secret,
        now=utc_now(),
        identity=identity,
        lifetime_seconds=lifetime_seconds,
        incoming_allowed=True,
        outgoing_application_sid=application.sid if application is not None else None,
    )


def _turn_servers(settings: Settings) -> TurnServers:
    secret = settings.turn_secret
    return TurnServers(
        urls=settings.turn_urls, secret=secret.get_secret_value() if secret is not None else ""
    )


def _minter(credentials: Credentials) -> Callable[[str], str]:
    return lambda identity: mint_token(credentials, identity)


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError):
        return False
    return True
