"""One message to several legs: who is reached, and what each of them says."""

import json

import pytest

from midcall.core.messages.service import MessageService
from midcall.core.ports import Audience, LegResult, Sending
from midcall.model.calls import CallStatus
from midcall.model.errors import CallNotActive, TooManyWaiting
from midcall.model.messages import Created
from midcall.model.sids import AccountSid, CallSid
from tests.integration.rest.conftest import Site
from tests.integration.rest.records import ACCOUNT, AT, BASE, DATE, LIVE, OVER, THEIRS, family

MESSAGES = f"{BASE}/UserDefinedMessages.json"
SECOND = CallSid("CA" + "4" * 32)
CONTENT = json.dumps({"text": "to all"})


@pytest.fixture
def busy(site: Site) -> Site:
    """Serve an SDK's user with two calls."""
    site.restore(family(SECOND, ACCOUNT.sid, CallStatus.RINGING, minute=3))
    return site


def test_every_call_of_an_identity_is_reached(busy: Site) -> None:
    """Each result has a SID of its own, under which the message is found; no other account's."""
    answer = busy.ask("POST", MESSAGES, {"To": "client:amy", "Content": CONTENT})
    assert answer.status == 201
    assert list(answer.json) == ["account_sid", "date_created", "results"]
    assert (answer.json["account_sid"], answer.json["date_created"]) == (ACCOUNT.sid, DATE)
    results = {one["call_sid"]: one for one in answer.json["results"]}
    assert set(results) == {LIVE, SECOND}
    for call, result in results.items():
        assert (result["status"], result["code"], result["message"]) == (201, None, None)
        path = f"{BASE}/Calls/{call}/UserDefinedMessages/{result['sid']}.json"
        assert busy.ask("GET", path).json["content"] == CONTENT


@pytest.mark.parametrize("legs", [{}, {"Legs": "all"}, {"Legs": "parent"}])
def test_a_family_is_reached(site: Site, legs: dict[str, str]) -> None:
    """A parent's SID names the family; ``Legs`` narrows it."""
    answer = site.ask("POST", MESSAGES, {"CallSid": LIVE, "Content": CONTENT, **legs})
    assert [one["call_sid"] for one in answer.json["results"]] == [LIVE]


def test_a_repeat_reaches_the_same_calls_once(busy: Site) -> None:
    """The answer is the first one to the letter, and nothing is sent twice."""
    parameters = {"To": "client:amy", "Content": CONTENT, "IdempotencyKey": "once"}
    answers = [busy.ask("POST", MESSAGES, parameters) for _ in range(2)]
    assert [answer.status for answer in answers] == [201, 201]
    assert answers[0].body == answers[1].body
    assert len(busy.ask("GET", MESSAGES).json["user_defined_messages"]) == 2
    conflict = busy.ask("POST", MESSAGES, {**parameters, "Content": "2"})
    assert (conflict.status, conflict.json["code"]) == (409, 20409)


@pytest.mark.parametrize(
    ("parameters", "status", "code"),
    [
        ({}, 400, 21201),
        ({"To": "client:amy", "CallSid": LIVE}, 400, 20001),
        ({"To": "client:"}, 400, 21211),
        ({"To": "client:" + "a" * 257}, 400, 21211),
        ({"To": "+14155550123"}, 400, 21211),
        ({"To": "client:amy", "Legs": "all"}, 400, 20001),
        ({"CallSid": "CA1"}, 400, 20001),
        ({"CallSid": LIVE, "Legs": "both"}, 400, 20001),
        ({"To": "client:nobody"}, 404, 20404),
        ({"CallSid": LIVE, "Legs": "children"}, 404, 20404),
        ({"CallSid": OVER}, 400, 21220),
        ({"CallSid": THEIRS}, 404, 20404),
        ({"To": "client:amy", "Content": "not JSON"}, 400, 32702),
        ({"To": "client:amy", "StatusCallback": "example.com"}, 400, 21205),
    ],
)
def test_what_reaches_nobody_is_refused(
    standing: Site, parameters: dict[str, str], status: int, code: int
) -> None:
    """Under the code that says why."""
    answer = standing.ask("POST", MESSAGES, {"Content": CONTENT, **parameters})
    assert (answer.status, answer.json["code"]) == (status, code)


def answering(monkeypatch: pytest.MonkeyPatch, *results: LegResult) -> None:
    """Have the message service answer a broadcast so."""

    async def broadcast(
        _: MessageService, account: AccountSid, audience: Audience, sending: Sending
    ) -> tuple[LegResult, ...]:
        return results

    monkeypatch.setattr(MessageService, "broadcast", broadcast)


def test_a_leg_that_refuses_does_not_stop_the_others(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its result has the status and code that a message to it alone would be answered with."""
    created = Created(account_sid=ACCOUNT.sid, call_sid=LIVE, sid="KX" + "1" * 32, created_at=AT)
    answering(
        monkeypatch,
        LegResult(call_sid=SECOND, fault=TooManyWaiting(SECOND, 5)),
        LegResult(call_sid=LIVE, created=created),
    )
    answer = site.ask("POST", MESSAGES, {"To": "client:amy", "Content": "1"})
    assert answer.status == 201
    refused, accepted = answer.json["results"]
    assert (refused["sid"], refused["status"], refused["code"]) == (None, 429, 20429)
    assert (accepted["sid"], accepted["status"]) == (created.sid, 201)


def test_nothing_accepted_is_an_error(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """If every leg refuses, the answer is the first one's refusal."""
    answering(
        monkeypatch,
        LegResult(call_sid=SECOND, fault=TooManyWaiting(SECOND, 5)),
        LegResult(call_sid=LIVE, fault=CallNotActive(LIVE, CallStatus.COMPLETED)),
    )
    answer = site.ask("POST", MESSAGES, {"To": "client:amy", "Content": "1"})
    assert (answer.status, answer.json["code"]) == (429, 20429)
