"""What a device sends us, and what we send it."""

from midcall.media.codecs import OPUS, PCMU, Codec, encoder
from midcall.media.rtp import RtpPacket
from midcall.media.sdp import EventFormat, Format
from midcall.media.streams import STALE_SECONDS, AudioReceiver, AudioSender, Books
from tests.unit.media.listening import sine

PCMU_FIRST = (Format(PCMU, 0), Format(OPUS, 111))
OPUS_FIRST = (Format(OPUS, 96), Format(PCMU, 0))
EVENTS = (EventFormat(126, 8000),)
KEY_5 = bytes([5, 10, 0, 160])


class Line:
    """A sender and a receiver with a clock that the test moves, and all that came out of them."""

    def __init__(
        self, formats: tuple[Format, ...] = PCMU_FIRST, events: tuple[EventFormat, ...] = EVENTS
    ) -> None:
        self.now = 0.0
        self.sent: list[RtpPacket] = []
        self.heard: list[tuple[RtpPacket, Codec]] = []
        self.events: list[RtpPacket] = []
        self.digits = ""
        self.books = Books()
        self.sender = AudioSender(
            formats, events, send=self.send, books=self.books, clock=lambda: self.now
        )
        self.receiver = AudioReceiver(
            formats,
            events,
            on_audio=self.on_audio,
            on_event=self.on_event,
            on_digit=self.on_digit,
            books=self.books,
            clock=lambda: self.now,
        )

    async def send(self, octets: bytes) -> None:
        self.sent.append(RtpPacket.parse(octets))

    async def on_audio(self, talker: AudioReceiver, packet: RtpPacket, codec: Codec) -> None:
        assert talker is self.receiver
        self.heard.append((packet, codec))

    async def on_event(self, packet: RtpPacket, event: EventFormat) -> None:
        self.events.append(packet)

    def on_digit(self, digit: str) -> None:
        self.digits += digit


def packet(sequence: int, payload: bytes, payload_type: int = 0, clock: int = 160) -> RtpPacket:
    """Make a device's packet."""
    return RtpPacket(payload_type, False, sequence, sequence * clock, 77, payload)


async def test_speech_is_handed_on_and_counted() -> None:
    """A packet of an agreed codec reaches whoever listens."""
    line = Line()
    await line.receiver.receive(packet(1, PCMU.silence).serialize())
    await line.receiver.receive(packet(2, OPUS.silence, 111).serialize())
    assert [codec for _, codec in line.heard] == [PCMU, OPUS]
    assert line.books.reception.packets == 2


async def test_keys_are_reported_and_handed_on() -> None:
    """A key is one digit, and each of its packets goes on to whoever hears it."""
    line = Line()
    for sequence in (1, 2, 3):
        event = RtpPacket(126, False, sequence, 160, 77, KEY_5)
        await line.receiver.receive(event.serialize())
    assert line.digits == "5"
    assert len(line.events) == 3
    assert line.books.reception.packets_lost == 0


async def test_what_was_not_agreed_on_is_passed_over() -> None:
    """Other payload types and octets that are no packet change nothing."""
    line = Line()
    await line.receiver.receive(packet(1, b"x", 8).serialize())
    await line.receiver.receive(b"\x80")
    assert line.heard == []
    assert line.books.reception.packets == 0


async def test_the_same_codec_passes_as_it_is() -> None:
    """A packet in the listener's codec keeps its payload and takes the listener's numbers."""
    talker, listener = Line(OPUS_FIRST), Line((Format(OPUS, 111),))
    await listener.sender.relay(talker.receiver, packet(1, b"opus", 96, 960), OPUS)
    (sent,) = listener.sent
    assert (sent.payload, sent.payload_type) == (b"opus", 111)
    assert sent.ssrc == listener.books.stream.ssrc


async def test_another_codec_is_translated() -> None:
    """Opus reaches a listener who prefers PCMU as PCMU, at the same pace."""
    talker, listener = Line(OPUS_FIRST), Line(PCMU_FIRST)
    coder = encoder(OPUS)
    voice = [
        payload
        for n in range(20)
        for payload in coder.encode(sine(440, 24_000, 480, n * 480), 24_000)
    ]
    for sequence, payload in enumerate(voice):
        listener.now += 0.02
        await listener.sender.relay(talker.receiver, packet(sequence, payload, 96, 960), OPUS)
    assert {sent.payload_type for sent in listener.sent} == {0}
    assert {len(sent.payload) for sent in listener.sent} == {160}
    assert 18 <= len(listener.sent) <= 20


async def test_late_packets_are_not_translated() -> None:
    """A decoder that remembers gets packets in order, or not at all."""
    lines = []
    for sequences in ((1, 3, 2, 3, 4, 5), (1, 3, 4, 5)):
        talker, listener = Line(PCMU_FIRST), Line((Format(OPUS, 111),))
        for sequence in sequences:
            await listener.sender.relay(talker.receiver, packet(sequence, PCMU.silence), PCMU)
        lines.append(len(listener.sent))
    assert lines[0] == lines[1] > 0


async def test_a_talker_who_falls_silent_becomes_stale() -> None:
    """After ten frames of nothing it is time to fill in."""
    talker, listener = Line(), Line()
    stale = [listener.sender.stale]
    await listener.sender.relay(talker.receiver, packet(1, PCMU.silence), PCMU)
    for listener.now in (0.0, STALE_SECONDS, STALE_SECONDS + 0.01):
        stale.append(listener.sender.stale)
    assert stale == [True, False, False, True]


async def test_keys_are_sent_on_to_those_who_agreed_to_them() -> None:
    """A key press passes with the listener's payload type, or leaves no gap where it may not."""
    willing, unwilling = Line(events=(EventFormat(101, 8000),)), Line(events=())
    for line in (willing, unwilling):
        for sequence in (1, 4):
            if sequence == 4:
                for event in (2, 3):
                    key = RtpPacket(126, event == 2, event, 320, 77, KEY_5)
                    await line.sender.relay_event(key, EVENTS[0])
            await line.sender.relay(line.receiver, packet(sequence, PCMU.silence), PCMU)
    assert [sent.payload_type for sent in willing.sent] == [0, 101, 101, 0]
    assert [sent.payload_type for sent in unwilling.sent] == [0, 0]
    first, second = unwilling.sent
    assert second.sequence == (first.sequence + 1) & 0xFFFF


async def test_what_we_make_is_encoded_in_the_preferred_codec() -> None:
    """Prompts and silence go out in the codec that the device likes best."""
    line = Line(OPUS_FIRST)
    await line.sender.play(sine(440, 8000, 320), 8000)
    await line.sender.play_silence()
    assert {sent.payload_type for sent in line.sent} == {96}
    assert line.sent[-1].payload == OPUS.silence
