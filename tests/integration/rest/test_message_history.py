"""What became of each message: lists, states, attempts, receipts and replies over HTTP."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException

from midcall.core.messages.service import MessageService
from midcall.core.ports import AddEntry, AddMessage, MarkMessage, SettleEntry
from midcall.model.errors import NoReply
from midcall.model.messages import Created, MessageState, UserDefinedMessage
from midcall.model.outbox import Attempt, EntryState, OutcomeKind
from midcall.model.sids import MessageSid
from midcall.rest import door
from tests.integration.rest.conftest import Answer, Site, copied
from tests.integration.rest.records import (
    ACCOUNT,
    AT,
    BASE,
    DATE,
    LIVE,
    OTHER,
    OVER,
    SUBSCRIPTION,
    THEIRS,
    owed,
    uplink,
)

MESSAGES = f"{BASE}/Calls/{LIVE}/UserDefinedMessages"
ALL = f"{BASE}/UserDefinedMessages"
RECEIPTS = "https://amy:secret@example.com/receipts"


def sids(answer: Answer) -> list[str]:
    """Return the SIDs of a list of messages."""
    assert answer.status == 200
    return [one["sid"] for one in answer.json["user_defined_messages"]]


@pytest.fixture(scope="module")
def eventful(blank: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve calls in which something was said, to tests that only look."""
    site = Site(copied(blank, tmp_path_factory.mktemp("history")))
    site.commit(
        AddMessage(uplink(1)),
        AddMessage(uplink(2, state=MessageState.ACCEPTED)),
        AddMessage(uplink(3, OVER)),
        AddMessage(uplink(4, THEIRS, account=OTHER.sid)),
    )
    yield site
    site.stop()


def test_a_message_shows_where_it_is(site: Site) -> None:
    """What was accepted a moment ago is listed and can be looked at, whatever became of it."""
    sent = {"Content": '{"a":1}', "StatusCallback": RECEIPTS}
    sid = site.ask("POST", f"{MESSAGES}.json", sent).json["sid"]
    (listed,) = site.ask("GET", f"{MESSAGES}.json").json["user_defined_messages"]
    assert (listed["sid"], listed["state"], listed["direction"]) == (sid, "accepted", "downlink")
    assert (listed["content"], listed["date_created"]) == ('{"a":1}', DATE)
    assert listed["status_callback"] == "https://example.com/receipts"
    site.commit(MarkMessage(LIVE, MessageSid(sid), MessageState.DELIVERED, AT))
    alone = site.ask("GET", listed["uri"]).json
    assert (alone["state"], alone["date_settled"], alone["attempts"]) == ("delivered", DATE, [])


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (MESSAGES, [2, 1]),
        (f"{MESSAGES}?State=held", [1]),
        (f"{MESSAGES}?Direction=downlink", []),
        (f"{MESSAGES}?Direction=uplink&State=accepted", [2]),
        (f"{MESSAGES}?PageSize=1&Page=1", [1]),
        (f"{BASE}/Calls/{OVER}/UserDefinedMessages", [3]),
        (ALL, [3, 2, 1]),
        (f"{ALL}?CallSid={OVER}", [3]),
        (f"{ALL}?CallSid={THEIRS}", []),
        (f"{ALL}?State=held&Direction=uplink", [3, 1]),
        (f"{ALL}?Search=NUMBER%22:%202", [2]),
        (f"{ALL}?Search=%25", []),
        (f"{ALL}?Search=", [3, 2, 1]),
        (f"{MESSAGES}?Search=number&State=held", [1]),
    ],
)
def test_lists_are_narrowed(eventful: Site, path: str, expected: list[int]) -> None:
    """By call, direction and state, newest first; a call that is over is no exception."""
    found = sids(eventful.ask("GET", path))
    assert sorted(found) == sorted(uplink(number).sid for number in expected)


def test_the_next_page_keeps_the_filters(eventful: Site) -> None:
    """Following the URIs leads through the whole list."""
    page = eventful.ask("GET", f"{ALL}.json?State=held&PageSize=1").json
    rest = eventful.ask("GET", page["next_page_uri"]).json
    found = [one["sid"] for one in page["user_defined_messages"] + rest["user_defined_messages"]]
    assert sorted(found) == [uplink(1).sid, uplink(3).sid]
    assert rest["next_page_uri"] is None


@pytest.mark.parametrize(
    "path",
    [
        f"{MESSAGES}?Direction=up",
        f"{MESSAGES}?State=gone",
        f"{ALL}?CallSid=CA1",
        f"{ALL}?State=held&State=sent",
        f"{ALL}?Search={'a' * 201}",
    ],
)
def test_a_filter_that_says_nothing_is_refused(standing: Site, path: str) -> None:
    """Rather than a list that is not what was meant."""
    answer = standing.ask("GET", path)
    assert (answer.status, answer.json["code"]) == (400, 20001)


@pytest.mark.parametrize(
    "path",
    [
        f"{BASE}/Calls/{THEIRS}/UserDefinedMessages",
        f"{BASE}/Calls/{THEIRS}/UserDefinedMessages/{uplink(4).sid}",
        f"{MESSAGES}/{uplink(3).sid}",
        f"{MESSAGES}/KX1.json",
        f"{ALL}/{uplink(1).sid}",
    ],
)
def test_what_is_not_there_is_not_found(eventful: Site, path: str) -> None:
    """Another account's, another call's, and what is no SID look the same."""
    answer = eventful.ask("GET", path)
    assert (answer.status, answer.json["code"]) == (404, 20404)


def test_every_attempt_is_shown(site: Site) -> None:
    """Of each callback, oldest first, with what came of it."""
    entry = owed(1, state=EntryState.PENDING)
    attempts = [
        Attempt(
            lane=entry.lane,
            position=1,
            attempted_at=AT.replace(second=second),
            duration_ms=7,
            outcome=outcome,
            status=status,
            fault=fault,
        )
        for second, outcome, status, fault in (
            (1, OutcomeKind.RETRY, None, "no connection"),
            (9, OutcomeKind.DELIVERED, 200, ""),
        )
    ]
    site.commit(
        AddMessage(uplink(1)),
        AddEntry(entry),
        *(SettleEntry(entry, one) for one in attempts),
    )
    shown = site.ask("GET", f"{MESSAGES}/{uplink(1).sid}.json").json["attempts"]
    assert [(one["response_code"], one["error"]) for one in shown] == [
        (None, "no connection"),
        (200, None),
    ]
    assert {one["callback_id"] for one in shown} == {entry.token}
    assert {one["subscription_sid"] for one in shown} == {SUBSCRIPTION}
    assert {one["url"] for one in shown} == {"https://example.com/messages"}


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"StatusCallback": "example.com"}, 21205),
        ({"StatusCallback": RECEIPTS, "StatusCallbackMethod": "PUT"}, 21403),
        ({"ReplyTimeout": "0"}, 20001),
        ({"ReplyTimeout": "61"}, 20001),
        ({"ReplyTimeout": "1.5"}, 20001),
    ],
)
def test_bad_parameters_send_nothing(standing: Site, parameters: dict[str, str], code: int) -> None:
    """Each is refused under its code, and no message was accepted."""
    before = sids(standing.ask("GET", f"{MESSAGES}.json?PageSize=1000"))
    answer = standing.ask("POST", f"{MESSAGES}.json", {"Content": "1", **parameters})
    assert (answer.status, answer.json["code"]) == (400, code)
    assert sids(standing.ask("GET", f"{MESSAGES}.json?PageSize=1000")) == before


def test_a_request_is_answered_with_the_reply(site: Site) -> None:
    """What the device sent with ``inReplyTo`` comes back in the answer."""
    sent = {"Content": "1", "IdempotencyKey": "once"}
    sid = MessageSid(site.ask("POST", f"{MESSAGES}.json", sent).json["sid"])
    reply = uplink(1, in_reply_to=sid)
    site.commit(AddMessage(reply))
    answer = site.ask("POST", f"{MESSAGES}.json", {**sent, "ReplyTimeout": "30"})
    assert answer.status == 201
    assert answer.json["sid"] == sid
    assert answer.json["reply"] == {
        "sid": reply.sid,
        "content": reply.content,
        "content_type": "application/json",
        "date_created": DATE,
    }


def test_a_request_without_a_reply_says_what_became_of_the_message(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """504, and the official library finds the message's SID and state in ``details``."""

    async def give_up(_: MessageService, sent: Created, seconds: float) -> UserDefinedMessage:
        raise NoReply(MessageSid(sent.sid), MessageState.SENT, seconds)

    monkeypatch.setattr(MessageService, "reply_to", give_up)
    client: Any = site.official()
    client.api.base_url = site.url
    with pytest.raises(TwilioRestException) as refused:
        client.api.v2010.create(
            "POST",
            f"/Accounts/{ACCOUNT.sid}/Calls/{LIVE}/UserDefinedMessages.json",
            data={"Content": "1", "ReplyTimeout": 5},
        )
    (sid,) = sids(site.ask("GET", MESSAGES))
    assert (refused.value.status, refused.value.code) == (504, 20504)
    assert refused.value.details == {"sid": sid, "state": "sent"}


def test_the_door_waits_as_long_as_it_was_asked_to(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reply may take longer than any other request."""
    monkeypatch.setattr(door, "VERB_SECONDS", 0.2)

    async def be_slow(_: MessageService, sent: Created, seconds: float) -> UserDefinedMessage:
        await asyncio.sleep(0.4)  # The device takes its time.
        return uplink(1, in_reply_to=MessageSid(sent.sid))

    monkeypatch.setattr(MessageService, "reply_to", be_slow)
    answer = site.ask("POST", f"{MESSAGES}.json", {"Content": "1", "ReplyTimeout": "60"})
    assert answer.status == 201
    assert json.loads(answer.json["reply"]["content"]) == {"number": 1}
