"""The embedded media engine: every endpoint of this process, on aiortc's ICE and DTLS.

An endpoint is a device in a leg, or one of two lines back to back.

Invariants: an endpoint's id stands for at most one endpoint; an endpoint is in at most one bridge,
and its partner in the same; whatever is opened for an endpoint is closed when it is released.
"""

import asyncio
import time

import structlog

from midcall.media.endpoint import Endpoint, OnDigit
from midcall.media.faults import EndpointExists, EngineClosed, NoDevice, UnknownEndpoint
from midcall.media.line import Line
from midcall.media.metronome import Metronome
from midcall.media.party import Party
from midcall.media.peer import Owner, Peer
from midcall.media.playback import Playback, PlayEnd
from midcall.media.prompts import Prompts
from midcall.media.remote import RemoteDescription
from midcall.media.ringback import ring_tone, ringing
from midcall.media.settings import MediaSettings
from midcall.media.sounds import Keys, Recording, Sound, Speech
from midcall.media.stats import EndpointStats
from midcall.media.streams import Books, Clock

log = structlog.get_logger(__name__)


class AiortcEngine:
    """A ``MediaEngine`` in this process. It must be used in one event loop.

    ``on_digit`` is called with the endpoint and the key, once for each press; it must not wait.
    """

    def __init__(
        self,
        settings: MediaSettings | None = None,
        *,
        on_digit: OnDigit | None = None,
        prompts: Prompts | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        self._settings = settings or MediaSettings()
        self._on_digit = on_digit
        self._prompts = prompts or Prompts()
        self._clock = clock
        self._endpoints: dict[str, Party] = {}
        self._metronome = Metronome(self._beat, lambda: bool(self._endpoints), clock=clock)
        self._closed = False

    # --- endpoints ----------------------------------------------------------------------------

    async def answer(self, endpoint: str, offer_sdp: str) -> str:
        """Make an endpoint for a device that offers; return our answer.

        Raises ``UnusableDescription``, ``EndpointExists``, ``NoAddress`` or ``SetupTooSlow``; then
        there is no new endpoint.
        """
        remote = RemoteDescription.parse(offer_sdp)
        made = self._add(endpoint)
        try:
            return await made.answer(remote)
        except BaseException:
            await self._discard(made)
            raise

    async def offer(self, endpoint: str) -> str:
        """Make an endpoint and return our offer for its device.

        Raises ``EndpointExists``, ``NoAddress`` or ``SetupTooSlow``; then there is no new endpoint.
        """
        made = self._add(endpoint)
        try:
            return await made.offer()
        except BaseException:
            await self._discard(made)
            raise

    async def accept(self, endpoint: str, answer_sdp: str) -> None:
        """Take the device's answer to our offer.

        Raises ``UnusableDescription``, ``UnknownEndpoint``, ``NoDevice`` for a line, or
        ``NotOffered`` if no offer is open.
        """
        self._device(endpoint).accept(RemoteDescription.parse(answer_sdp))

    async def restart(self, endpoint: str, offer_sdp: str) -> str:
        """Take a new offer for an endpoint, alive or lost; return our answer.

        An endpoint that this engine never saw is made. Raises like ``answer``, and ``NoDevice``
        for a line.
        """
        if endpoint not in self._endpoints:
            return await self.answer(endpoint, offer_sdp)
        return await self._device(endpoint).restart(RemoteDescription.parse(offer_sdp))

    async def link(self, first: str, second: str) -> None:
        """Make two endpoints without a device, back to back: what one hears, the other says.

        Raises ``EndpointExists``, then none is made, and ``ValueError`` for one with itself.
        """
        if first == second:
            raise ValueError(f"{first} cannot be linked to itself")
        self._check_free(first, second)
        for line in Line.pair(first, second):
            self._keep(line)

    async def release(self, endpoint: str) -> None:
        """Let an endpoint go; one that is unknown is gone already."""
        released = self._endpoints.pop(endpoint, None)
        if released is not None:
            await released.release()

    async def close(self) -> None:
        """Let every endpoint go, all at once, and take no more."""
        self._closed = True
        await asyncio.gather(*(self.release(endpoint) for endpoint in tuple(self._endpoints)))
        await self._metronome.stop()

    def stats(self, endpoint: str) -> EndpointStats:
        """Return an endpoint in numbers.

        Raises ``UnknownEndpoint``.
        """
        return self._get(endpoint).stats()

    def _add(self, name: str) -> Endpoint:
        self._check_free(name)
        made = Endpoint(name, self._make_peer, self._on_digit)
        self._keep(made)
        return made

    def _check_free(self, *names: str) -> None:
        if self._closed:
            raise EngineClosed
        for name in names:
            if name in self._endpoints:
                raise EndpointExists(name)

    def _keep(self, made: Party) -> None:
        self._endpoints[made.name] = made
        self._metronome.start()

    def _make_peer(self, endpoint: str, owner: Owner, books: Books) -> Peer:
        return Peer(endpoint, owner, books, self._settings, self._clock)

    async def _discard(self, endpoint: Endpoint) -> None:
        """Let go of an endpoint that did not come to be, and of no other under its id."""
        if self._endpoints.get(endpoint.name) is endpoint:
            del self._endpoints[endpoint.name]
        await endpoint.release()

    def _get(self, name: str) -> Party:
        try:
            return self._endpoints[name]
        except KeyError:
            raise UnknownEndpoint(name) from None

    def _device(self, name: str) -> Endpoint:
        found = self._get(name)
        if not isinstance(found, Endpoint):
            raise NoDevice(name)
        return found

    # --- audio --------------------------------------------------------------------------------

    async def bridge(self, first: str, second: str) -> None:
        """Join two endpoints: each hears the other, and nobody else.

        Raises ``UnknownEndpoint``, and ``ValueError`` for an endpoint with itself.
        """
        one, other = self._get(first), self._get(second)
        if one is other:
            raise ValueError(f"{first} cannot be bridged to itself")
        one.join(other)

    async def unbridge(self, endpoint: str) -> None:
        """Part an endpoint from the one it was joined with; both hear silence.

        Raises ``UnknownEndpoint``.
        """
        parted = self._get(endpoint)
        parted.stop_playing()
        parted.part()

    async def ring(self, endpoint: str, country: str = "") -> None:
        """Let an endpoint hear a country's ring-back until it is joined, parted or silenced.

        A country that is not known rings as North America does. Raises ``UnknownEndpoint``.
        """
        called = self._get(endpoint)
        rate = called.playing_rate
        ring = ring_tone(country or self._settings.ring_country)
        called.start_playing().begin(ringing(ring, rate), rate)

    async def silence(self, endpoint: str) -> None:
        """End what is played to an endpoint; it hears the one it is joined with, or nothing.

        Raises ``UnknownEndpoint``.
        """
        self._get(endpoint).stop_playing()

    async def say(self, endpoint: str, text: str, language: str) -> bool:
        """Speak to an endpoint; return whether it came to its end uninterrupted.

        A language that cannot be spoken is spoken as the default one. Raises like ``sound``.
        """
        return await self.sound(endpoint, Speech(text, language)) is PlayEnd.FINISHED

    async def play(self, endpoint: str, recording: bytes) -> bool:
        """Play a WAV, AIFF or MP3 file; return whether it came to its end uninterrupted.

        Raises like ``sound``.
        """
        return await self.sound(endpoint, Recording(recording)) is PlayEnd.FINISHED

    async def press(self, endpoint: str, digits: str) -> bool:
        """Press keys for an endpoint to hear; return whether all of them were.

        Raises like ``sound``, and ``ValueError`` for what is on no keypad.
        """
        return await self.sound(endpoint, Keys(digits)) is PlayEnd.FINISHED

    async def sound(self, endpoint: str, sound: Sound) -> PlayEnd:
        """Play a sound to an endpoint; return when it is over, telling how it came to its end.

        It is interrupted by ``silence``, by another sound or ring-back, and whenever the endpoint
        is joined, parted or released. Cancelling this call interrupts it as well.

        Raises ``UnknownEndpoint``, ``UnplayableRecording`` or ``SetupTooSlow``.
        """
        listener = self._get(endpoint)
        playback = listener.start_playing()
        opening = asyncio.create_task(
            self._open(playback, sound, listener.playing_rate), name=f"media-prompt-{endpoint}"
        )
        try:
            return await playback.wait(self._settings.play_seconds)
        finally:
            listener.withdraw(playback)
            opening.cancel()
            await asyncio.wait([opening])

    async def _open(self, playback: Playback, sound: Sound, rate: int) -> None:
        """Make the frames; meanwhile the playback can be interrupted like any other."""
        try:
            playback.begin(await self._prompts.open(sound, rate), rate)
        except Exception as fault:
            playback.fail(fault)

    async def _beat(self) -> None:
        for endpoint in tuple(self._endpoints.values()):
            try:
                await endpoint.beat()
            except Exception:
                endpoint.stop_playing()
                log.exception("Audio could not be sent", endpoint=endpoint.name)
