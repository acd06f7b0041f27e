"""Putting the server together: the one place that names concrete adapters."""

import os
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from midcall.app import tuning
from midcall.app.certificates import names_for
from midcall.app.hooks import NO_HOOKS, Hooks
from midcall.app.notices import Commit, noticing
from midcall.app.server import Server
from midcall.app.settings import Settings
from midcall.console.sessions import Sessions
from midcall.core.calls.audio import Audio
from midcall.core.calls.documents import Documents
from midcall.core.calls.release import Releaser
from midcall.core.calls.rooms import Rooms
from midcall.core.calls.service import CallService
from midcall.core.messages.means import gather
from midcall.core.messages.service import MessageService
from midcall.core.outbox.redrive import Redriver
from midcall.core.ports import Change, MediaEngine, Store
from midcall.core.retention import Retention
from midcall.delivery.egress import Egress
from midcall.delivery.twiml_source import HttpDocumentSource, HttpRecordingSource
from midcall.delivery.worker import DeliveryWorker
from midcall.gateway.hub import Hub
from midcall.gateway.tracing import Tracing
from midcall.media.none import NoMedia
from midcall.model.messages import UserDefinedMessage
from midcall.model.sids import CallSid, MessageSid
from midcall.proxy.rules import Rules
from midcall.proxy.server import ForwardProxy, home_of
from midcall.runtime.bell import Bell
from midcall.runtime.clock import SteadyClock
from midcall.runtime.journal import Journal
from midcall.runtime.loop import LoopRuntime
from midcall.runtime.periodic import Periodic
from midcall.runtime.recorder import Recorder
from midcall.runtime.rendezvous import Rendezvous
from midcall.wire import contents, templates, twiml
from midcall.wire.urls import parse_webhook_url

EXPIRY_SECONDS = 5.0
"""How often messages are looked for that have waited too long."""

REMOVAL_SECONDS = 60.0
"""How often it is looked for what is kept no longer."""


class _TwimlReader:
    """The ``DocumentReader`` port, by the codecs."""

    parse = staticmethod(twiml.parse)
    render = staticmethod(templates.render)


def compose(
    settings: Settings, store: Store, ca_file: Path | None, *, hooks: Hooks = NO_HOOKS
) -> Server:
    """Build a server on an open store. Callbacks trust ``ca_file`` beside the system's CAs.

    Two parts are told of things before they are there: the journal's commits are delivery's work,
    and the keys that the media engine hears are the calls'.
    """
    clock = SteadyClock(hooks.wall, time.monotonic)
    runtime = LoopRuntime(clock)
    bell, anything = Bell(), Bell()

    def deliver() -> None:
        delivery.wake()

    def pressed(endpoint: str, key: str) -> None:
        calls.pressed(endpoint, key)

    commit = _telling(store.commit, hooks.committed)
    journal: Journal[Change] = Journal(
        noticing(commit, owed=deliver, said=bell.ring, changed=anything.ring)
    )
    egress = Egress(
        allow=settings.egress_allow,
        ca_files=(ca_file,) if ca_file else (),
        intercept=hooks.intercept,
    )
    delivery = DeliveryWorker(
        store=store,
        journal=journal,
        egress=egress,
        clock=clock,
        entropy=os.urandom,
        settings=tuning.delivery(settings),
    )
    tracing = Tracing(
        record=lambda changes: runtime.spawn("traces", journal.commit(changes)),
        later=runtime.later,
        clock=clock,
    )
    hub = Hub(
        store=store,
        spawn=runtime.supervisor.spawn,
        later=runtime.later,
        record=Recorder(journal.commit, runtime.spawn).record,
        clock=clock,
        note=tracing.note,
        limits=tuning.gateway(settings),
    )
    rooms = Rooms(
        journal=journal,
        clock=clock,
        entropy=os.urandom,
        runtime=runtime,
        wake_delivery=delivery.wake,
    )
    media = _media(settings, pressed)
    calls = CallService(rooms=rooms, store=store, media=media, signalling=hub, entropy=os.urandom)
    source = HttpDocumentSource(
        store=store,
        journal=journal,
        egress=egress,
        clock=clock,
        entropy=os.urandom,
        limits=tuning.documents(settings),
    )
    recordings = HttpRecordingSource(store=store, egress=egress, clock=clock, entropy=os.urandom)
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
    replies: Rendezvous[tuple[CallSid, MessageSid], UserDefinedMessage] = Rendezvous()
    messages = MessageService(
        gather(
            rooms=rooms,
            store=store,
            journal=journal,
            entropy=os.urandom,
            replies=replies,
            settings=tuning.messages(settings),
        ),
        is_json=contents.is_json,
        find_replied=contents.find_replied,
        check_url=lambda url: parse_webhook_url(url, name="Callback"),
    )
    return Server(
        settings=settings,
        wall=hooks.wall,
        clock=clock,
        store=store,
        journal=journal,
        runtime=runtime,
        media=media,
        egress=egress,
        delivery=delivery,
        redriving=Redriver(
            store=store, journal=journal, clock=clock, wake=delivery.wake, turn=delivery.turn
        ),
        hub=hub,
        rooms=rooms,
        calls=calls,
        messages=messages,
        bell=bell,
        anything=anything,
        tracing=tracing,
        sessions=Sessions(clock, os.urandom),
        upkeep=_upkeep(Retention(store, journal, clock, tuning.keeping(settings))),
    )


def _telling(commit: Commit, committed: Callable[[], None] | None) -> Commit:
    if committed is None:
        return commit

    async def commit_and_tell(changes: Sequence[Change]) -> None:
        await commit(changes)
        committed()

    return commit_and_tell


def forward(settings: Settings, listeners: Sequence[socket.socket]) -> ForwardProxy:
    """Build the forward proxy of a server that listens on these sockets."""
    names = frozenset(names_for(settings.public_host))
    rules = Rules(names=names, port=settings.port, others=settings.proxy_others)
    return ForwardProxy(rules, home_of(listeners[0]))


def _media(settings: Settings, pressed: Callable[[str, str], None]) -> MediaEngine:
    if settings.media == "none":
        return NoMedia()
    # Codecs and ICE take long to load: only where there is audio.
    from midcall.media.engine import AiortcEngine  # noqa: PLC0415

    return AiortcEngine(on_digit=pressed)


def _upkeep(retention: Retention) -> Sequence[Periodic]:
    return (
        Periodic("expiry", retention.expire_held, EXPIRY_SECONDS),
        Periodic("removal", retention.remove_old, REMOVAL_SECONDS),
    )
