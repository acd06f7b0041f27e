"""Resources: field for field what the official libraries read."""

import json
from datetime import UTC, datetime

import msgspec
import pytest

from midcall.model.accounts import Account, AccountStatus, ApiKey, Application
from midcall.model.calls import Call, CallDirection, CallStatus
from midcall.model.endpoints import Method
from midcall.model.messages import Created
from midcall.model.sids import AccountSid, ApplicationSid, CallSid, KeySid
from midcall.wire import resources
from midcall.wire.listings import Page, listing, meta_listing
from midcall.wire.resources import Resource

ACCOUNT_SID = AccountSid("AC" + "a" * 32)
CALL_SID = CallSid("CA" + "b" * 32)
PARENT_SID = CallSid("CA" + "c" * 32)
AT = datetime(2019, 12, 18, 20, 2, 1, tzinfo=UTC)
DATE = "Wed, 18 Dec 2019 20:02:01 +0000"
BASE = f"/2010-04-01/Accounts/{ACCOUNT_SID}"

ACCOUNT = Account(
    sid=ACCOUNT_SID, auth_token="t" * 32, friendly_name="Desk", created_at=AT, updated_at=AT
)
KEY = ApiKey(
    sid=KeySid("SK" + "d" * 32),
    account_sid=ACCOUNT_SID,
    secret="s" * 32,
    friendly_name="Phones",
    created_at=AT,
    updated_at=AT,
)
APPLICATION = Application(
    sid=ApplicationSid("AP" + "e" * 32),
    account_sid=ACCOUNT_SID,
    friendly_name="Desk",
    created_at=AT,
    updated_at=AT,
    voice_url="https://example.com/voice",
    voice_method=Method.GET,
    voice_twiml="<Response/>",
)
CALL = Call(
    sid=CALL_SID,
    account_sid=ACCOUNT_SID,
    from_address="client:amy",
    to_address="client:bob",
    direction=CallDirection.OUTBOUND_DIAL,
    status=CallStatus.COMPLETED,
    created_at=AT,
    updated_at=AT.replace(second=31),
    parent_call_sid=PARENT_SID,
    answered_at=AT.replace(second=11),
    ended_at=AT.replace(second=31),
)

# The properties in the original's public API description, resource by resource.
FIELDS = {
    "user_defined_message": "account_sid call_sid sid date_created",
    "user_defined_message_subscription": "account_sid call_sid sid date_created uri",
    "call": (
        "sid date_created date_updated parent_call_sid account_sid to to_formatted from "
        "from_formatted phone_number_sid status start_time end_time duration price price_unit "
        "direction answered_by api_version forwarded_from group_sid caller_name queue_time "
        "trunk_sid uri subresource_uris"
    ),
    "application": (
        "account_sid api_version date_created date_updated friendly_name message_status_callback "
        "sid sms_fallback_method sms_fallback_url sms_method sms_status_callback sms_url "
        "status_callback status_callback_method uri voice_caller_id_lookup voice_fallback_method "
        "voice_fallback_url voice_method voice_url public_application_connect_enabled "
        # midcall's own
        "voice_twiml"
    ),
    "key": "sid friendly_name date_created date_updated",
    "new_key": "sid friendly_name date_created date_updated secret",
    "account": (
        "auth_token date_created date_updated friendly_name owner_account_sid sid status "
        "subresource_uris type uri"
    ),
}


def shown(resource: object) -> dict[str, object]:
    """Return a resource as a client reads it."""
    read: dict[str, object] = json.loads(msgspec.json.encode(resource))
    return read


def created(sid: str) -> Created:
    """Return the answer to a create."""
    return Created(account_sid=ACCOUNT_SID, call_sid=CALL_SID, sid=sid, created_at=AT)


@pytest.mark.parametrize(
    ("name", "resource"),
    [
        ("user_defined_message", resources.user_defined_message(created("KX" + "1" * 32))),
        ("user_defined_message_subscription", resources.subscription(created("ZY" + "1" * 32))),
        ("call", resources.call(CALL)),
        ("application", resources.application(APPLICATION)),
        ("key", resources.key(KEY)),
        ("new_key", resources.new_key(KEY)),
        ("account", resources.account(ACCOUNT)),
    ],
)
def test_a_resource_has_the_documented_fields_in_their_order(name: str, resource: Resource) -> None:
    """No field is missing, none is added, and dates have the one form that all libraries read."""
    read = shown(resource)
    assert list(read) == FIELDS[name].split()
    assert read["date_created"] == DATE


def test_a_message_is_shown_as_on_its_page() -> None:
    """The answer is the one of the UserDefinedMessage resource page."""
    sid = "KX" + "1" * 32
    assert shown(resources.user_defined_message(created(sid))) == {
        "account_sid": ACCOUNT_SID,
        "call_sid": CALL_SID,
        "sid": sid,
        "date_created": DATE,
    }


def test_a_subscription_says_where_it_is() -> None:
    """Its ``uri`` is the path at which it can be deleted."""
    sid = "ZY" + "1" * 32
    uri = shown(resources.subscription(created(sid)))["uri"]
    assert uri == f"{BASE}/Calls/{CALL_SID}/UserDefinedMessageSubscriptions/{sid}.json"


def test_a_call_that_is_over_has_an_end_and_a_duration() -> None:
    """From ``start_time`` to ``end_time`` is the duration, in seconds, in a string."""
    read = shown(resources.call(CALL))
    assert (read["start_time"], read["end_time"]) == (
        "Wed, 18 Dec 2019 20:02:11 +0000",
        "Wed, 18 Dec 2019 20:02:31 +0000",
    )
    assert read["duration"] == "20"
    assert read["parent_call_sid"] == PARENT_SID
    assert (read["from"], read["to"]) == ("client:amy", "client:bob")
    assert (read["status"], read["direction"]) == ("completed", "outbound-dial")
    assert read["uri"] == f"{BASE}/Calls/{CALL_SID}.json"


@pytest.mark.parametrize(
    ("status", "start"),
    [(CallStatus.QUEUED, None), (CallStatus.RINGING, DATE), (CallStatus.IN_PROGRESS, DATE)],
)
def test_a_call_that_is_not_over_has_no_end(status: CallStatus, start: str | None) -> None:
    """A call that waits has not started; one that goes on has no end and no duration."""
    answered = AT if status is CallStatus.IN_PROGRESS else None
    call = msgspec.structs.replace(CALL, status=status, answered_at=answered, ended_at=None)
    read = shown(resources.call(call))
    assert (read["start_time"], read["end_time"], read["duration"]) == (start, None, None)


def test_a_call_leads_to_what_belongs_to_it() -> None:
    """``subresource_uris`` has the documented names."""
    uris = shown(resources.call(CALL))["subresource_uris"]
    assert isinstance(uris, dict)
    assert set(uris) == set(
        "notifications recordings payments events siprec streams transcriptions "
        "user_defined_message_subscriptions user_defined_messages".split()
    )
    assert uris["user_defined_messages"] == f"{BASE}/Calls/{CALL_SID}/UserDefinedMessages.json"


def test_urls_that_are_not_set_are_null() -> None:
    """An application shows what was given, and ``null`` for what was not."""
    read = shown(resources.application(APPLICATION))
    assert (read["voice_url"], read["voice_method"]) == ("https://example.com/voice", "GET")
    assert (read["status_callback"], read["status_callback_method"]) == (None, "POST")
    assert read["voice_twiml"] == "<Response/>"


def test_a_secret_is_shown_once() -> None:
    """The secret is in the answer to the creation and in no other."""
    assert shown(resources.new_key(KEY))["secret"] == "s" * 32
    assert "s" * 32 not in json.dumps(shown(resources.key(KEY)))


def test_an_account_shows_its_token() -> None:
    """The account resource has the token, as the original's has."""
    read = shown(resources.account(ACCOUNT))
    assert (read["auth_token"], read["status"], read["type"]) == ("t" * 32, "active", "Full")
    assert read["owner_account_sid"] == ACCOUNT_SID


def test_a_sub_account_shows_its_owner() -> None:
    """An account that nobody owns names itself, as in the original."""
    owner = AccountSid("AC" + "f" * 32)
    sub = msgspec.structs.replace(ACCOUNT, owner_sid=owner, status=AccountStatus.SUSPENDED)
    read = shown(resources.account(sub))
    assert (read["owner_account_sid"], read["status"]) == (owner, "suspended")


# What the Python library accepts in an envelope beside the list itself.
ENVELOPE = set(
    "end first_page_uri next_page_uri last_page_uri page page_size previous_page_uri total "
    "num_pages start uri".split()
)


@pytest.mark.parametrize(
    ("number", "length", "more", "expected"),
    [
        (0, 2, False, {"start": 0, "end": 1, "next": None, "previous": None}),
        (0, 2, True, {"start": 0, "end": 1, "next": 1, "previous": None}),
        (3, 1, False, {"start": 6, "end": 6, "next": None, "previous": 2}),
        (0, 0, False, {"start": 0, "end": 0, "next": None, "previous": None}),
    ],
)
def test_a_page_says_where_it_is_and_leads_on(
    number: int, length: int, more: bool, expected: dict[str, int | None]
) -> None:
    """An envelope has exactly one list, the documented keys, and URIs that keep the filters."""
    path = f"{BASE}/Calls.json"
    page = Page(number=number, size=2, filters=(("To", "client:bob & co"),))
    items = [resources.call(CALL)] * length
    read = shown(listing("calls", path, items, page, more=more))

    def uri(at: int | None) -> str | None:
        query = f"To=client%3Abob+%26+co&PageSize=2&Page={at}"
        return None if at is None else f"{path}?{query}"

    assert set(read) - ENVELOPE == {"calls"}
    assert read == {
        "calls": [shown(item) for item in items],
        "end": expected["end"],
        "first_page_uri": uri(0),
        "next_page_uri": uri(expected["next"]),
        "page": number,
        "page_size": 2,
        "previous_page_uri": uri(expected["previous"]),
        "start": expected["start"],
        "uri": uri(number),
    }


def test_a_page_of_the_newer_apis_has_whole_urls() -> None:
    """``meta`` names where the items are and leads on by URLs."""
    url = "https://monitor.example.com/v1/Alerts"
    page = Page(number=1, size=2, filters=(("LogLevel", "error"),))
    read = shown(meta_listing("alerts", url, [], page, more=True))

    def at(number: int) -> str:
        return f"{url}?LogLevel=error&PageSize=2&Page={number}"

    assert read == {
        "alerts": [],
        "meta": {
            "first_page_url": at(0),
            "key": "alerts",
            "next_page_url": at(2),
            "page": 1,
            "page_size": 2,
            "previous_page_url": at(0),
            "url": at(1),
        },
    }
