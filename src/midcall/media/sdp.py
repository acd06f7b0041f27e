"""Session descriptions (RFC 8866, RFC 9429): the words that both sides use, and what we say."""

from dataclasses import dataclass
from enum import StrEnum

from midcall.media.codecs import OPUS, PCMU, Codec

CRLF = "\r\n"


class Setup(StrEnum):
    """Who starts the DTLS handshake (RFC 5763 section 5): the *active* side does."""

    ACTPASS = "actpass"
    ACTIVE = "active"
    PASSIVE = "passive"


class Direction(StrEnum):
    """Which way audio flows, seen from who says it."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def sends(self) -> bool:
        """Whether the one who says it sends."""
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def receives(self) -> bool:
        """Whether the one who says it receives."""
        return self in (Direction.SENDRECV, Direction.RECVONLY)

    @property
    def reversed(self) -> "Direction":
        """The same flow, seen from the other side."""
        return {Direction.SENDONLY: Direction.RECVONLY, Direction.RECVONLY: Direction.SENDONLY}.get(
            self, self
        )


@dataclass(frozen=True, slots=True)
class Format:
    """A codec under the payload type that stands for it on this connection."""

    codec: Codec
    payload_type: int


@dataclass(frozen=True, slots=True)
class EventFormat:
    """Keypad events (RFC 4733) under their payload type; ``clock_rate`` counts their timestamps."""

    payload_type: int
    clock_rate: int


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The hash of a certificate (RFC 8122 section 5)."""

    algorithm: str
    value: str


@dataclass(frozen=True, slots=True)
class Section:
    """A media section's frame: kind, protocol and formats as they stand, and its MID."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    mid: str


OFFERED_FORMATS = (Format(OPUS, 111), Format(PCMU, 0))
OFFERED_EVENTS = (EventFormat(110, 48_000), EventFormat(126, 8000))
"""The payload types that browsers use themselves, so logs of both sides read alike."""

OFFERED_SECTIONS = (Section("audio", 9, "UDP/TLS/RTP/SAVPF", (), "0"),)
"""An offer of ours has one section, for audio."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalDescription:
    """What we say, in the shape of the original's answers.

    ``candidates`` are ICE candidate values (RFC 8839 section 5.1) and complete; the first one's
    ``address`` and ``port`` also go where implementations without ICE would look. With no
    candidates at all nothing is said about their end, and nobody can ever connect.
    """

    session: int
    username_fragment: str
    password: str
    fingerprint: Fingerprint
    setup: Setup
    formats: tuple[Format, ...]
    events: tuple[EventFormat, ...]
    ssrc: int
    candidates: tuple[str, ...] = ()
    address: str = "0.0.0.0"  # noqa: S104 - RFC 9429 section 5.3.1: nowhere yet
    port: int = 9
    direction: Direction = Direction.SENDRECV
    sections: tuple[Section, ...] = OFFERED_SECTIONS
    audio: int = 0
    bundled: bool = True

    def serialize(self) -> str:
        """Write the description. Lines end in CRLF, as the Voice SDK takes for granted."""
        mid = self.sections[self.audio].mid
        lines = [
            "v=0",
            f"o=- {self.session} 1 IN IP4 0.0.0.0",
            "s=-",
            "t=0 0",
            *([f"a=group:BUNDLE {mid}"] if mid and self.bundled else []),
            "a=msid-semantic: WMS *",
        ]
        for index, section in enumerate(self.sections):
            lines += self._audio_lines() if index == self.audio else _refuse(section)
        return CRLF.join(lines) + CRLF

    def _audio_lines(self) -> list[str]:
        section = self.sections[self.audio]
        types = [used.payload_type for used in self.formats]
        types += [event.payload_type for event in self.events]
        family = "IP6" if ":" in self.address else "IP4"
        return [
            f"m=audio {self.port} {section.protocol} {' '.join(map(str, types))}",
            f"c=IN {family} {self.address}",
            *(f"a=candidate:{candidate}" for candidate in self.candidates),
            *(["a=end-of-candidates"] if self.candidates else []),
            f"a=ice-ufrag:{self.username_fragment}",
            f"a=ice-pwd:{self.password}",
            f"a=fingerprint:{self.fingerprint.algorithm} {self.fingerprint.value}",
            f"a=setup:{self.setup}",
            *([f"a=mid:{section.mid}"] if section.mid else []),
            f"a={self.direction}",
            "a=rtcp-mux",
            *self._format_lines(),
            "a=ptime:20",
            "a=msid:midcall audio",
            f"a=ssrc:{self.ssrc} cname:midcall",
        ]

    def _format_lines(self) -> list[str]:
        lines = []
        for used in self.formats:
            codec = used.codec
            channels = f"/{codec.channels}" if codec.channels > 1 else ""
            lines.append(f"a=rtpmap:{used.payload_type} {codec.name}/{codec.clock_rate}{channels}")
            if codec.name == "opus":
                lines.append(f"a=fmtp:{used.payload_type} minptime=10;useinbandfec=1")
        for event in self.events:
            lines.append(f"a=rtpmap:{event.payload_type} telephone-event/{event.clock_rate}")
            lines.append(f"a=fmtp:{event.payload_type} 0-15")
        return lines


def _refuse(section: Section) -> list[str]:
    """Answer a section with port 0: not wanted (RFC 3264 section 6)."""
    return [
        f"m={section.kind} 0 {section.protocol} {' '.join(section.formats)}",
        "c=IN IP4 0.0.0.0",
        *([f"a=mid:{section.mid}"] if section.mid else []),
        "a=inactive",
    ]
