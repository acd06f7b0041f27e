"""What midcall shows of messages beyond the original: states, subscriptions, callbacks."""

import json
from datetime import UTC, datetime

import msgspec
import pytest
from msgspec.structs import replace

from midcall.model.calls import CallStatus
from midcall.model.endpoints import Endpoint, Method
from midcall.model.errors import CallNotActive
from midcall.model.messages import (
    Created,
    Direction,
    MessageState,
    StandingSubscription,
    Subscription,
    UserDefinedMessage,
)
from midcall.model.outbox import (
    Attempt,
    Entry,
    EntryKind,
    EntryState,
    OutcomeKind,
    receipt_lane,
    subscription_lane,
)
from midcall.model.sids import (
    AccountSid,
    ApplicationSid,
    CallSid,
    MessageSid,
    SubscriptionSid,
)
from midcall.wire import callback_resources
from midcall.wire import message_resources as resources

ACCOUNT = AccountSid("AC" + "a" * 32)
CALL = CallSid("CA" + "b" * 32)
SID = MessageSid("KX" + "c" * 32)
ASKED = MessageSid("KX" + "d" * 32)
SUBSCRIPTION = SubscriptionSid("ZY" + "e" * 32)
TOKEN = "01234567-89ab-4cde-8f01-23456789abcd"
AT = datetime(2019, 12, 18, 20, 2, 1, tzinfo=UTC)
DATE = "Wed, 18 Dec 2019 20:02:01 +0000"
LATER = "Wed, 18 Dec 2019 20:02:09 +0000"
BASE = f"/2010-04-01/Accounts/{ACCOUNT}"
SECRET_URL = "https://amy:secret@example.com/a?b=c#rc=2"
SHOWN_URL = "https://example.com/a?b=c"

MESSAGE = UserDefinedMessage(
    sid=SID,
    account_sid=ACCOUNT,
    call_sid=CALL,
    direction=Direction.UPLINK,
    position=3,
    content='{"a":1}',
    content_type="application/json",
    created_at=AT,
    state=MessageState.DELIVERED,
    settled_at=AT.replace(second=9),
    in_reply_to=ASKED,
)
ENTRY = Entry(
    lane=subscription_lane(SUBSCRIPTION, CALL),
    position=3,
    kind=EntryKind.USER_DEFINED_MESSAGE,
    account_sid=ACCOUNT,
    call_sid=CALL,
    endpoint=Endpoint(SECRET_URL, Method.GET),
    parameters={"Content": "{}"},
    token=TOKEN,
    created_at=AT,
    due_at=AT.replace(second=9),
    message_sid=SID,
    attempts=2,
)
ATTEMPT = Attempt(
    lane=ENTRY.lane,
    position=3,
    attempted_at=AT,
    duration_ms=12,
    outcome=OutcomeKind.RETRY,
    fault="the connection was refused",
)
CREATED = Created(account_sid=ACCOUNT, call_sid=CALL, sid=SID, created_at=AT)


def shown(resource: object) -> dict[str, object]:
    """Return a resource as a client reads it."""
    read: dict[str, object] = json.loads(msgspec.json.encode(resource))
    return read


def test_a_message_shows_how_far_it_has_come() -> None:
    """Every time and count is there, ``null`` where it did not come to it."""
    assert shown(resources.listed_message(MESSAGE)) == {
        "account_sid": ACCOUNT,
        "call_sid": CALL,
        "sid": SID,
        "direction": "uplink",
        "state": "delivered",
        "content": '{"a":1}',
        "content_type": "application/json",
        "sequence_number": 3,
        "sends": 0,
        "date_created": DATE,
        "date_held": None,
        "date_sent": None,
        "date_settled": LATER,
        "status_callback": None,
        "in_reply_to": ASKED,
        "uri": f"{BASE}/Calls/{CALL}/UserDefinedMessages/{SID}.json",
    }


def test_a_message_alone_shows_every_attempt() -> None:
    """Each names its callback and subscription, and what came of it; no password is shown."""
    read = shown(resources.whole_message(MESSAGE, [(ENTRY, ATTEMPT)]))
    assert read["attempts"] == [
        {
            "callback_id": TOKEN,
            "subscription_sid": SUBSCRIPTION,
            "kind": "user-defined-message",
            "url": SHOWN_URL,
            "date": DATE,
            "duration_ms": 12,
            "outcome": "retry",
            "response_code": None,
            "error": "the connection was refused",
        }
    ]
    assert "secret" not in json.dumps(read)


def test_a_status_callback_is_shown_without_its_password() -> None:
    """Whoever may read messages need not know how the application's server is entered."""
    message = replace(MESSAGE, status_callback=Endpoint(SECRET_URL))
    assert shown(resources.listed_message(message))["status_callback"] == SHOWN_URL


def test_the_answer_to_a_create_has_a_reply_only_if_there_is_one() -> None:
    """Without one it has the four documented fields and no other."""
    fields = ["account_sid", "call_sid", "sid", "date_created"]
    assert list(shown(resources.created_message(CREATED))) == fields
    read = shown(resources.created_message(CREATED, MESSAGE))
    assert list(read) == [*fields, "reply"]
    assert read["reply"] == {
        "sid": SID,
        "content": '{"a":1}',
        "content_type": "application/json",
        "date_created": DATE,
    }


def test_a_subscription_shows_where_it_leads() -> None:
    """The documented fields come first."""
    subscription = Subscription(
        sid=SUBSCRIPTION,
        account_sid=ACCOUNT,
        call_sid=CALL,
        callback=Endpoint(SECRET_URL),
        created_at=AT,
        replay=True,
    )
    assert shown(resources.whole_subscription(subscription)) == {
        "account_sid": ACCOUNT,
        "call_sid": CALL,
        "sid": SUBSCRIPTION,
        "date_created": DATE,
        "uri": f"{BASE}/Calls/{CALL}/UserDefinedMessageSubscriptions/{SUBSCRIPTION}.json",
        "callback": SHOWN_URL,
        "method": "POST",
        "replay": True,
    }


@pytest.mark.parametrize(
    ("direction", "shown_as"),
    [(Direction.UPLINK, "uplink"), (Direction.DOWNLINK, "downlink"), (None, "both")],
)
def test_a_standing_subscription_shows_what_it_is_narrowed_to(
    direction: Direction | None, shown_as: str
) -> None:
    """What narrows nothing is ``null``, and either direction is ``both``."""
    subscription = StandingSubscription(
        sid=SUBSCRIPTION,
        account_sid=ACCOUNT,
        callback=Endpoint(SECRET_URL, Method.GET),
        created_at=AT,
        application_sid=ApplicationSid("AP" + "f" * 32),
        direction=direction,
    )
    assert shown(resources.standing_subscription(subscription)) == {
        "account_sid": ACCOUNT,
        "sid": SUBSCRIPTION,
        "date_created": DATE,
        "callback": SHOWN_URL,
        "method": "GET",
        "application_sid": "AP" + "f" * 32,
        "identity": None,
        "direction": shown_as,
        "uri": f"{BASE}/UserDefinedMessageSubscriptions/{SUBSCRIPTION}.json",
    }


def test_a_broadcast_shows_each_leg_for_itself() -> None:
    """A leg has a SID, or the status, code and sentence that a create there would answer with."""
    over = CallSid("CA" + "9" * 32)
    refused = CallNotActive(over, CallStatus.COMPLETED)
    outcomes = [(CALL, CREATED, None), (over, None, refused)]
    assert shown(resources.broadcast(ACCOUNT, AT, outcomes)) == {
        "account_sid": ACCOUNT,
        "date_created": DATE,
        "results": [
            {"call_sid": CALL, "sid": SID, "status": 201, "code": None, "message": None},
            {
                "call_sid": over,
                "sid": None,
                "status": 400,
                "code": 21220,
                "message": str(refused),
            },
        ],
    }


def test_a_callback_shows_how_it_stands() -> None:
    """It is named by its token, and leads nowhere without its password."""
    assert shown(callback_resources.callback(ENTRY)) == {
        "id": TOKEN,
        "kind": "user-defined-message",
        "state": "pending",
        "account_sid": ACCOUNT,
        "call_sid": CALL,
        "message_sid": SID,
        "subscription_sid": SUBSCRIPTION,
        "url": SHOWN_URL,
        "method": "GET",
        "attempt_count": 2,
        "date_created": DATE,
        "date_due": LATER,
        "date_redriven": None,
        "uri": f"{BASE}/Callbacks/{TOKEN}.json",
    }
    whole = shown(callback_resources.whole_callback(ENTRY, [ATTEMPT]))
    assert (
        whole["attempts"] == shown(resources.whole_message(MESSAGE, [(ENTRY, ATTEMPT)]))["attempts"]
    )


@pytest.mark.parametrize("state", [EntryState.WAITING, EntryState.DELIVERED, EntryState.DEAD])
def test_a_callback_that_is_not_to_be_sent_is_not_due(state: EntryState) -> None:
    """There is a time only where there will be an attempt."""
    entry = replace(ENTRY, state=state, redriven_at=AT)
    read = shown(callback_resources.callback(entry))
    assert (read["date_due"], read["date_redriven"]) == (None, DATE)


@pytest.mark.parametrize(
    ("kind", "lane", "expected"),
    [
        (EntryKind.USER_DEFINED_MESSAGE, subscription_lane(SUBSCRIPTION), SUBSCRIPTION),
        (EntryKind.RECEIPT, receipt_lane(CALL, SID), None),
        (EntryKind.STATUS_CALLBACK, CALL, None),
    ],
)
def test_only_messages_are_owed_to_a_subscription(
    kind: EntryKind, lane: str, expected: str | None
) -> None:
    """A receipt and a status callback belong to none."""
    entry = replace(ENTRY, kind=kind, lane=lane)
    assert shown(callback_resources.callback(entry))["subscription_sid"] == expected
