"""A call's audio over WebRTC, by aiortc: what is sent is a track, what is heard is one too.

There is no microphone here. A track that plays a file, a tone or a voice is the app's to give; so
is what becomes of what is heard.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from aiortc import (
    AudioStreamTrack,
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame

HEARD_FRAMES: Final = 50
"""How many frames wait for somebody who hears: a second; past it the oldest are dropped."""

NewTrack = Callable[[], MediaStreamTrack]


class Audio:
    """Audio for the calls of a device. ``track`` makes what a call sends; without it: silence."""

    def __init__(self, track: NewTrack = AudioStreamTrack) -> None:
        self._track = track

    def open(self) -> "CallAudio":
        """Begin the audio of a call."""
        return CallAudio(self._track())


class CallAudio:
    """The audio of one call. ``heard`` is the track of what comes from the other side."""

    def __init__(self, track: MediaStreamTrack) -> None:
        self.heard = HeardTrack()
        self._sent = MutableTrack(track)
        # Servers of midcall are found by the addresses in their descriptions: no STUN is needed.
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._connection.on("track", self.heard.follow)
        self._description = ""
        self._closed = False

    @property
    def description(self) -> str:
        """The session description that was given last."""
        return self._description

    @property
    def state(self) -> str:
        """The connection's state, in WebRTC's words: ``new``, ``connecting``, ``connected``, …."""
        return self._connection.connectionState

    async def offer(self) -> str:
        """Return the offer of a call that the device makes."""
        self._connection.addTrack(self._sent)
        return await self._describe(await self._connection.createOffer())

    async def accept(self, answer: str) -> None:
        """Take the answer to the offer."""
        await self._connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def answer(self, offer: str) -> str:
        """Return the answer to the offer of a call that the device gets."""
        await self._connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        self._connection.addTrack(self._sent)
        return await self._describe(await self._connection.createAnswer())

    def mute(self, muted: bool) -> None:
        """Send silence, or what there is to send again."""
        self._sent.muted = muted

    async def close(self) -> None:
        """Let go of everything; once is enough, more does no harm."""
        if self._closed:
            return
        self._closed = True
        await self._connection.close()
        self._sent.stop()
        await self.heard.end()

    async def _describe(self, description: RTCSessionDescription) -> str:
        await self._connection.setLocalDescription(description)
        # Only now it has the addresses.
        self._description = self._connection.localDescription.sdp
        return self._description


class HeardTrack(MediaStreamTrack):
    """What comes from the other side: whoever does not take it misses it, and fills no memory.

    ``frames`` counts what has come.
    """

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self.frames = 0
        self._unheard: deque[AudioFrame] = deque(maxlen=HEARD_FRAMES)
        self._more = asyncio.Event()
        self._following: asyncio.Task[None] | None = None

    def follow(self, track: MediaStreamTrack) -> None:
        """Take what a track brings."""
        if self._following is None:
            self._following = asyncio.create_task(self._hear(track), name="what is heard")

    async def recv(self) -> AudioFrame:
        """Wait for the next frame; raise ``MediaStreamError`` if there is no other."""
        while not self._unheard:
            if self.readyState != "live":
                raise MediaStreamError
            self._more.clear()
            await self._more.wait()
        return self._unheard.popleft()

    async def end(self) -> None:
        """Bring nothing more."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.wait([self._following])
        self.stop()
        self._more.set()

    async def _hear(self, track: MediaStreamTrack) -> None:
        try:
            while True:
                frame = await track.recv()
                if isinstance(frame, AudioFrame):
                    self.frames += 1
                    self._unheard.append(frame)
                    self._more.set()
        except MediaStreamError:
            self.stop()
            self._more.set()


class MutableTrack(MediaStreamTrack):
    """A track that goes on in its time while it is ``muted``, with silence."""

    kind = "audio"

    def __init__(self, source: MediaStreamTrack) -> None:
        super().__init__()
        self.muted = False
        self._source = source

    async def recv(self) -> AudioFrame:
        """Take the source's next frame; raise ``MediaStreamError`` if there is no other."""
        frame = await self._source.recv()
        if not isinstance(frame, AudioFrame):
            raise MediaStreamError
        if self.muted:
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
        return frame

    def stop(self) -> None:
        """Send nothing more, and let go of the source."""
        super().stop()
        self._source.stop()
