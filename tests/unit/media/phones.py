"""Endpoints on connections that are always up and keep what is sent into them."""

from midcall.media.codecs import PCMU, Codec, decoder
from midcall.media.endpoint import Endpoint
from midcall.media.peer import Owner, Peer
from midcall.media.rtp import RtpPacket
from midcall.media.sdp import EventFormat, Format
from midcall.media.stats import ConnectionState
from midcall.media.streams import AudioReceiver, AudioSender, Books
from tests.unit.media.listening import loudness

FORMATS = (Format(PCMU, 0),)
EVENTS = (EventFormat(126, 8000),)
LOUD = bytes([0x90]) * 160


class Wire(Peer):
    """A connection that is up, and keeps what is sent into it."""

    def __init__(self, endpoint: str, owner: Owner, books: Books) -> None:
        self.now = 0.0
        self.state = ConnectionState.CONNECTED
        self.sent: list[RtpPacket] = []
        self.receiver = AudioReceiver(
            FORMATS,
            EVENTS,
            on_audio=owner.heard,
            on_event=owner.heard_event,
            on_digit=owner.pressed,
            books=books,
            clock=lambda: self.now,
        )
        self._open = AudioSender(
            FORMATS, EVENTS, send=self.send, books=books, clock=lambda: self.now
        )

    async def send(self, octets: bytes) -> None:
        self.sent.append(RtpPacket.parse(octets))

    @property
    def sender(self) -> AudioSender | None:
        return self._open if self.state is ConnectionState.CONNECTED else None

    @property
    def codec(self) -> Codec | None:
        return PCMU

    async def report(self) -> None:
        pass

    async def close(self, *, abandon: bool = False) -> None:
        self.state = ConnectionState.CLOSED


class Phone:
    """An endpoint on such a wire."""

    def __init__(self, name: str) -> None:
        self.digits: list[tuple[str, str]] = []
        self.wires: list[Wire] = []
        self.endpoint = Endpoint(name, self.make_wire, lambda *digit: self.digits.append(digit))
        self.position = 0

    def make_wire(self, name: str, owner: Owner, books: Books) -> Wire:
        self.wires.append(Wire(name, owner, books))
        return self.wires[-1]

    @property
    def wire(self) -> Wire:
        return self.wires[-1]

    async def say(self, payload: bytes, payload_type: int = 0) -> None:
        """Send a packet to the server."""
        self.position += 1
        said = RtpPacket(payload_type, False, self.position, self.position * 160, 5, payload)
        await self.wire.receiver.receive(said.serialize())

    async def beat(self, count: int = 1) -> None:
        """Let 20 ms pass, some times."""
        for _ in range(count):
            self.wire.now += 0.02
            await self.endpoint.beat()

    def hears(self) -> str:
        """Say what the packets since the last question were, a letter each."""
        heard, self.wire.sent = self.wire.sent, []
        return "".join(map(letter, heard))


def letter(packet: RtpPacket) -> str:
    """Tell silence, a voice that passes as it is, a key, and a tone apart."""
    if packet.payload_type == 126:
        return "k"
    if packet.payload == LOUD:
        return "v"
    return "." if loudness(decoder(PCMU).decode(packet.payload)[0]) < 0.001 else "~"
