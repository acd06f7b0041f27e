"""What is promised of uplinks and their callbacks, held against what devices and endpoints saw."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from tests.crash.case import Case, Check, Finding, Rule
from tests.support.ledger import Acked, Heard, Said, Subscribed, Taken


def missing_uplinks(case: Case) -> Iterator[Finding]:
    """Look for acked uplinks that a subscription older than they are was not told of."""
    taken = {(fact.lane, fact.sid) for fact in case.history if isinstance(fact, Taken)}
    acked = {(fact.leg, fact.sid) for fact in case.history if isinstance(fact, Acked)}
    lanes: defaultdict[str, set[str]] = defaultdict(set)
    for fact in case.history:
        if isinstance(fact, Subscribed):
            lanes[fact.leg].add(fact.lane)
        elif isinstance(fact, Said) and (fact.leg, fact.sid) in acked:
            for lane in sorted(lanes[fact.leg]):
                if (lane, fact.sid) not in taken:
                    yield Finding(Rule.MISSING_UPLINK, f"{fact.sid} of {fact.leg} at {lane}")


def uplink_order(case: Case) -> Iterator[Finding]:
    """Hold positions against the order in which a device said things."""
    newest: dict[str, int] = {}
    for fact in case.history:
        position = case.position(fact.leg, fact.sid) if isinstance(fact, Said) else None
        if isinstance(fact, Said) and position is not None:
            if position <= newest.get(fact.leg, -1):
                yield Finding(Rule.UPLINK_ORDER, f"{fact.sid} of {fact.leg}")
            newest[fact.leg] = position


def sequences(case: Case) -> Iterator[Finding]:
    """Look for a number that comes too early or too late, or before the last one was taken."""
    following: Counter[str] = Counter()
    taken: set[tuple[str, str]] = set()
    last: dict[str, str] = {}
    for fact in case.history:
        if isinstance(fact, Taken):
            taken.add((fact.lane, fact.sid))
        if not isinstance(fact, Heard) or fact.number < following[fact.lane]:
            continue
        if fact.number > following[fact.lane]:
            what = f"{fact.number} at {fact.lane} instead of {following[fact.lane]}"
            yield Finding(Rule.SEQUENCE, what)
        if fact.lane in last and (fact.lane, last[fact.lane]) not in taken:
            what = f"{fact.number} at {fact.lane} before the last one was taken"
            yield Finding(Rule.SEQUENCE, what)
        following[fact.lane] = fact.number + 1
        last[fact.lane] = fact.sid


def callback_repeats(case: Case) -> Iterator[Finding]:
    """Look for callbacks that say one thing of a message first and another later."""
    legs = {fact.lane: fact.leg for fact in case.history if isinstance(fact, Subscribed)}
    said = {(fact.leg, fact.sid): fact.content for fact in case.history if isinstance(fact, Said)}
    first: dict[tuple[str, str], Heard] = {}
    tokens: dict[str, tuple[str, str]] = {}
    for fact in case.history:
        if not isinstance(fact, Heard):
            continue
        name, leg = (fact.lane, fact.sid), legs.get(fact.lane, "")
        if first.setdefault(name, fact) != fact:
            yield Finding(Rule.REPEAT, f"{fact.sid} at {fact.lane} came again as another")
        if tokens.setdefault(fact.token, name) != name:
            yield Finding(Rule.REPEAT, f"{fact.sid} at {fact.lane} has the token of another")
        if said.get((leg, fact.sid)) != fact.content:
            yield Finding(Rule.SOURCE, f"{fact.sid} at {fact.lane} has a content of nobody")
        if case.position(leg, fact.sid) != fact.number:
            yield Finding(Rule.SEQUENCE, f"{fact.sid} at {fact.lane} has the place of another")


CHECKS: Final[Sequence[Check]] = (missing_uplinks, uplink_order, sequences, callback_repeats)
