"""What a device says in its session description, read strictly and cut down to what we use.

A description may come from anyone: whatever is wrong with it ends in ``UnusableDescription``, and
its candidates are not even read. A device is found when its checks arrive (ICE calls that
peer-reflexive), which is how the Voice SDK works anyway: it sends none. In return nobody can make
this server send packets to an address of their choice.
"""

import re
from dataclasses import dataclass, replace
from typing import Self

from midcall.media.codecs import CODECS, Codec
from midcall.media.faults import NoCommonCodec, UnusableDescription
from midcall.media.sdp import (
    Direction,
    EventFormat,
    Fingerprint,
    Format,
    LocalDescription,
    Section,
    Setup,
)

MAX_LENGTH = 65_536
"""In characters. A browser that offers everything it can stays below a fifth of that."""

FINGERPRINT_HASHES = frozenset({"sha-256", "sha-384", "sha-512"})
"""The certificate hashes that we can check (RFC 8122 section 5)."""

_MEDIA = re.compile(r"([!-~]+) ([0-9]{1,5})(?:/[0-9]+)? ([!-~]+) ([ -~]+)")
_CREDENTIAL = re.compile(r"[A-Za-z0-9+/]{4,256}")
_TOKEN = re.compile(r"[!-~]{1,256}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteDescription:
    """What a device said, cut down to what we use.

    ``formats`` and ``events`` are those we speak too, in the device's order of preference.
    ``sections`` are all of its media sections, ``audio`` the index of the one that is used, and
    ``bundled`` says whether that one is in a BUNDLE group.
    """

    username_fragment: str
    password: str
    fingerprints: tuple[Fingerprint, ...]
    setup: Setup
    direction: Direction
    formats: tuple[Format, ...]
    events: tuple[EventFormat, ...]
    sections: tuple[Section, ...]
    audio: int
    bundled: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an offer or an answer.

        Raises ``UnusableDescription`` if it describes no audio that could be agreed to.
        """
        if len(text) > MAX_LENGTH:
            raise UnusableDescription(f"longer than {MAX_LENGTH} characters")
        session, *sections = _split(text)
        frames = tuple(map(_section, sections))
        audio = _choose_audio(frames)
        attributes = _Attributes(sections[audio][1:], session)
        offered = _payload_names(frames[audio], attributes)
        formats = _formats(offered)
        if not formats:
            raise NoCommonCodec(tuple(offered.values()))
        if not attributes.has("rtcp-mux"):
            raise UnusableDescription("RTCP is not multiplexed (RFC 5761)")
        return cls(
            username_fragment=_credential(attributes, "ice-ufrag", 4),
            password=_credential(attributes, "ice-pwd", 22),
            fingerprints=_fingerprints(attributes),
            setup=_setup(attributes),
            direction=_direction(attributes),
            formats=formats,
            events=_events(offered),
            sections=frames,
            audio=audio,
            bundled=_is_bundled(frames[audio], session),
        )


def answering(description: LocalDescription, remote: RemoteDescription) -> LocalDescription:
    """Shape a description of ours after the offer that it answers (RFC 3264 section 6).

    Of several clocks for keypad events, only that of the preferred codec is agreed to, since all
    payloads of a stream should share one (RFC 4733 section 2.6.1). Given the choice, Chromium sends
    events of the wrong length beside Opus.
    """
    clock_rate = remote.formats[0].codec.clock_rate
    matching = tuple(event for event in remote.events if event.clock_rate == clock_rate)
    return replace(
        description,
        formats=remote.formats,
        events=matching or remote.events,
        direction=remote.direction.reversed,
        sections=remote.sections,
        audio=remote.audio,
        bundled=remote.bundled,
    )


class _Attributes:
    """A section's ``a=`` lines, backed by those of the whole session."""

    def __init__(self, section: list[str], session: list[str]) -> None:
        self._section = _read_attributes(section)
        self._session = _read_attributes(session)

    def all(self, name: str) -> list[str]:
        return self._section.get(name) or self._session.get(name, [])

    def first(self, name: str) -> str:
        return next(iter(self.all(name)), "")

    def has(self, name: str) -> bool:
        return bool(self.all(name))


def _split(text: str) -> list[list[str]]:
    """Cut the text into the session's lines and those of each media section."""
    parts: list[list[str]] = [[]]
    for line in text.splitlines():
        if line.startswith("m="):
            parts.append([])
        parts[-1].append(line)
    return parts


def _read_attributes(lines: list[str]) -> dict[str, list[str]]:
    attributes: dict[str, list[str]] = {}
    for line in lines:
        if line.startswith("a="):
            name, _, value = line[2:].partition(":")
            attributes.setdefault(name.strip(), []).append(value.strip())
    return attributes


def _section(lines: list[str]) -> Section:
    match = _MEDIA.fullmatch(lines[0][2:].strip())
    if match is None:
        raise UnusableDescription("a media line cannot be understood")
    kind, port, protocol, formats = match.groups()
    mid = _Attributes(lines[1:], []).first("mid")
    if mid and not _TOKEN.fullmatch(mid):
        raise UnusableDescription("a MID is not a token (RFC 5888)")
    return Section(kind, int(port), protocol, tuple(formats.split()), mid)


def _choose_audio(sections: tuple[Section, ...]) -> int:
    for index, section in enumerate(sections):
        if section.kind == "audio" and section.port and section.protocol.endswith("RTP/SAVPF"):
            return index
    raise UnusableDescription("no audio over RTP/SAVPF")


def _payload_names(section: Section, attributes: _Attributes) -> dict[int, str]:
    """Return each payload type of the section with its name, in order: ``opus/48000/2``."""
    names = {"0": "PCMU/8000"}  # a static payload type needs no rtpmap (RFC 3551 section 6)
    for line in attributes.all("rtpmap"):
        payload_type, _, name = line.partition(" ")
        names[payload_type] = name.strip()
    return {
        int(text): names[text]
        for text in section.formats
        if text in names and text.isascii() and text.isdigit() and int(text[:4]) < 128
    }


def _formats(offered: dict[int, str]) -> tuple[Format, ...]:
    found: dict[Codec, Format] = {}
    for payload_type, name in offered.items():
        parts = [*name.lower().split("/"), "1"][:3]
        for codec in CODECS:
            if parts == [codec.name.lower(), str(codec.clock_rate), str(codec.channels)]:
                found.setdefault(codec, Format(codec, payload_type))
    return tuple(found.values())


def _events(offered: dict[int, str]) -> tuple[EventFormat, ...]:
    return tuple(
        EventFormat(payload_type, clock_rate)
        for payload_type, name in offered.items()
        for clock_rate in (8000, 48_000)
        if name.lower() == f"telephone-event/{clock_rate}"
    )


def _credential(attributes: _Attributes, name: str, least: int) -> str:
    """Read an ICE credential (RFC 8839 section 5.4)."""
    value = attributes.first(name)
    if len(value) < least or not _CREDENTIAL.fullmatch(value):
        raise UnusableDescription(f"{name} is missing or malformed")
    return value


def _fingerprints(attributes: _Attributes) -> tuple[Fingerprint, ...]:
    found = []
    for line in attributes.all("fingerprint"):
        algorithm, _, value = line.partition(" ")
        if algorithm.lower() in FINGERPRINT_HASHES:
            found.append(Fingerprint(algorithm.lower(), value.strip().upper()))
    if not found:
        raise UnusableDescription("no fingerprint with a hash that can be checked")
    return tuple(found)


def _setup(attributes: _Attributes) -> Setup:
    try:
        return Setup(attributes.first("setup"))
    except ValueError:
        raise UnusableDescription("setup is missing or unknown (RFC 5763)") from None


def _direction(attributes: _Attributes) -> Direction:
    return next((d for d in Direction if attributes.has(d)), Direction.SENDRECV)


def _is_bundled(section: Section, session: list[str]) -> bool:
    groups = [line.split() for line in _read_attributes(session).get("group", [])]
    return any(group[:1] == ["BUNDLE"] and section.mid in group[1:] for group in groups)
