"""What the SDK reports of a call beside the signalling, as far as people look at it.

It posts an event as it happens, and ten seconds of samples of the audio at once (EventPublisher of
the Voice SDK, 2.18). Samples are thinned: the mean of five of them is one point. Events are kept
where they say something of the network or the microphone, and of them only what is named here.
"""

from collections.abc import Sequence
from datetime import datetime
from statistics import fmean
from typing import Any, Final

import msgspec

from midcall.model.sids import CALL, CallSid, is_sid

SAMPLES_OF_A_POINT: Final = 5
"""The SDK takes a sample each second."""

MOST_SAMPLES: Final = 50
"""Samples of one post that are looked at; the SDK sends ten, and fewer at the end of a call."""

OLDEST_SECONDS: Final = 60.0
"""How much older than the last sample of a post another one may be."""

_TEXT: Final = 100
_GREATEST: Final = 1e9

_GROUPS: Final = {
    "connection",
    "dtls-transport-state",
    "feedback",
    "ice-connection-state",
    "network-quality-warning-cleared",
    "network-quality-warning-raised",
    "audio-level-warning-cleared",
    "audio-level-warning-raised",
    "pc-connection-state",
}
_GROUPS_OF_TROUBLE: Final = {"get-user-media", "ice-gathering-state"}
"""Groups that are of interest when their level says that something is wrong."""

_NAMED: Final = ("code", "message", "issue_name", "quality_score")
_MEASURED: Final = ("threshold", "value", "values")


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """How the audio was, some seconds before the end of the post.

    ``numbers`` are what was measured, by name: ``jitter`` and ``rtt`` in milliseconds,
    ``packets_lost_fraction`` in percent, ``mos`` from 1 to 4.5, ``audio_input_level`` and
    ``audio_output_level`` from 0 to 32767.
    """

    seconds_before: float
    numbers: dict[str, str]


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """How the audio of a leg was."""

    call_sid: CallSid
    points: tuple[Point, ...]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Something else that the SDK noticed. ``name`` is ``group/name``."""

    call_sid: CallSid
    name: str
    details: dict[str, str]


class _Post(msgspec.Struct, frozen=True, kw_only=True):
    payload: msgspec.Raw
    group: str = ""
    level: str = ""
    name: str = ""


class _Sample(msgspec.Struct, frozen=True, kw_only=True):
    call_sid: str = ""
    timestamp: datetime | None = None
    jitter: float | None = None
    rtt: float | None = None
    packets_lost_fraction: float | None = None
    mos: float | None = None
    audio_level_in: float | None = None
    audio_level_out: float | None = None


_NUMBERS: Final = {
    "jitter": "jitter",
    "rtt": "rtt",
    "packets_lost_fraction": "packets_lost_fraction",
    "mos": "mos",
    "audio_input_level": "audio_level_in",
    "audio_output_level": "audio_level_out",
}
"""Our names for what a sample has."""

_POST: Final = msgspec.json.Decoder(_Post)
_SAMPLES: Final = msgspec.json.Decoder(list[_Sample])
_EVENT: Final = msgspec.json.Decoder(dict[str, Any])


def parse(body: bytes) -> Quality | Report | None:
    """Understand a post; ``None`` if nobody would look at it, or it is none of the SDK's."""
    try:
        post = _POST.decode(body)
        if post.group == "quality-metrics-samples":
            return _quality(_SAMPLES.decode(post.payload)[-MOST_SAMPLES:])
        trouble = post.level in {"ERROR", "WARNING"}
        if post.group in _GROUPS or (trouble and post.group in _GROUPS_OF_TROUBLE):
            return _report(post, _EVENT.decode(post.payload))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return None


def _quality(samples: Sequence[_Sample]) -> Quality | None:
    if not samples or not is_sid(CALL, samples[-1].call_sid):
        return None
    sid = samples[-1].call_sid
    own = [sample for sample in samples if sample.call_sid == sid]
    starts = range(0, len(own), SAMPLES_OF_A_POINT)
    points = [_point(own[start : start + SAMPLES_OF_A_POINT], own[-1]) for start in starts]
    return Quality(call_sid=CallSid(sid), points=tuple(point for point in points if point.numbers))


def _point(samples: Sequence[_Sample], last: _Sample) -> Point:
    means = {
        ours: _mean([getattr(one, theirs) for one in samples]) for ours, theirs in _NUMBERS.items()
    }
    return Point(
        seconds_before=_seconds_between(samples[-1].timestamp, last.timestamp),
        numbers={name: mean for name, mean in means.items() if mean is not None},
    )


def _mean(numbers: Sequence[float | None]) -> str | None:
    measured = [one for one in numbers if one is not None and abs(one) < _GREATEST]
    return f"{round(fmean(measured), 3):.10g}" if measured else None


def _seconds_between(first: datetime | None, last: datetime | None) -> float:
    """Return how many seconds passed; the device's own clock may have gone anywhere meanwhile."""
    if first is None or last is None or (first.tzinfo is None) is not (last.tzinfo is None):
        return 0.0
    return min(max(0.0, (last - first).total_seconds()), OLDEST_SECONDS)


def _report(post: _Post, payload: dict[str, Any]) -> Report | None:
    sid = payload.get("call_sid")
    if not isinstance(sid, str) or not is_sid(CALL, sid):
        return None
    measured = payload.get("data")
    data = measured if isinstance(measured, dict) else {}
    said = {name: payload.get(name) for name in _NAMED} | {
        name: data.get(name) for name in _MEASURED
    }
    details = {name: shown for name, value in said.items() if (shown := _shown(value))}
    return Report(
        call_sid=CallSid(sid),
        name=f"{post.group}/{post.name[:_TEXT]}",
        details={"level": post.level.lower()[:_TEXT], **details},
    )


def _shown(value: object) -> str:
    match value:
        case str() | int() | float():
            return str(value)[:_TEXT]
        case list():
            return ", ".join(filter(None, map(_shown, value[:10])))[:_TEXT]
        case _:
            return ""
