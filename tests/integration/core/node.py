"""The heart of a server without its edges: real rooms, journal, mailboxes and store.

What has sockets is played: ``Phones`` is every device, ``Customer`` every web server, ``Media`` the
audio that takes as long as a test wants, ``Disk`` a store that can be slow or broken. Time stands
still until ``wait``.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from midcall.core.calls.audio import Audio
from midcall.core.calls.documents import Documents
from midcall.core.calls.release import Releaser
from midcall.core.calls.requests import CallRequests
from midcall.core.calls.rooms import Rooms
from midcall.core.calls.service import CallService, Offer
from midcall.core.messages.means import gather
from midcall.core.messages.service import MessageService, Uplink
from midcall.core.messages.settings import MessageSettings
from midcall.core.ports import (
    Change,
    Fetched,
    Invitation,
    Peer,
    PutApplication,
    Sending,
    Subscribing,
)
from midcall.media.none import NoMedia
from midcall.model.accounts import Application
from midcall.model.calls import Call
from midcall.model.endpoints import Endpoint
from midcall.model.errors import EndpointGone, Fault, TwimlFault, Unavailable
from midcall.model.families import Device, SessionId
from midcall.model.messages import USER_DEFINED_MESSAGE, Created, UserDefinedMessage
from midcall.model.sids import AccountSid, ApplicationSid, CallSid, MessageSid
from midcall.model.twiml import Parameter
from midcall.runtime.journal import Journal
from midcall.runtime.loop import LoopRuntime
from midcall.runtime.rendezvous import Rendezvous
from midcall.store.sqlite import SqliteStore
from midcall.wire import contents, templates, twiml
from midcall.wire.urls import parse_webhook_url
from tests.unit.core.calls.stage import Counting

START = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
OURS = AccountSid("AC" + "a" * 32)
THEIRS = AccountSid("AC" + "b" * 32)
VOICE_URL = "https://example.com/voice"
DIAL_BOB = "<Response><Dial><Client>bob</Client></Dial></Response>"
SETTINGS = MessageSettings()
HOLD = "<Response><Pause length='3600'/></Response>"


def offer(sdp: str) -> Offer:
    """Return what a device offers; the certificate is the same throughout."""
    return Offer(sdp, "its certificate")


class Alarms(LoopRuntime):
    """The runtime, with timers that go off only when a test lets time pass."""

    def __init__(self) -> None:
        self.now = START
        super().__init__(lambda: self.now)
        self._due: dict[str, dict[str, tuple[datetime, Callable[[str], None]]]] = {}
        self._calls: list[tuple[datetime, Callable[[], None]]] = []

    def set_timers(
        self, owner: str, due_at: dict[str, datetime], fire: Callable[[str], None]
    ) -> None:
        """Replace all timers of an owner."""
        self._due[owner] = {name: (due, fire) for name, due in due_at.items()}

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call after so many seconds."""
        self._calls.append((self.now + timedelta(seconds=seconds), call))

    def timers_of(self, owner: str) -> set[str]:
        """Name the timers that are set."""
        return set(self._due.get(owner, {}))

    def ring(self) -> None:
        """Let everything go off that is due."""
        for timers in self._due.values():
            for name in [name for name, (due, _) in timers.items() if due <= self.now]:
                timers.pop(name)[1](name)
        due_calls = [call for due, call in self._calls if due <= self.now]
        self._calls = [(due, call) for due, call in self._calls if due > self.now]
        for call in due_calls:
            call()


@dataclass
class Gate:
    """Something that may be held up, and who waits for it."""

    waiting: set["asyncio.Task[Any]"] = field(default_factory=set)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    _reached: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.open.set()

    async def reached(self) -> None:
        """Wait until somebody has come here since it is held up."""
        async with asyncio.timeout(30):
            await self._reached.wait()

    async def __call__(self) -> None:
        """Wait until it is open."""
        task = asyncio.current_task()
        assert task is not None
        self.waiting.add(task)
        self._reached.set()
        await self.open.wait()
        self.waiting.discard(task)

    def holds(self, task: "asyncio.Task[Any]") -> bool:
        """Tell whether a task waits here."""
        return not self.open.is_set() and task in self.waiting

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold it up for a while."""
        self.open.clear()
        self._reached.clear()
        try:
            yield
        finally:
            self.open.set()


Refuses = Callable[[Change], bool]


def _nothing(_: Change) -> bool:
    return False


def _everything(_: Change) -> bool:
    return True


class Disk:
    """The real store; a commit waits at the gate, and fails while ``refuses`` says so."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self.gate = Gate()
        self.refuses: Refuses = _nothing
        self.commits: list[list[Change]] = []
        self.failures = 0

    async def commit(self, changes: Sequence[Change]) -> None:
        """Write, or do not."""
        await self.gate()
        try:
            if any(map(self.refuses, changes)):
                raise Unavailable()
            await self.store.commit(changes)
        except Exception:
            self.failures += 1
            raise
        self.commits.append(list(changes))

    @contextmanager
    def broken(self, refuses: Refuses | None = None) -> Iterator[None]:
        """Refuse commits that hold such changes for a while; without a rule, every commit."""
        self.refuses = refuses or _everything
        try:
            yield
        finally:
            self.refuses = _nothing


class Phones:
    """Every device: what it is told, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.relayed: list[CallSid] = []
        self.present: set[SessionId] = set()
        self._registered: dict[tuple[AccountSid, str], list[SessionId]] = defaultdict(list)

    def register(self, identity: str, *sessions: str, account: AccountSid = OURS) -> None:
        """Let an identity be reachable."""
        for session in map(SessionId, sessions):
            self.present.add(session)
            self._registered[account, identity].append(session)

    def of(self, session: str) -> list[str]:
        """Return the names of the frames that a session was told."""
        return [name for name, told, *_ in self.told if told == session]

    def registered(self, account: AccountSid, identity: str) -> tuple[SessionId, ...]:
        """Return the sessions that are registered under an identity."""
        return tuple(self._registered[account, identity])

    def invite(self, invitation: Invitation) -> bool:
        """Offer an incoming call."""
        self.told.append(("invite", invitation.device.session, invitation))
        return invitation.device.session in self.present

    def ringing(self, call: CallSid, device: Device) -> None:
        """Tell a calling device its CallSid."""
        self.told.append(("ringing", device.session, call))

    def answer(self, call: CallSid, device: Device, sdp: str) -> None:
        """Tell a device that its call is answered."""
        self.told.append(("answer", device.session, call, sdp))

    def cancel(self, call: CallSid, device: Device) -> None:
        """Withdraw an incoming call."""
        self.told.append(("cancel", device.session, call))

    def hang_up(self, call: CallSid, device: Device, fault: Fault | None) -> None:
        """Tell a device that its call is over."""
        self.told.append(("hangup", device.session, call, fault))

    def forget(self, call: CallSid, device: Device) -> None:
        """Send nothing more of a leg."""
        self.told.append(("forgotten", device.session, call))

    def progress(self, call: CallSid, sid: str, child: Call, status: str) -> None:
        """Tell a caller of a child."""
        self.told.append(("progress", call, child.sid, status))

    def relay(self, call: CallSid) -> None:
        """Send a leg's messages."""
        self.relayed.append(call)


class Customer:
    """Every web server: documents by URL, a fault, or an exception; and what it was asked."""

    def __init__(self) -> None:
        self.pages: dict[str, str | Exception] = {}
        self.asked: list[tuple[Endpoint, dict[str, str], str]] = []
        self.gate = Gate()

    async def fetch(
        self,
        account: AccountSid,
        call: CallSid,
        endpoint: Endpoint,
        parameters: dict[str, str],
        token: str,
    ) -> Fetched:
        """Answer with a document."""
        self.asked.append((endpoint, parameters, token))
        await self.gate()
        page = self.pages.get(endpoint.url, TwimlFault(11200, "there is nothing", endpoint.url))
        if isinstance(page, Exception):
            raise page
        return Fetched(page, "text/xml", endpoint.url)

    async def fetch_recording(self, account: AccountSid, url: str) -> bytes:
        """Answer with a sound, which is as good as any."""
        await self.gate()
        page = self.pages.get(url, TwimlFault(11200, "there is nothing", url))
        if isinstance(page, Exception):
            raise page
        return page.encode()


class Reader:
    """The real codecs."""

    parse = staticmethod(twiml.parse)
    render = staticmethod(templates.render)


class Media(NoMedia):
    """Endpoints without audio: slow at the gate, broken where ``fails`` says so, and counted.

    With ``only_slow`` that is the only work that the gate holds up.
    """

    def __init__(self) -> None:
        self.gate = Gate()
        self.only_slow = ""
        self.fails: set[str] = set()
        self.log: list[tuple[str, ...]] = []
        self.endpoints: set[str] = set()
        self.talks = False
        self._sounding: dict[str, tuple[asyncio.Task[Any], asyncio.Future[bool]]] = {}

    async def _note(self, what: str, *endpoints: str) -> None:
        if self.only_slow in {"", what}:
            await self.gate()
        self.log.append((what, *endpoints))
        if what in self.fails:
            raise RuntimeError(f"{what} is broken")

    async def answer(self, endpoint: str, offer_sdp: str) -> str:
        """Make an endpoint for a device that offers."""
        await self._note("answer", endpoint)
        self.endpoints.add(endpoint)
        return f"answer to {offer_sdp}"

    async def offer(self, endpoint: str) -> str:
        """Make an endpoint that offers."""
        await self._note("offer", endpoint)
        self.endpoints.add(endpoint)
        return "offer"

    async def accept(self, endpoint: str, answer_sdp: str) -> None:
        """Take the answer."""
        await self._note("accept", endpoint)

    async def restart(self, endpoint: str, offer_sdp: str) -> str:
        """Take a new offer."""
        await self._note("restart", endpoint)
        self.endpoints.add(endpoint)
        return f"answer to {offer_sdp}"

    async def bridge(self, first: str, second: str) -> None:
        """Join two endpoints."""
        await self._note("bridge", first, second)
        self.finish(first, whole=False)
        self.finish(second, whole=False)

    async def unbridge(self, endpoint: str) -> None:
        """Part an endpoint."""
        await self._note("unbridge", endpoint)

    async def link(self, first: str, second: str) -> None:
        """Make two lines."""
        await self._note("link", first, second)
        self.endpoints |= {first, second}

    async def say(self, endpoint: str, text: str, language: str) -> bool:
        """Speak; where it ``talks`` that goes on until it is told otherwise."""
        await self._note("say", endpoint, text)
        return await self._sound(endpoint)

    async def play(self, endpoint: str, recording: bytes) -> bool:
        """Play; where it ``talks`` that goes on until it is told otherwise."""
        await self._note("play", endpoint, recording.decode())
        return await self._sound(endpoint)

    async def press(self, endpoint: str, digits: str) -> bool:
        """Press keys."""
        await self._note("press", endpoint, digits)
        return True

    async def silence(self, endpoint: str) -> None:
        """Let an endpoint hear nothing."""
        await self._note("silence", endpoint)
        self.finish(endpoint, whole=False)

    async def _sound(self, endpoint: str) -> bool:
        if endpoint not in self.endpoints:
            raise EndpointGone(endpoint)
        if not self.talks:
            return True
        self.finish(endpoint, whole=False)
        task = asyncio.current_task()
        assert task is not None
        ended: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._sounding[endpoint] = task, ended
        return await ended

    def finish(self, endpoint: str, *, whole: bool = True) -> None:
        """Let what an endpoint hears come to its end, or be interrupted."""
        if endpoint in self._sounding:
            self._sounding.pop(endpoint)[1].set_result(whole)

    def sounds(self, task: "asyncio.Task[Any]") -> bool:
        """Tell whether a task waits for the end of what is heard."""
        return any(task is sounding for sounding, _ in self._sounding.values())

    @property
    def heard(self) -> list[str]:
        """What was said, played and pressed, in order."""
        return [entry[2] for entry in self.log if entry[0] in {"say", "play", "press"}]

    async def ring(self, endpoint: str, country: str = "") -> None:
        """Play ring-back."""
        await self._note("ring", endpoint)

    async def release(self, endpoint: str) -> None:
        """Let an endpoint go."""
        await self._note("release", endpoint)
        self.finish(endpoint, whole=False)
        self.endpoints.discard(endpoint)


class Node:
    """The heart of one server on a store. Another one on the same store is the next start."""

    def __init__(self, store: SqliteStore, *, settings: MessageSettings = SETTINGS) -> None:
        self.disk = Disk(store)
        self.store = store
        self.runtime = Alarms()
        self.phones = Phones()
        self.customer = Customer()
        self.media = Media()
        self.entropy = Counting()
        self.deliveries_woken = 0
        self.journal: Journal[Change] = Journal(self.disk.commit)
        self.rooms = Rooms(
            journal=self.journal,
            clock=lambda: self.runtime.now,
            entropy=self.entropy,
            runtime=self.runtime,
            wake_delivery=self._wake,
        )
        self.calls = CallService(
            rooms=self.rooms,
            store=store,
            media=self.media,
            signalling=self.phones,
            entropy=self.entropy,
        )
        self.releaser = Releaser(
            rooms=self.rooms,
            store=store,
            media=self.media,
            signalling=self.phones,
            documents=Documents(self.customer, Reader()),
            audio=Audio(self.media, self.customer),
            runtime=self.runtime,
            call_number=self.calls.call_number,
        )
        self.rooms.perform = self.releaser.perform
        self.requests = CallRequests(rooms=self.rooms, store=store, entropy=self.entropy)
        self.replies: Rendezvous[tuple[CallSid, MessageSid], UserDefinedMessage] = Rendezvous()
        self.messages = MessageService(
            gather(
                rooms=self.rooms,
                store=store,
                journal=self.journal,
                entropy=self.entropy,
                replies=self.replies,
                settings=settings,
            ),
            is_json=contents.is_json,
            find_replied=contents.find_replied,
            check_url=lambda url: parse_webhook_url(url, name="Callback"),
        )

    # --- what the REST API asks

    async def send(
        self, account: AccountSid, call: CallSid, content: str | None, key: str | None
    ) -> Created:
        """Send a message to a leg."""
        return await self.messages.send(
            account, call, Sending(content=content, idempotency_key=key)
        )

    async def subscribe(
        self,
        account: AccountSid,
        call: CallSid,
        callback: str | None,
        method: str | None,
        key: str | None,
        *,
        replay: bool = False,
    ) -> Created:
        """Subscribe to a leg."""
        subscribing = Subscribing(callback=callback, method=method, idempotency_key=key)
        return await self.messages.subscribe(account, call, subscribing, replay=replay)

    def _wake(self) -> None:
        self.deliveries_woken += 1

    # --- time

    async def quiet(self) -> None:
        """Wait until nothing happens any more, but for what a test holds up."""
        async with asyncio.timeout(30):
            while busy := [task for task in self.runtime.busy() if not self._held_up(task)]:
                await asyncio.wait(busy, timeout=0.01)

    def _held_up(self, task: "asyncio.Task[None]") -> bool:
        held = any(gate.holds(task) for gate in (self.customer.gate, self.media.gate))
        return held or self.media.sounds(task)

    async def wait(self, seconds: float) -> None:
        """Let time pass."""
        await self.quiet()
        self.runtime.now += timedelta(seconds=seconds)
        self.runtime.ring()
        await self.quiet()

    # --- what a test does again and again

    async def application(
        self,
        document: str | Exception = DIAL_BOB,
        *,
        account: AccountSid = OURS,
        voice_twiml: str = "",
        fallback: str = "",
    ) -> ApplicationSid:
        """Keep an application; its Voice URL answers with the document."""
        self.customer.pages[VOICE_URL] = document
        application = Application(
            sid=ApplicationSid("AP" + self.entropy(16).hex()),
            account_sid=account,
            friendly_name="ours",
            created_at=START,
            updated_at=START,
            voice_url="" if voice_twiml else VOICE_URL,
            voice_twiml=voice_twiml,
            voice_fallback_url=fallback,
        )
        await self.store.commit([PutApplication(application)])
        return application.sid

    async def place(
        self, document: str | Exception = DIAL_BOB, *parameters: Parameter, peer: Peer | None = None
    ) -> CallSid:
        """Let ann call, and whatever follows from it happen."""
        self.phones.present.add(SessionId("ann 1"))
        application = await self.application(document)
        sid = await self.calls.place(peer or ann(), application, parameters, offer("sdp"))
        await self.quiet()
        return sid

    async def talk(self) -> tuple[CallSid, CallSid]:
        """Let ann call bob, and bob accept; return both legs."""
        self.phones.register("bob", "bob 1")
        parent = await self.place()
        child = self.child(parent)
        self.calls.accept(bob(), child, offer("sdp"))
        await self.quiet()
        return parent, child

    def child(self, parent: CallSid) -> CallSid:
        """Return the newest child of a live family."""
        room = self.rooms.find(parent)
        assert room is not None
        return room.family.children[-1].sid

    async def call(self, sid: CallSid) -> Call:
        """Return a call as it is kept."""
        call = await self.store.find_call(sid)
        assert call is not None
        return call

    async def close(self) -> None:
        """Stop, and leave the store open."""
        await self.runtime.close(30)
        await self.journal.close()


def ann(session: str = "ann 1", since: datetime | None = None) -> Peer:
    """Return ann's device, perhaps on a socket that it has since some time."""
    return Peer(session=SessionId(session), account_sid=OURS, identity="ann", since=since)


def bob(session: str = "bob 1", since: datetime | None = None) -> Peer:
    """Return a device of bob's, perhaps on a socket that it has since some time."""
    return Peer(session=SessionId(session), account_sid=OURS, identity="bob", since=since)


def uplink(
    call: CallSid, number: int = 1, content: str = "{}", kind: str = USER_DEFINED_MESSAGE
) -> Uplink:
    """Return a message that a device sends."""
    return Uplink(
        call_sid=call,
        content=content,
        content_type="application/json",
        message_type=kind,
        voice_event_sid=f"KX{number:032x}",
    )


async def outcome(asked: Awaitable[Any]) -> Any:
    """Return what comes of a question, the fault if it is refused."""
    try:
        return await asked
    except Fault as fault:
        return fault
