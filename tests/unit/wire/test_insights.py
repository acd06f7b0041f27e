"""What the SDK reports, understood."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.model.sids import CallSid
from midcall.wire.insights import (
    MOST_SAMPLES,
    OLDEST_SECONDS,
    Quality,
    Report,
    parse,
)

CALL = CallSid("CA" + "1" * 32)


def sample(second: int, **numbers: object) -> dict[str, Any]:
    """Return a sample as the SDK sends it, so many seconds after the first."""
    return {
        "call_sid": CALL,
        "audio_codec": "opus",
        "timestamp": f"2026-05-04T03:02:{second:02}.500Z",
        "jitter": 2,
        "rtt": None,
        **numbers,
    }


def metrics(*samples: dict[str, Any]) -> bytes:
    """Return a post of samples."""
    post = {"group": "quality-metrics-samples", "name": "metrics-sample", "payload": samples}
    return json.dumps(post).encode()


def event(group: str, name: str, level: str = "INFO", **payload: object) -> bytes:
    """Return a post of something that happened."""
    body = {"call_sid": CALL, "sdk_version": "2.18.5", "direction": "OUTGOING", **payload}
    return json.dumps({"group": group, "name": name, "level": level, "payload": body}).encode()


def quality(body: bytes) -> Quality:
    """Return the quality that a post reports."""
    found = parse(body)
    assert isinstance(found, Quality)
    return found


def test_samples_are_thinned_to_their_means() -> None:
    """Ten seconds are two points, each at the time of its last sample."""
    samples = [sample(n, jitter=n, mos=4.4, audio_level_in=100 * n) for n in range(10)]
    found = quality(metrics(*samples))
    assert found.call_sid == CALL
    assert [point.seconds_before for point in found.points] == [5.0, 0.0]
    assert [point.numbers for point in found.points] == [
        {"jitter": "2", "mos": "4.4", "audio_input_level": "200"},
        {"jitter": "7", "mos": "4.4", "audio_input_level": "700"},
    ]


def test_what_was_not_measured_is_left_out() -> None:
    """A browser knows no round trip at first; a mean is that of what there is."""
    found = quality(metrics(sample(0, rtt=None), sample(1, rtt=30.1234), sample(2, jitter=None)))
    (point,) = found.points
    assert point.numbers == {"jitter": "2", "rtt": "30.123"}
    nothing = quality(metrics(sample(0, jitter=None)))
    assert nothing.points == ()


def test_the_samples_of_one_post_are_of_one_call() -> None:
    """Those of another call among them are none of its."""
    other = sample(0, jitter=900, call_sid="CA" + "2" * 32)
    (point,) = quality(metrics(other, sample(1))).points
    assert point.numbers == {"jitter": "2"}


@pytest.mark.parametrize(
    "times",
    [
        ("1970-01-01T00:00:00Z", "2026-05-04T03:02:01Z"),
        ("2026-05-04T03:02:01Z", "1970-01-01T00:00:00Z"),
        ("2026-05-04T03:02:01", "2026-05-04T03:02:01Z"),
    ],
)
def test_a_devices_clock_is_not_believed_far(times: tuple[str, str]) -> None:
    """A point is never later than the post, and never much earlier."""
    samples = [sample(0, timestamp=times[0])] * 5 + [sample(0, timestamp=times[1])] * 5
    for point in quality(metrics(*samples)).points:
        assert 0 <= point.seconds_before <= OLDEST_SECONDS


def test_a_post_of_any_length_has_some_points() -> None:
    """Only the last samples of a long one are looked at."""
    found = quality(metrics(*[sample(0)] * (MOST_SAMPLES * 4)))
    assert len(found.points) == MOST_SAMPLES / 5


@pytest.mark.parametrize(
    ("body", "name", "details"),
    [
        (
            event(
                "network-quality-warning-raised",
                "high-jitter",
                "WARNING",
                data={"threshold": 30, "values": [31.5, 40, 52]},
            ),
            "network-quality-warning-raised/high-jitter",
            {"level": "warning", "threshold": "30", "values": "31.5, 40, 52"},
        ),
        (
            event("ice-connection-state", "failed", "ERROR"),
            "ice-connection-state/failed",
            {"level": "error"},
        ),
        (
            event("get-user-media", "denied", "ERROR", data={"audioConstraints": {}, "error": {}}),
            "get-user-media/denied",
            {"level": "error"},
        ),
        (
            event("feedback", "received", issue_name="echo", quality_score=2),
            "feedback/received",
            {"level": "info", "issue_name": "echo", "quality_score": "2"},
        ),
        (
            event("connection", "error", "ERROR", code=53405, message="x" * 500),
            "connection/error",
            {"level": "error", "code": "53405", "message": "x" * 100},
        ),
    ],
    ids=["warning", "ice", "microphone", "feedback", "connection"],
)
def test_what_happened_is_reported(body: bytes, name: str, details: dict[str, str]) -> None:
    """By its group and name, with what was measured or said; the rest is left out."""
    assert parse(body) == Report(call_sid=CALL, name=name, details=details)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        event("get-user-media", "succeeded"),
        event("call-message", "user-defined-message", content_type="application/json"),
        event("ice-candidate", "ice-candidate", ip="192.0.2.1"),
        event("feedback", "received", call_sid=None),
        event("feedback", "received", call_sid="TJSown"),
        b'{"group":"feedback","payload":[]}',
        metrics(),
        metrics({"call_sid": "x"}),
        metrics({"call_sid": CALL, "jitter": "much"}),
        metrics({"call_sid": CALL, "timestamp": "yesterday"}),
    ],
)
def test_anything_else_is_passed_over(body: bytes) -> None:
    """What nobody would look at, and what the SDK does not send."""
    assert parse(body) is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8) | st.just(CALL),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(
    st.sampled_from(["feedback", "connection", "quality-metrics-samples"]),
    st.lists(st.fixed_dictionaries({"call_sid": st.just(CALL), "jitter": _JSON, "rtt": _JSON}))
    | st.fixed_dictionaries({"call_sid": st.just(CALL), "data": _JSON, "code": _JSON}),
)
def test_no_post_raises(group: str, payload: object) -> None:
    """Whatever it is made of, it is understood in short texts or passed over."""
    found = parse(json.dumps({"group": group, "payload": payload}).encode())
    match found:
        case Report(details=details):
            assert all(len(text) <= 100 for text in details.values())
        case Quality(points=points):
            assert all(len(one) < 30 for point in points for one in point.numbers.values())
        case None:
            pass
