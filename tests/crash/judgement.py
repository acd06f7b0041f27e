"""The judge: which promises a history breaks, given what the server has kept.

A pure function of both. The history must have ended quietly: all that was under way has arrived,
and every device but those that were abandoned came back.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from tests.crash import downlinks, uplinks
from tests.crash.case import DOWNLINK, OVER, UPLINK, Case, Check, Finding, Rule
from tests.crash.records import Records
from tests.support.ledger import (
    Acked,
    Created,
    Fact,
    Placed,
    Said,
    Subscribed,
    Surprise,
    Told,
)


def judge(history: Sequence[Fact], records: Records) -> list[Finding]:
    """Return every breach of every rule."""
    case = Case(history, records)
    return [finding for check in CHECKS for finding in check(case)]


def surprises(case: Case) -> Iterator[Finding]:
    """Yield what a client itself found wrong."""
    for fact in case.history:
        if isinstance(fact, Surprise):
            yield Finding(Rule.SURPRISE, fact.what)


def records_of_answers(case: Case) -> Iterator[Finding]:
    """Look for a 201 or an ack that nothing in the store stands behind."""
    said = {(fact.leg, fact.sid): fact.content for fact in case.history if isinstance(fact, Said)}
    for fact in case.history:
        match fact:
            case Created(leg=leg, sid=sid, content=content, key=key):
                yield from _kept(case, leg, sid, DOWNLINK, content)
                if key is not None and case.records.requests.get((leg, key)) != sid:
                    yield Finding(Rule.RECORD, f"the answer {sid} under {key} on {leg}")
            case Acked(leg=leg, sid=sid):
                yield from _kept(case, leg, sid, UPLINK, said.get((leg, sid), ""))
            case Subscribed(leg=leg, sid=sid):
                if case.records.subscriptions.get(sid) != leg:
                    yield Finding(Rule.RECORD, f"subscription {sid} of {leg}")
            case _:
                pass


def _kept(case: Case, leg: str, sid: str, direction: str, content: str) -> Iterator[Finding]:
    kept = case.records.messages.get((leg, sid))
    if kept is None or (kept.direction, kept.content) != (direction, content):
        yield Finding(Rule.RECORD, f"{direction} {sid} of {leg}")


def settled(case: Case) -> Iterator[Finding]:
    """Look for messages that are not delivered, or on an abandoned leg are not over either."""
    for (leg, sid), message in case.records.messages.items():
        ends = {"delivered", "expired"} if leg in case.abandoned else {"delivered"}
        if message.state not in ends:
            what = f"{message.direction} {sid} of {leg} is {message.state}"
            yield Finding(Rule.SETTLED, what)


def calls(case: Case) -> Iterator[Finding]:
    """Look for calls that did not end, or whose end nobody was told of."""
    told = {fact.call for fact in case.history if isinstance(fact, Told) and fact.status in OVER}
    for fact in case.history:
        if not isinstance(fact, Placed):
            continue
        status = case.records.calls.get(fact.call, "not kept")
        if status not in OVER:
            yield Finding(Rule.CALL, f"{fact.call} is {status}")
        if fact.call not in told:
            yield Finding(Rule.CALL, f"nobody was told of the end of {fact.call}")


def status_callbacks(case: Case) -> Iterator[Finding]:
    """Look for stages of a call that are told out of order, or told again as something else."""
    following: Counter[str] = Counter()
    first: dict[tuple[str, int], Told] = {}
    for fact in case.history:
        if not isinstance(fact, Told):
            continue
        if first.setdefault((fact.call, fact.number), fact) != fact:
            yield Finding(Rule.REPEAT, f"stage {fact.number} of {fact.call} came again as another")
        if fact.number > following[fact.call]:
            what = f"stage {fact.number} of {fact.call} instead of {following[fact.call]}"
            yield Finding(Rule.CALL, what)
        following[fact.call] = max(following[fact.call], fact.number + 1)


CHECKS: Final[Sequence[Check]] = (
    surprises,
    *downlinks.CHECKS,
    *uplinks.CHECKS,
    records_of_answers,
    settled,
    calls,
    status_callbacks,
)
