"""What is promised of downlinks, held against what clients saw."""

from collections.abc import Iterator, Sequence
from typing import Final

from tests.crash.case import Case, Check, Finding, Rule
from tests.support.ledger import Arrived, Asked, Created, Subscribed


def missing_downlinks(case: Case) -> Iterator[Finding]:
    """Look for accepted downlinks that never arrived, save on a leg that its device left."""
    arrived = {(fact.leg, fact.sid) for fact in case.history if isinstance(fact, Arrived)}
    created = {(fact.leg, fact.sid) for fact in case.history if isinstance(fact, Created)}
    for leg, sid in sorted(created - arrived):
        if leg not in case.abandoned:
            yield Finding(Rule.MISSING_DOWNLINK, f"{sid} on {leg}")


def downlink_order(case: Case) -> Iterator[Finding]:
    """Hold arrivals against positions: in order at first, and in order on each socket."""
    newest: dict[str, int] = {}
    on_socket: dict[tuple[str, int], int] = {}
    seen: set[tuple[str, str]] = set()
    for fact in case.history:
        if not isinstance(fact, Arrived):
            continue
        position = case.position(fact.leg, fact.sid)
        if position is None:
            yield Finding(Rule.SOURCE, f"{fact.sid} arrived on {fact.leg} and is not kept")
            continue
        first = (fact.leg, fact.sid) not in seen
        seen.add((fact.leg, fact.sid))
        if first and position < newest.get(fact.leg, -1):
            yield Finding(Rule.DOWNLINK_ORDER, f"{fact.sid} on {fact.leg} is late")
        if position <= on_socket.get((fact.leg, fact.socket), -1):
            yield Finding(Rule.DOWNLINK_ORDER, f"{fact.sid} on {fact.leg} came back on its socket")
        newest[fact.leg] = max(position, newest.get(fact.leg, -1))
        on_socket[fact.leg, fact.socket] = position


def acceptance_order(case: Case) -> Iterator[Finding]:
    """Hold positions against time: what was asked for after a 201 stands behind what that was for.

    Of two that were asked for side by side either may come first.
    """
    answered: dict[str, int] = {}
    floors: dict[tuple[str, str], int] = {}
    for fact in case.history:
        if isinstance(fact, Asked):
            floors.setdefault((fact.leg, fact.content), answered.get(fact.leg, -1))
        elif isinstance(fact, Created):
            position = case.position(fact.leg, fact.sid)
            answered[fact.leg] = max(
                answered.get(fact.leg, -1), -1 if position is None else position
            )
    for (leg, content), floor in floors.items():
        for sid, message in case.by_content[leg, content]:
            if message.position <= floor:
                yield Finding(Rule.DOWNLINK_ORDER, f"{sid} on {leg} stands before an older one")


def downlink_repeats(case: Case) -> Iterator[Finding]:
    """Look for a SID with two contents, for a content with two SIDs, for what nobody asked for."""
    asked = {(fact.leg, fact.content) for fact in case.history if isinstance(fact, Asked)}
    contents = {
        (fact.leg, fact.sid): fact.content for fact in case.history if isinstance(fact, Created)
    }
    for fact in case.history:
        if not isinstance(fact, Arrived):
            continue
        if (fact.leg, fact.content) not in asked:
            yield Finding(Rule.SOURCE, f"{fact.sid} on {fact.leg} has a content of nobody")
        if contents.setdefault((fact.leg, fact.sid), fact.content) != fact.content:
            yield Finding(Rule.REPEAT, f"{fact.sid} on {fact.leg} came with another content")
    for (leg, content), found in case.by_content.items():
        if len(found) > 1:
            sids = ", ".join(sid for sid, _ in found)
            yield Finding(Rule.KEY, f"{content} is there more than once on {leg}: {sids}")


def answers(case: Case) -> Iterator[Finding]:
    """Look for equal requests with answers that differ, and for subscriptions made twice."""
    first: dict[tuple[str, str], str] = {}
    for fact in case.history:
        if isinstance(fact, Created) and fact.key is not None:
            name = (fact.leg, fact.key)
        elif isinstance(fact, Subscribed):
            name = (fact.leg, fact.lane)
        else:
            continue
        if first.setdefault(name, fact.sid) != fact.sid:
            yield Finding(Rule.KEY, f"{name} was answered with {first[name]} and {fact.sid}")
    wanted = {fact.sid for fact in case.history if isinstance(fact, Subscribed)}
    for sid in sorted(case.records.subscriptions.keys() - wanted):
        yield Finding(Rule.KEY, f"nobody was told of subscription {sid}")


CHECKS: Final[Sequence[Check]] = (
    missing_downlinks,
    downlink_order,
    acceptance_order,
    downlink_repeats,
    answers,
)
