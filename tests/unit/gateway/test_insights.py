"""Whose reports are believed."""

import json
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from midcall.gateway import insights
from midcall.gateway.insights import Insights
from midcall.model.calls import Call
from midcall.model.errors import TokenInvalid
from midcall.model.sids import CallSid, KeySid
from midcall.model.traces import Trace, TraceKind
from midcall.store.faults import ReadFailed
from midcall.wire.tokens import AccessToken
from tests.unit.gateway.node import AT, CALL, FIRST, OURS, THEIRS, device, invitation

TOKENS = {
    "bob": (OURS, "bob"),
    "alice": (OURS, "alice"),
    "carol": (OURS, "carol"),
    "their bob": (THEIRS, "bob"),
}
FEEDBACK = {"group": "feedback", "name": "received", "payload": {"call_sid": CALL}}
SAMPLES = {
    "group": "quality-metrics-samples",
    "payload": [
        {"call_sid": CALL, "timestamp": f"2026-05-04T03:02:0{n}Z", "jitter": n} for n in range(8)
    ],
}


class Office:
    """Everything around the reports: who is who, and which calls there are."""

    def __init__(self) -> None:
        self.traces: list[Trace] = []
        self.call: Call | None = invitation(device(FIRST)).call
        self.asked = 0
        self.failure: Exception | None = None
        self.insights = Insights(
            check_token=self._check,  # type: ignore[arg-type]  # as it is called
            store=self,  # type: ignore[arg-type]  # the part of the port that is used
            note=self.traces.append,
            clock=lambda: AT,
        )

    async def _check(self, text: str) -> AccessToken:
        if text not in TOKENS:
            raise TokenInvalid("it is none")
        account, identity = TOKENS[text]
        return AccessToken(
            account_sid=account,
            key_sid=KeySid("SK" + "1" * 32),
            identity=identity,
            expires_at=AT + timedelta(hours=1),
        )

    async def find_call(self, sid: CallSid) -> Call | None:
        self.asked += 1
        if self.failure is not None:
            raise self.failure
        assert sid == CALL
        return self.call

    async def take(self, token: str, post: object = FEEDBACK) -> list[Trace]:
        """Post something; return what was noted of it."""
        await self.insights.take(token, json.dumps(post).encode())
        return self.traces


@pytest.mark.parametrize("token", ["alice", "bob"])
async def test_either_end_of_a_call_may_report(token: str) -> None:
    """The trace is of the call and its account, at the time of the post."""
    (trace,) = await Office().take(token)
    assert (trace.account_sid, trace.call_sid, trace.at) == (OURS, CALL, AT)
    assert (trace.kind, trace.name) == (TraceKind.REPORT, "feedback/received")


@pytest.mark.parametrize("token", ["carol", "their bob", "confidential"])
async def test_nobody_else_may(token: str) -> None:
    """Another identity, another account, or no token at all: nothing is kept, nothing is said."""
    with capture_logs() as lines:
        assert await Office().take(token) == []
    assert "confidential" not in str(lines)


async def test_samples_are_points_in_time() -> None:
    """The last one is now, the others are as much earlier as they were taken earlier."""
    traces = await Office().take("bob", SAMPLES)
    assert [(trace.kind, trace.at, trace.details) for trace in traces] == [
        (TraceKind.QUALITY, AT - timedelta(seconds=3), {"jitter": "2"}),
        (TraceKind.QUALITY, AT, {"jitter": "6"}),
    ]


async def test_a_call_that_is_not_there_has_no_reports() -> None:
    """It may have been removed meanwhile."""
    office = Office()
    office.call = None
    assert await office.take("bob") == []


async def test_what_nobody_would_look_at_asks_nothing_of_the_store() -> None:
    """Most of what the SDK posts is of no interest."""
    office = Office()
    await office.take("bob", {"group": "ice-candidate", "payload": {"call_sid": CALL}})
    assert office.asked == 0


async def test_a_failing_store_fails_no_post() -> None:
    """It is logged with where it happened, and not with what the post says."""
    office = Office()
    office.failure = ReadFailed("SQLITE_IOERR")
    assert await office.take("bob") == []
    office.failure = RuntimeError("confidential")
    with capture_logs() as lines:
        assert await office.take("bob") == []
    assert "confidential" not in str(lines)
    assert len(lines) == 1


async def test_so_many_posts_are_looked_at_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes while there are too many is passed over; afterwards posts are taken again."""
    monkeypatch.setattr(insights, "AT_ONCE", 1)
    office = Office()
    within: list[Trace] = []

    async def find_call(sid: CallSid) -> Call | None:
        monkeypatch.undo()
        monkeypatch.setattr(insights, "AT_ONCE", 1)
        within.extend(await office.take("alice"))
        return office.call

    monkeypatch.setattr(office, "find_call", find_call)
    assert len(await office.take("bob")) == 1
    assert within == []
    assert len(await office.take("bob")) == 2
