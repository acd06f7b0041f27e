"""Callbacks: what is owed to the application's server, and sending again what was given up."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from midcall.core.ports import AddEntry, AddMessage, SettleEntry
from midcall.model.outbox import Attempt, EntryState, OutcomeKind
from midcall.model.sids import SubscriptionSid
from tests.integration.rest.conftest import Site, copied
from tests.integration.rest.records import (
    AT,
    BASE,
    DATE,
    LIVE,
    OTHER,
    OVER,
    SUBSCRIPTION,
    basic,
    owed,
    uplink,
)

CALLBACKS = f"{BASE}/Callbacks"
OTHER_SUBSCRIPTION = SubscriptionSid("ZY" + "6" * 32)

DEAD = owed(1)
ELSEWHERE = owed(2, call=OVER)
ANOTHERS = owed(3, subscription=OTHER_SUBSCRIPTION)
PENDING = owed(4, state=EntryState.PENDING)
EVERY = (DEAD, ELSEWHERE, ANOTHERS, PENDING)


def fail(site: Site) -> None:
    """Leave what there is when the application's server did not answer."""
    site.commit(
        *(AddMessage(uplink(one.position, one.call_sid)) for one in EVERY),
        *(AddEntry(one) for one in EVERY),
        SettleEntry(
            DEAD,
            Attempt(
                lane=DEAD.lane,
                position=DEAD.position,
                attempted_at=AT,
                duration_ms=5000,
                outcome=OutcomeKind.GAVE_UP,
                fault="no answer",
            ),
        ),
    )


@pytest.fixture
def failing(site: Site) -> Site:
    """Serve an account whose server did not answer."""
    fail(site)
    return site


@pytest.fixture(scope="module")
def failed(blank: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve the same to tests that only look."""
    site = Site(copied(blank, tmp_path_factory.mktemp("callbacks")))
    fail(site)
    yield site
    site.stop()


def states(site: Site) -> dict[str, str]:
    """Return the state of every callback."""
    listed = site.ask("GET", CALLBACKS).json["callbacks"]
    return {one["id"]: one["state"] for one in listed}


def test_a_callback_is_found_by_the_token_of_its_requests(failed: Site) -> None:
    """In either case; with its attempts, and without its password."""
    for token in (DEAD.token, DEAD.token.upper()):
        shown = failed.ask("GET", f"{CALLBACKS}/{token}.json")
        assert shown.status == 200
        assert (shown.json["id"], shown.json["state"]) == (DEAD.token, "dead")
        assert (shown.json["call_sid"], shown.json["message_sid"]) == (LIVE, uplink(1).sid)
        assert shown.json["subscription_sid"] == SUBSCRIPTION
        assert shown.json["url"] == "https://example.com/messages"
        (attempt,) = shown.json["attempts"]
        assert (attempt["outcome"], attempt["error"]) == ("gave-up", "no answer")
        assert "secret" not in shown.body.decode()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", EVERY),
        ("?State=dead", (DEAD, ELSEWHERE, ANOTHERS)),
        ("?State=pending&Kind=user-defined-message", (PENDING,)),
        ("?Kind=receipt", ()),
        (f"?CallSid={OVER}", (ELSEWHERE,)),
        (f"?MessageSid={uplink(3).sid}", (ANOTHERS,)),
        (f"?SubscriptionSid={SUBSCRIPTION}&State=dead", (DEAD, ELSEWHERE)),
    ],
)
def test_lists_are_narrowed(failed: Site, query: str, expected: tuple[object, ...]) -> None:
    """By state, kind, call, message and subscription."""
    listed = failed.ask("GET", f"{CALLBACKS}{query}").json["callbacks"]
    assert {one["id"] for one in listed} == {one.token for one in EVERY if one in expected}


@pytest.mark.parametrize(
    "query", ["State=gone", "Kind=x", "CallSid=x", "MessageSid=CA1", "SubscriptionSid=ZY"]
)
def test_a_filter_that_says_nothing_is_refused(standing: Site, query: str) -> None:
    """Rather than a list that is not what was meant."""
    answer = standing.ask("GET", f"{CALLBACKS}?{query}")
    assert (answer.status, answer.json["code"]) == (400, 20001)


def test_a_dead_callback_is_sent_again(failing: Site) -> None:
    """It is pending with its attempts counted anew; a second time there is nothing to do."""
    path = f"{CALLBACKS}/{DEAD.token}.json"
    again = failing.ask("POST", path, {"State": "pending"})
    assert again.status == 200
    assert (again.json["state"], again.json["attempt_count"]) == ("pending", 0)
    assert (again.json["date_redriven"], again.json["date_due"]) == (DATE, DATE)
    assert failing.ask("GET", path).json["state"] == "pending"
    twice = failing.ask("POST", path, {"State": "pending"})
    assert (twice.status, twice.json["code"]) == (409, 20409)


@pytest.mark.parametrize("parameters", [{}, {"State": ""}, {"State": "dead"}])
def test_a_callback_can_only_become_pending(failed: Site, parameters: dict[str, str]) -> None:
    """Any other change is refused and changes nothing."""
    answer = failed.ask("POST", f"{CALLBACKS}/{DEAD.token}", parameters)
    assert (answer.status, answer.json["code"]) == (400, 20001)
    assert states(failed)[DEAD.token] == "dead"


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, (DEAD, ELSEWHERE, ANOTHERS)),
        ({"CallSid": OVER}, (ELSEWHERE,)),
        ({"SubscriptionSid": SUBSCRIPTION}, (DEAD, ELSEWHERE)),
        ({"SubscriptionSid": OTHER_SUBSCRIPTION, "CallSid": OVER}, ()),
    ],
)
def test_many_are_sent_again_at_once(
    failing: Site, parameters: dict[str, str], expected: tuple[object, ...]
) -> None:
    """Those of a call, of a subscription, or all; the answer counts them."""
    answer = failing.ask("POST", f"{CALLBACKS}/Redrive.json", parameters)
    assert (answer.status, answer.json) == (200, {"redriven": len(expected)})
    still_dead = {token for token, state in states(failing).items() if state == "dead"}
    dead = (DEAD, ELSEWHERE, ANOTHERS)
    assert still_dead == {one.token for one in dead if one not in expected}


@pytest.mark.parametrize("parameters", [{"CallSid": "CA1"}, {"SubscriptionSid": "x"}])
def test_a_bad_filter_sends_nothing_again(failed: Site, parameters: dict[str, str]) -> None:
    """Or everything would be sent by mistake."""
    before = states(failed)
    answer = failed.ask("POST", f"{CALLBACKS}/Redrive", parameters)
    assert (answer.status, answer.json["code"]) == (400, 20001)
    assert states(failed) == before


@pytest.mark.parametrize("name", ["9" * 32, f"{9:08x}-aaaa-4aaa-8aaa-{9:012x}", "x", LIVE])
def test_what_is_no_callback_is_not_found(standing: Site, name: str) -> None:
    """What is no UUID and what names nothing look the same."""
    for method, parameters in (("GET", None), ("POST", {"State": "pending"})):
        answer = standing.ask(method, f"{CALLBACKS}/{name}.json", parameters)
        assert (answer.status, answer.json["code"]) == (404, 20404)


def test_another_accounts_callback_is_not_found(failing: Site) -> None:
    """Its token opens nothing, and nothing of it is sent again."""
    theirs = f"/2010-04-01/Accounts/{OTHER.sid}/Callbacks"
    authorization = basic(OTHER.sid, OTHER.auth_token)
    path = f"{theirs}/{DEAD.token}"
    assert failing.ask("GET", path, authorization=authorization).status == 404
    again = {"State": "pending"}
    assert failing.ask("POST", path, again, authorization=authorization).status == 404
    all_of_them = failing.ask("POST", f"{theirs}/Redrive", {}, authorization=authorization)
    assert all_of_them.json == {"redriven": 0}
    assert states(failing)[DEAD.token] == "dead"
