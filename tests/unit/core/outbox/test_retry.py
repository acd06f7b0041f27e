from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from midcall.core.outbox.replies import Answer, Failure, FailureKind, Reply, describe
from midcall.core.outbox.retry import (
    MESSAGES,
    STATUS_CALLBACKS,
    Delivered,
    GaveUp,
    Schedule,
    TryAgain,
    decide,
    repeats_at_once,
)
from midcall.model.endpoints import Endpoint
from midcall.model.outbox import Entry, EntryKind
from midcall.model.sids import AccountSid, CallSid

START = datetime(2026, 1, 1, tzinfo=UTC)
ENTRY = Entry(
    lane="lane",
    position=0,
    kind=EntryKind.USER_DEFINED_MESSAGE,
    account_sid=AccountSid("AC" + "2" * 32),
    call_sid=CallSid("CA" + "1" * 32),
    endpoint=Endpoint("https://example.com/cb"),
    parameters={},
    token="token",
    created_at=START,
    due_at=START,
)
SCHEDULE = Schedule(delays=(1, 10, 100), horizon=1000, least_attempts=2, longest_retry_after=50)
DOWN = Failure(kind=FailureKind.CONNECT)

replies: st.SearchStrategy[Reply] = st.one_of(
    st.builds(
        Answer,
        status=st.integers(100, 599),
        duration_ms=st.just(0),
        retry_after_seconds=st.none() | st.floats(0, 1e6),
    ),
    st.builds(Failure, kind=st.sampled_from(FailureKind)),
)
chances = st.floats(0, 1, exclude_max=True)
schedules = st.sampled_from((MESSAGES, STATUS_CALLBACKS, SCHEDULE))


def _answer(status: int, retry_after: float | None = None) -> Answer:
    return Answer(status=status, duration_ms=1, retry_after_seconds=retry_after)


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_a_success_is_delivered(status: int) -> None:
    """Any 2xx takes the callback, whatever its body is."""
    assert decide(ENTRY, _answer(status), START, 0, SCHEDULE) == Delivered()


@pytest.mark.parametrize("status", [301, 302, 304, 400, 401, 403, 404, 405, 410, 413])
def test_a_refusal_is_given_up_at_once(status: int) -> None:
    """What the same request will meet again is not repeated."""
    assert decide(ENTRY, _answer(status), START, 0, SCHEDULE) == GaveUp()


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_passing_error_is_tried_again(status: int) -> None:
    """What may be over in a moment is repeated on the schedule."""
    assert decide(ENTRY, _answer(status), START, 0, SCHEDULE) == TryAgain(
        START + timedelta(seconds=1)
    )


@pytest.mark.parametrize("kind", FailureKind)
def test_a_failure_is_given_up_at_once_only_if_it_is_permanent(kind: FailureKind) -> None:
    """A URL, an address or a redirect stays as it is; a network does not."""
    outcome = decide(ENTRY, Failure(kind=kind), START, 0, SCHEDULE)
    assert isinstance(outcome, GaveUp) == kind.permanent
    permanent = {"BAD_URL", "REFUSED_ADDRESS", "TOO_MANY_REDIRECTS", "BAD_REDIRECT", "NO_ACCOUNT"}
    assert kind.permanent == (kind.name in permanent)


@pytest.mark.parametrize(("attempts", "seconds"), [(0, 1), (1, 10), (2, 100)])
def test_the_schedule_is_followed(attempts: int, seconds: int) -> None:
    """Each failure has its own wait."""
    entry = replace(ENTRY, attempts=attempts)
    assert decide(entry, DOWN, START, 0, SCHEDULE) == TryAgain(START + timedelta(seconds=seconds))


def test_the_schedule_ends() -> None:
    """After the last wait there is no other."""
    assert decide(replace(ENTRY, attempts=3), DOWN, START, 0, SCHEDULE) == GaveUp()


@pytest.mark.parametrize(("jitter", "seconds"), [(0.2, 9), (0, 10), (1, 5)])
def test_chance_shortens_a_wait_as_far_as_the_schedule_says(jitter: float, seconds: int) -> None:
    """What failed together comes back apart."""
    entry, schedule = replace(ENTRY, attempts=1), replace(SCHEDULE, jitter=jitter)
    assert decide(entry, DOWN, START, 0.5, schedule) == TryAgain(START + timedelta(seconds=seconds))


@pytest.mark.parametrize(("asked", "seconds"), [(0.0, 1), (7.0, 7), (5000.0, 50)])
def test_a_server_may_ask_for_time_within_bounds(asked: float, seconds: int) -> None:
    """Retry-After lengthens a wait, never shortens it, and cannot block the lane for long."""
    assert decide(ENTRY, _answer(503, asked), START, 0, SCHEDULE) == TryAgain(
        START + timedelta(seconds=seconds)
    )


def test_an_old_entry_is_given_up() -> None:
    """Beyond the horizon there is no further attempt."""
    now = START + timedelta(seconds=999.5)
    assert decide(replace(ENTRY, attempts=1), DOWN, now, 0, SCHEDULE) == GaveUp()


def test_an_entry_that_waited_in_its_lane_still_gets_its_tries() -> None:
    """An hour behind a dead entry does not cost the ones behind it their chance."""
    now = START + timedelta(seconds=5000)
    assert isinstance(decide(ENTRY, DOWN, now, 0, SCHEDULE), TryAgain)
    assert decide(replace(ENTRY, attempts=1), DOWN, now, 0, SCHEDULE) == GaveUp()


def test_an_entry_that_is_sent_again_by_hand_begins_anew() -> None:
    """Its horizon counts from then on, however old it is."""
    redriven_at = START + timedelta(days=3)
    entry = replace(ENTRY, attempts=1, redriven_at=redriven_at)
    soon, late = redriven_at + timedelta(seconds=900), redriven_at + timedelta(seconds=999)
    assert isinstance(decide(entry, DOWN, soon, 0, SCHEDULE), TryAgain)
    assert decide(entry, DOWN, late, 0, SCHEDULE) == GaveUp()
    assert decide(replace(entry, redriven_at=None), DOWN, soon, 0, SCHEDULE) == GaveUp()


def test_the_longest_wait_is_the_servers_or_ours() -> None:
    """Nothing is due later than that after an attempt; a schedule may have no repeats at all."""
    assert SCHEDULE.longest_wait == 100
    assert replace(SCHEDULE, longest_retry_after=500).longest_wait == 500
    assert replace(SCHEDULE, delays=()).longest_wait == 50
    assert decide(ENTRY, DOWN, START, 0, replace(SCHEDULE, delays=())) == GaveUp()


@given(replies, st.integers(0, 20), chances, st.floats(0, 1), schedules)
def test_a_repeat_is_always_later_and_never_far_away(
    reply: Reply, attempts: int, chance: float, jitter: float, schedule: Schedule
) -> None:
    """Whatever a server answers, the next attempt is ahead, and the lane is not held for ever."""
    schedule = replace(schedule, jitter=jitter)
    outcome = decide(replace(ENTRY, attempts=attempts), reply, START, chance, schedule)
    if isinstance(outcome, TryAgain):
        wait = (outcome.due_at - START).total_seconds()
        assert 0 <= wait <= schedule.longest_wait
        assert wait > 0 or jitter == 1


@given(st.lists(replies, min_size=12, max_size=12), chances, schedules, st.booleans())
def test_every_entry_comes_to_an_end_in_time(
    answers: list[Reply], chance: float, schedule: Schedule, redriven: bool
) -> None:
    """Whatever a server answers, an entry is settled within its horizon."""
    entry, now = replace(ENTRY, redriven_at=START if redriven else None), START
    if redriven:
        entry = replace(entry, created_at=START - timedelta(days=9))
    for reply in answers:
        outcome = decide(entry, reply, now, chance, schedule)
        if not isinstance(outcome, TryAgain):
            return
        entry = replace(entry, attempts=entry.attempts + 1)
        now = outcome.due_at
        assert now <= START + timedelta(seconds=schedule.horizon)
    pytest.fail("it was tried a dozen times")


def test_messages_are_tried_longer_than_status_callbacks() -> None:
    """A message is worth an hour, news of a call a quarter of one."""
    assert sum(STATUS_CALLBACKS.delays) <= STATUS_CALLBACKS.horizon < MESSAGES.horizon == 3600
    assert MESSAGES.delays[:6] == (1, 2, 5, 15, 30, 60)


@given(replies)
def test_a_reply_is_described_under_a_documented_code(reply: Reply) -> None:
    """The sentence begins with the five digits that the error dictionary knows."""
    code, _, sentence = describe(reply).partition(": ")
    assert len(code) == 5
    assert code.isdigit()
    assert sentence


@pytest.mark.parametrize(
    ("reply", "policies"),
    [
        (_answer(200), set()),
        (_answer(302), set()),
        (_answer(404), {"4xx", "all"}),
        (_answer(503), {"5xx", "all"}),
        (replace(_answer(200), cut=FailureKind.TIMEOUT), {"rt", "all"}),
        (replace(_answer(500), cut=FailureKind.PROTOCOL), {"all"}),
        (replace(_answer(200), cut=FailureKind.TOO_LARGE), set()),
        (Failure(kind=FailureKind.CONNECT), {"ct", "all"}),
        (Failure(kind=FailureKind.CONNECT_TIMEOUT), {"ct", "all"}),
        (Failure(kind=FailureKind.NO_SUCH_HOST), {"ct", "all"}),
        (Failure(kind=FailureKind.TLS), {"ct", "all"}),
        (Failure(kind=FailureKind.TIMEOUT), {"rt", "all"}),
        (Failure(kind=FailureKind.PROTOCOL), {"all"}),
        (Failure(kind=FailureKind.CERTIFICATE_NAME), set()),
        (Failure(kind=FailureKind.INTERNAL), set()),
    ],
)
def test_a_request_is_repeated_at_once_under_the_policy_for_its_failure(
    reply: Reply, policies: set[str]
) -> None:
    """Each policy names a class of failures, and ``all`` what may be over in a moment."""
    every = {"4xx", "5xx", "ct", "rt", "all"}
    assert {policy for policy in every if repeats_at_once(reply, {policy})} == policies
    assert not repeats_at_once(reply, set())


@pytest.mark.parametrize("kind", FailureKind)
def test_what_is_permanent_is_never_repeated_at_once(kind: FailureKind) -> None:
    """Not under any policy."""
    every = {"4xx", "5xx", "ct", "rt", "all"}
    assert not (kind.permanent and repeats_at_once(Failure(kind=kind), every))
