"""The judge can find fault: each promise that a doctored history breaks is named."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import pytest

from tests.crash.case import Rule
from tests.crash.judgement import judge
from tests.crash.records import Message, Records
from tests.support.ledger import (
    Abandoned,
    Acked,
    Arrived,
    Asked,
    Created,
    Fact,
    Heard,
    Ledger,
    Placed,
    Said,
    Subscribed,
    Surprise,
    Taken,
    Told,
    canonical,
)

LEG: Final = "CA1"
LANE: Final = "/messages"


def asked(number: int, key: str | None = None) -> Asked:
    """Ask for a downlink."""
    return Asked(leg=LEG, content=str(number), key=key)


def created(number: int, sid: str | None = None, key: str | None = None) -> Created:
    """Answer with 201."""
    return Created(leg=LEG, content=str(number), sid=sid or f"D{number}", key=key)


def arrived(number: int, socket: int = 1, content: str | None = None) -> Arrived:
    """Let a downlink arrive."""
    return Arrived(leg=LEG, sid=f"D{number}", content=content or str(number), socket=socket)


def said(number: int) -> Said:
    """Say an uplink."""
    return Said(leg=LEG, sid=f"U{number}", content=str(number))


def acked(number: int) -> Acked:
    """Acknowledge an uplink."""
    return Acked(leg=LEG, sid=f"U{number}")


def heard(number: int, **changed: Any) -> Heard:
    """Let a callback come."""
    fact = Heard(
        lane=LANE, sid=f"U{number}", number=number, content=str(number), token=f"T{number}"
    )
    return msgspec.structs.replace(fact, **changed)


def taken(number: int) -> Taken:
    """Answer a callback with 204."""
    return Taken(lane=LANE, sid=f"U{number}")


def told(number: int, status: str, **changed: Any) -> Told:
    """Let a status callback come."""
    fact = Told(call=LEG, status=status, number=number, token=f"S{number}", fields=status)
    return msgspec.structs.replace(fact, **changed)


SUBSCRIBED: Final = Subscribed(leg=LEG, lane=LANE, sid="ZB1")

# Two downlinks under keys, the second asked for again after it had been answered and repeated after
# a lost socket; three uplinks, the last one without an ack, the second callback repeated.
HISTORY: Final[Sequence[Fact]] = (
    Placed(call=LEG),
    SUBSCRIBED,
    asked(0, "K0"),
    created(0, key="K0"),
    arrived(0),
    asked(1, "K1"),
    created(1, key="K1"),
    arrived(1),
    asked(1, "K1"),
    created(1, key="K1"),
    arrived(1, socket=2),
    said(0),
    said(1),
    acked(0),
    heard(0),
    taken(0),
    acked(1),
    said(2),
    heard(1),
    heard(1),
    taken(1),
    heard(2),
    taken(2),
    SUBSCRIBED,
    told(0, "ringing"),
    told(1, "completed"),
    told(1, "completed"),
)

RECORDS: Final = Records(
    messages={
        **{(LEG, f"D{n}"): Message("downlink", n, str(n), "delivered") for n in range(2)},
        **{(LEG, f"U{n}"): Message("uplink", n, str(n), "delivered") for n in range(3)},
    },
    requests={(LEG, "K0"): "D0", (LEG, "K1"): "D1"},
    subscriptions={"ZB1": LEG},
    calls={LEG: "completed"},
)


def without(*facts: Fact) -> list[Fact]:
    """Take facts out of the history."""
    return [fact for fact in HISTORY if fact not in facts]


def behind(known: Fact, *facts: Fact) -> list[Fact]:
    """Put facts into the history, behind the last of a known one."""
    place = len(HISTORY) - HISTORY[::-1].index(known)
    return [*HISTORY[:place], *facts, *HISTORY[place:]]


def swapped(one: Fact, other: Fact) -> list[Fact]:
    """Have two facts change places."""
    change = {one: other, other: one}
    return [change.get(fact, fact) for fact in HISTORY]


def rules(history: Sequence[Fact], records: Records = RECORDS) -> set[Rule]:
    """Return which promises the judge finds broken."""
    return {finding.rule for finding in judge(history, records)}


def records(**changed: Any) -> Records:
    """Doctor the records of messages; ``None`` takes one away."""
    kept = {**RECORDS.messages, **{(LEG, sid): message for sid, message in changed.items()}}
    return RECORDS._replace(
        messages={name: message for name, message in kept.items() if message is not None}
    )


def test_a_history_without_fault_is_left_alone() -> None:
    """Repeats with equal SIDs, contents and tokens are no fault, nor is a lost ack."""
    assert judge(HISTORY, RECORDS) == []


@pytest.mark.parametrize(
    ("history", "rule"),
    [
        pytest.param(
            without(arrived(1), arrived(1, socket=2)), Rule.MISSING_DOWNLINK, id="missing downlink"
        ),
        pytest.param(swapped(arrived(0), arrived(1)), Rule.DOWNLINK_ORDER, id="swapped downlinks"),
        pytest.param(
            behind(arrived(1, socket=2), arrived(1, socket=2)),
            Rule.DOWNLINK_ORDER,
            id="repeat on one socket",
        ),
        pytest.param(
            behind(arrived(1, socket=2), arrived(0, socket=2)),
            Rule.DOWNLINK_ORDER,
            id="back in time on one socket",
        ),
        pytest.param(
            behind(arrived(1), arrived(1, socket=3, content="7")),
            Rule.REPEAT,
            id="repeat with other content",
        ),
        pytest.param(
            behind(arrived(1), arrived(1, socket=3, content="7")),
            Rule.SOURCE,
            id="content of nobody",
        ),
        pytest.param(behind(arrived(1), arrived(9)), Rule.SOURCE, id="downlink without a record"),
        pytest.param(
            behind(created(1, key="K1"), created(1, "D9", key="K1")), Rule.KEY, id="two answers"
        ),
        pytest.param(
            behind(SUBSCRIBED, Subscribed(leg=LEG, lane=LANE, sid="ZB2")),
            Rule.KEY,
            id="two subscriptions",
        ),
        pytest.param(behind(asked(1, "K1"), created(8)), Rule.RECORD, id="201 without a record"),
        pytest.param(behind(said(2), acked(7)), Rule.RECORD, id="ack without a record"),
        pytest.param(
            behind(created(1, key="K1"), created(1, key="K9")),
            Rule.RECORD,
            id="key without a record",
        ),
        pytest.param(without(taken(1)), Rule.MISSING_UPLINK, id="callback never taken"),
        pytest.param(
            [fact for fact in HISTORY if fact not in {heard(1), taken(1)}],
            Rule.SEQUENCE,
            id="gap in the sequence",
        ),
        pytest.param(
            [fact for fact in HISTORY if fact not in {heard(1), taken(1)}],
            Rule.MISSING_UPLINK,
            id="missing callback",
        ),
        pytest.param(swapped(heard(0), heard(1)), Rule.SEQUENCE, id="swapped callbacks"),
        pytest.param(swapped(taken(0), heard(1)), Rule.SEQUENCE, id="two in flight"),
        pytest.param(swapped(said(0), said(1)), Rule.UPLINK_ORDER, id="swapped uplinks"),
        pytest.param(behind(heard(1), heard(1, token="T9")), Rule.REPEAT, id="another token"),
        pytest.param(behind(heard(1), heard(1, content="9")), Rule.REPEAT, id="another content"),
        pytest.param(
            behind(heard(2), heard(2, lane="/b", token="T1")), Rule.REPEAT, id="one token"
        ),
        pytest.param(
            behind(heard(1), heard(1, sid="U0")), Rule.REPEAT, id="another place of one message"
        ),
        pytest.param(without(said(2)), Rule.SOURCE, id="uplink of nobody"),
        pytest.param(without(told(1, "completed")), Rule.CALL, id="end without a callback"),
        pytest.param(without(told(0, "ringing")), Rule.CALL, id="gap in the stages"),
        pytest.param(
            behind(told(1, "completed"), told(1, "completed", token="S9")),
            Rule.REPEAT,
            id="a stage under another token",
        ),
        pytest.param(behind(said(2), Surprise(what="hangup")), Rule.SURPRISE, id="surprise"),
    ],
)
def test_a_doctored_history_is_found_out(history: Sequence[Fact], rule: Rule) -> None:
    """One thing that is missing, too much or in the wrong place breaks its promise."""
    assert rule in rules(history)


@pytest.mark.parametrize(
    ("doctored", "rule"),
    [
        pytest.param(records(D0=None), Rule.RECORD, id="201 without a record"),
        pytest.param(records(U0=None), Rule.RECORD, id="ack without a record"),
        pytest.param(
            records(D0=Message("downlink", 0, "9", "delivered")), Rule.RECORD, id="other content"
        ),
        pytest.param(
            records(U0=Message("uplink", 0, "9", "delivered")), Rule.RECORD, id="other uplink"
        ),
        pytest.param(
            records(D0=Message("downlink", 1, "0", "delivered"), D1=RECORDS.messages[LEG, "D0"]),
            Rule.RECORD,
            id="contents exchanged",
        ),
        pytest.param(
            records(
                D0=Message("downlink", 1, "0", "delivered"),
                D1=Message("downlink", 0, "1", "delivered"),
            ),
            Rule.DOWNLINK_ORDER,
            id="accepted in another order",
        ),
        pytest.param(
            records(D2=Message("downlink", 2, "1", "delivered")), Rule.KEY, id="accepted twice"
        ),
        pytest.param(
            records(D1=Message("downlink", 1, "1", "sent")), Rule.SETTLED, id="not settled"
        ),
        pytest.param(
            records(U1=Message("uplink", 1, "1", "failed")), Rule.SETTLED, id="callback given up"
        ),
        pytest.param(
            records(U1=Message("uplink", 5, "1", "delivered")), Rule.SEQUENCE, id="another place"
        ),
        pytest.param(
            RECORDS._replace(requests={(LEG, "K0"): "D0"}), Rule.RECORD, id="key without a record"
        ),
        pytest.param(RECORDS._replace(subscriptions={}), Rule.RECORD, id="no subscription"),
        pytest.param(
            RECORDS._replace(subscriptions={"ZB1": LEG, "ZB2": LEG}), Rule.KEY, id="a second one"
        ),
        pytest.param(RECORDS._replace(calls={LEG: "in-progress"}), Rule.CALL, id="no end"),
        pytest.param(RECORDS._replace(calls={}), Rule.CALL, id="no call"),
    ],
)
def test_doctored_records_are_found_out(doctored: Records, rule: Rule) -> None:
    """What clients were told and the store does not stand behind is named."""
    assert rule in rules(HISTORY, doctored)


def test_what_was_left_behind_for_an_abandoned_leg_may_expire() -> None:
    """Where nobody comes back, a downlink need not arrive, but it has to come to an end."""
    history = [*without(arrived(1), arrived(1, socket=2)), Abandoned(leg=LEG)]
    expired = records(D1=Message("downlink", 1, "1", "expired"))
    assert rules(history, expired) == set()
    assert rules(history, records(D1=Message("downlink", 1, "1", "sent"))) == {Rule.SETTLED}
    assert Rule.SETTLED in rules(HISTORY, expired)


def test_what_was_asked_for_side_by_side_may_be_accepted_either_way() -> None:
    """Only a request behind an answer has to stand behind what was answered."""
    side_by_side = swapped(created(0, key="K0"), asked(1, "K1"))
    first, second = asked(0, "K0"), asked(1, "K1")
    other_way = records(
        D0=Message("downlink", 1, "0", "delivered"), D1=Message("downlink", 0, "1", "delivered")
    )
    assert side_by_side.index(second) < side_by_side.index(created(0, key="K0"))
    assert side_by_side.index(first) < side_by_side.index(second)
    arrivals = {arrived(0), arrived(1), arrived(1, socket=2)}
    kept = [fact for fact in side_by_side if fact not in arrivals]
    assert rules([*kept, arrived(1), arrived(0)], other_way) == set()


def test_whoever_watches_is_told_right_behind_each_fact() -> None:
    """A fact stands in the history when the watch hears of it."""
    ledger = Ledger()
    seen: list[list[Fact]] = []
    ledger.watch = lambda _: seen.append(list(ledger.history))
    ledger.note(asked(0))
    ledger.note(created(0))
    assert seen == [[asked(0)], [asked(0), created(0)]]


def test_equal_contents_are_written_alike() -> None:
    """Neither the order of names nor spaces make a difference."""
    assert (
        canonical({"b": [1], "a": "ü"})
        == canonical({"a": "ü", "b": [1]})
        == '{"a":"\\u00fc","b":[1]}'
    )
