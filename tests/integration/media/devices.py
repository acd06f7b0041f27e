"""Devices for the tests, on aiortc: they offer and answer without candidates, as browsers do."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from fractions import Fraction
from typing import TypeVar

from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, AudioResampler

from tests.unit.media.listening import Ear, sine

Seen = TypeVar("Seen")

DEADLINE_SECONDS = 20.0
RATE = 8000


class ToneTrack(MediaStreamTrack):
    """A voice: one frequency, 20 ms after 20 ms."""

    kind = "audio"

    def __init__(self, frequency: int) -> None:
        super().__init__()
        self._frequency = frequency
        self._position = 0
        self._started: float | None = None

    async def recv(self) -> AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        now = time.monotonic()
        self._started = now if self._started is None else self._started
        await asyncio.sleep(max(0.0, self._started + self._position / RATE - now))
        samples = sine(self._frequency, RATE, 160, self._position)
        frame = AudioFrame(format="s16", layout="mono", samples=160)
        frame.planes[0].update(samples)
        frame.pts, frame.sample_rate, frame.time_base = self._position, RATE, Fraction(1, RATE)
        self._position += 160
        return frame


class Device:
    """One browser's worth of WebRTC. ``ear`` is what it hears."""

    def __init__(self, frequency: int = 440, codecs: tuple[str, ...] = ("PCMU", "opus")) -> None:
        self.ear = Ear(RATE)
        self._codecs = codecs
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._connection.addTrack(ToneTrack(frequency))
        self._connection.on("track", self._listen)
        self._listening: asyncio.Task[None] | None = None

    def _prefer(self) -> None:
        transceiver = self._connection.getTransceivers()[0]
        known = {
            c.mimeType.split("/")[1]: c for c in transceiver.sender.getCapabilities("audio").codecs
        }
        transceiver.setCodecPreferences([known[name] for name in self._codecs])

    def _listen(self, track: MediaStreamTrack) -> None:
        self._listening = asyncio.create_task(self._hear(track))

    async def _hear(self, track: MediaStreamTrack) -> None:
        resampler = AudioResampler(format="s16", layout="mono", rate=RATE)
        try:
            while True:
                frame = await track.recv()
                assert isinstance(frame, AudioFrame)
                for resampled in resampler.resample(frame):
                    self.ear.hear(bytes(resampled.planes[0])[: resampled.samples * 2])
        except MediaStreamError:
            return

    async def offer(self) -> str:
        """Offer as the Voice SDK does: no candidates, and no end of them."""
        self._prefer()
        await self._connection.setLocalDescription(await self._connection.createOffer())
        return without_candidates(self._connection.localDescription.sdp)

    async def accept(self, answer: str) -> None:
        """Take the answer to the offer."""
        await self._connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def answer(self, offer: str) -> str:
        """Answer an offer, without candidates too."""
        self._prefer()
        await self._connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await self._connection.setLocalDescription(await self._connection.createAnswer())
        return without_candidates(self._connection.localDescription.sdp)

    @property
    def state(self) -> str:
        """The connection's state."""
        return self._connection.connectionState

    async def connected(self) -> None:
        """Wait for the connection."""
        await eventually(lambda: self.state == "connected")

    async def vanish(self) -> None:
        """Be gone without a word, as when the network is."""
        for transceiver in self._connection.getTransceivers():
            await transceiver.receiver.transport.transport.stop()

    async def close(self) -> None:
        """Hang up."""
        await self._connection.close()
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait([self._listening])


def without_candidates(description: str) -> str:
    """Leave out what the Voice SDK has not gathered yet when it offers."""
    return re.sub(r"a=(candidate:[^\r\n]*|end-of-candidates)\r\n", "", description)


async def eventually(
    condition: Callable[[], bool], describe: Callable[[], object] = lambda: "nothing more is known"
) -> None:
    """Wait until a condition holds; if it does not, say what is the case instead."""

    async def look() -> bool:
        return condition()

    try:
        await poll(look, bool)
    except TimeoutError:
        raise AssertionError(f"it did not come about: {describe()}") from None


async def poll(look: Callable[[], Awaitable[Seen]], enough: Callable[[Seen], bool]) -> Seen:
    """Look again and again until it is enough; return what was seen."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not enough(seen := await look()):  # noqa: ASYNC110 - others' states have no events
            await asyncio.sleep(0.02)
    return seen
