"""One connection with a device, and the streams on it.

A peer lives once: offered or connecting, connected, over. A restart makes another peer. One task
carries it from the moment when both descriptions are known to the moment when its sockets are
closed.
"""

import asyncio
import secrets
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from midcall.media.codecs import Codec
from midcall.media.dtls import Receive
from midcall.media.faults import SetupTooSlow, UnknownEndpoint, UnusableDescription
from midcall.media.ice import machine_addresses
from midcall.media.remote import RemoteDescription, answering
from midcall.media.reports import REPORT_SECONDS, Reports, ntp_now
from midcall.media.rtp import RtpPacket
from midcall.media.sdp import (
    OFFERED_EVENTS,
    OFFERED_FORMATS,
    EventFormat,
    LocalDescription,
    Setup,
)
from midcall.media.settings import MediaSettings
from midcall.media.stats import ConnectionState, EndpointStats
from midcall.media.streams import AudioReceiver, AudioSender, Books, Clock
from midcall.media.transport import Transport

log = structlog.get_logger(__name__)


class Owner(Protocol):
    """What a peer tells the endpoint that it belongs to."""

    async def heard(self, talker: AudioReceiver, packet: RtpPacket, codec: Codec) -> None:
        """The device said something."""
        ...

    async def heard_event(self, packet: RtpPacket, event: EventFormat) -> None:
        """The device sent a packet of a keypad event."""
        ...

    def pressed(self, digit: str) -> None:
        """Someone pressed a key; said once for each press."""
        ...

    async def connected(self, peer: "Peer") -> None:
        """The peer can carry audio now."""
        ...


@dataclass(frozen=True, slots=True)
class Streams:
    """What exists once both descriptions are known."""

    remote: RemoteDescription
    receiver: AudioReceiver
    sender: AudioSender
    reports: Reports


class Peer:
    """One connection with a device."""

    def __init__(
        self, endpoint: str, owner: Owner, books: Books, settings: MediaSettings, clock: Clock
    ) -> None:
        self.state = ConnectionState.OFFERED
        self._endpoint = endpoint
        self._owner = owner
        self._books = books
        self._settings = settings
        self._clock = clock
        self._transport = Transport(
            settings.addresses or machine_addresses(),
            settings.port_range,
            on_rtp=self._guarded(self._receive_rtp),
            on_rtcp=self._guarded(self._receive_rtcp),
        )
        self._description: LocalDescription | None = None
        self._streams: Streams | None = None
        self._life: asyncio.Task[None] | None = None
        self._abandoned = False
        self._report_at = 0.0

    # --- descriptions -------------------------------------------------------------------------

    async def offer(self) -> str:
        """Return our offer."""
        await self._gather(controlling=True)
        self._description = self._describe()
        return self._description.serialize()

    def accept(self, remote: RemoteDescription) -> None:
        """Take the answer to our offer and start to connect.

        Raises ``UnusableDescription`` if it leaves open who starts the DTLS handshake.
        """
        if remote.setup is Setup.ACTPASS:
            raise UnusableDescription("an answer settles setup, actpass does not (RFC 5763)")
        ours = Setup.ACTIVE if remote.setup is Setup.PASSIVE else Setup.PASSIVE
        self._description = replace(
            self._describe(), setup=ours, direction=remote.direction.reversed
        )
        self._start(remote, active=ours is Setup.ACTIVE)

    async def answer(self, remote: RemoteDescription) -> str:
        """Take an offer, start to connect, and return our answer."""
        await self._gather(controlling=False)
        ours = Setup.PASSIVE if remote.setup is Setup.ACTIVE else Setup.ACTIVE
        self._description = answering(replace(self._describe(), setup=ours), remote)
        self._start(remote, active=ours is Setup.ACTIVE)
        return self._description.serialize()

    def answer_again(self, remote: RemoteDescription) -> str | None:
        """Answer an offer that changes nothing, or return ``None`` if it asks for a restart.

        Other ICE credentials do (RFC 8839 section 4.4.1.1.1), and so does any offer to a connection
        that is over.
        """
        if self._description is None or self._streams is None or self.over:
            return None
        known = self._streams.remote
        if (remote.username_fragment, remote.password) != (known.username_fragment, known.password):
            return None
        self._description = answering(self._description, remote)
        return self._description.serialize()

    async def _gather(self, *, controlling: bool) -> None:
        seconds = self._settings.gather_seconds
        try:
            async with asyncio.timeout(seconds):
                await self._transport.gather(controlling=controlling)
        except TimeoutError:
            raise SetupTooSlow("Opening sockets", seconds) from None
        if self.over:  # closed meanwhile, when some of the sockets were not there yet
            await self._shut()
            raise UnknownEndpoint(self._endpoint)

    def _describe(self) -> LocalDescription:
        address, port = self._transport.address
        return LocalDescription(
            session=secrets.randbits(62),
            username_fragment=self._transport.username_fragment,
            password=self._transport.password,
            fingerprint=self._transport.fingerprint,
            setup=Setup.ACTPASS,
            formats=OFFERED_FORMATS,
            events=OFFERED_EVENTS,
            ssrc=self._books.stream.ssrc,
            candidates=self._transport.candidates,
            address=address,
            port=port,
        )

    # --- life ---------------------------------------------------------------------------------

    @property
    def awaited(self) -> bool:
        """Whether this connection may still come up."""
        return self.state in (ConnectionState.OFFERED, ConnectionState.CONNECTING)

    @property
    def over(self) -> bool:
        """Whether this connection has ended, however it did."""
        return self.state in (ConnectionState.FAILED, ConnectionState.CLOSED)

    def _start(self, remote: RemoteDescription, *, active: bool) -> None:
        self._streams = self._open_streams(remote)
        self.state = ConnectionState.CONNECTING
        self._life = asyncio.create_task(
            self._live(remote, active=active), name=f"media-peer-{self._endpoint}"
        )

    async def _live(self, remote: RemoteDescription, *, active: bool) -> None:
        try:
            self.state = await self._connect(remote, active=active)
            if self.state is ConnectionState.CONNECTED:
                await self._owner.connected(self)
                closed = await self._transport.wait_until_over()
                self.state = ConnectionState.CLOSED if closed else ConnectionState.FAILED
            if self.state is ConnectionState.FAILED:
                log.warning("Media has no connection to the device", endpoint=self._endpoint)
        except Exception:
            self.state = ConnectionState.FAILED
            log.exception("Media broke", endpoint=self._endpoint)
        finally:
            if not self.over:
                self.state = ConnectionState.CLOSED
            await self._shut()

    async def _connect(self, remote: RemoteDescription, *, active: bool) -> ConnectionState:
        try:
            async with asyncio.timeout(self._settings.connect_seconds):
                connected = await self._transport.connect(remote, active=active)
        except TimeoutError:
            connected = False
        return ConnectionState.CONNECTED if connected else ConnectionState.FAILED

    async def close(self, *, abandon: bool = False) -> None:
        """End the connection and close its sockets; once is enough, more does no harm.

        ``abandon`` says nothing to the device, which is right for a connection that another one has
        replaced: its goodbye would be taken for that of the new one.
        """
        self._abandoned = abandon
        if self._life is not None:
            if not self.over:  # else it is closing already, and cancelling would cut that short
                self._life.cancel()
            await asyncio.wait([self._life], timeout=self._settings.close_seconds)
        if not self.over:  # there was no life yet, or it was cancelled before its first step
            self.state = ConnectionState.CLOSED
            await self._shut()

    async def _shut(self) -> None:
        try:
            async with asyncio.timeout(self._settings.close_seconds):
                await self._transport.close(abandon=self._abandoned)
        except TimeoutError:
            log.warning("Media sockets were slow to close", endpoint=self._endpoint)

    # --- audio --------------------------------------------------------------------------------

    @property
    def sender(self) -> AudioSender | None:
        """Where audio for the device goes; ``None`` while none can go there."""
        if self.state is not ConnectionState.CONNECTED or self._streams is None:
            return None
        return self._streams.sender if self._streams.remote.direction.receives else None

    @property
    def codec(self) -> Codec | None:
        """The codec that we send, once it is agreed on."""
        return self._streams.sender.codec if self._streams is not None else None

    def _open_streams(self, remote: RemoteDescription) -> Streams:
        receiver = AudioReceiver(
            remote.formats,
            remote.events,
            on_audio=self._owner.heard,
            on_event=self._owner.heard_event,
            on_digit=self._owner.pressed,
            books=self._books,
            clock=self._clock,
        )
        sender = AudioSender(
            remote.formats,
            remote.events,
            send=self._transport.send,
            books=self._books,
            clock=self._clock,
        )
        stream, reception = self._books.stream, self._books.reception
        return Streams(
            remote, receiver, sender, Reports(stream, reception, sender.codec.clock_rate)
        )

    def _guarded(self, receive: Receive) -> Receive:
        """Keep what goes wrong with one packet from ending the connection."""

        async def guarded(octets: bytes) -> None:
            try:
                await receive(octets)
            except Exception:
                log.exception("A packet could not be taken", endpoint=self._endpoint)

        return guarded

    async def _receive_rtp(self, octets: bytes) -> None:
        if self._streams is not None:
            await self._streams.receiver.receive(octets)

    async def _receive_rtcp(self, octets: bytes) -> None:
        if self._streams is not None:
            self._streams.reports.read(octets, self._clock(), ntp_now())

    async def report(self) -> None:
        """Send the device our reports, if it is time again."""
        now = self._clock()
        if self._streams is None or self.state is not ConnectionState.CONNECTED:
            return
        if now >= self._report_at:
            # At random around the interval, so that reports do not march in step (RFC 3550 6.3.1).
            self._report_at = now + REPORT_SECONDS * (0.5 + secrets.randbelow(1024) / 1024)
            await self._transport.send(self._streams.reports.write(now, ntp_now()))

    def stats(self, bridged_to: str | None) -> EndpointStats:
        """Return the connection in numbers."""
        if self._streams is None:
            return EndpointStats(state=self.state, bridged_to=bridged_to)
        stream, reception = self._books.stream, self._books.reception
        return EndpointStats(
            state=self.state,
            codec=self._streams.sender.codec.name,
            packets_received=reception.packets,
            bytes_received=reception.octets,
            packets_lost=reception.packets_lost,
            jitter_seconds=reception.jitter_seconds,
            packets_sent=stream.packets,
            bytes_sent=stream.octets,
            round_trip_seconds=self._streams.reports.round_trip_seconds,
            bridged_to=bridged_to,
        )
