"""Two accounts, their calls and messages, as the tests of the REST API find them."""

import base64
import json
from datetime import UTC, datetime

from midcall.model.accounts import Account, ApiKey
from midcall.model.calls import Call, CallDirection, CallStatus
from midcall.model.endpoints import Endpoint
from midcall.model.families import Family, Leg
from midcall.model.messages import Direction, MessageState, UserDefinedMessage
from midcall.model.outbox import Entry, EntryKind, EntryState, subscription_lane
from midcall.model.sids import (
    AccountSid,
    ApplicationSid,
    CallSid,
    KeySid,
    MessageSid,
    SubscriptionSid,
)

AT = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
DATE = "Mon, 04 May 2026 03:02:01 +0000"

ACCOUNT = Account(
    sid=AccountSid("AC" + "a" * 32),
    auth_token="1" * 32,
    friendly_name="Ours",
    created_at=AT,
    updated_at=AT,
)
OTHER = Account(
    sid=AccountSid("AC" + "b" * 32),
    auth_token="2" * 32,
    friendly_name="Theirs",
    created_at=AT,
    updated_at=AT,
)
KEY = ApiKey(
    sid=KeySid("SK" + "a" * 32),
    account_sid=ACCOUNT.sid,
    secret="3" * 32,
    friendly_name="Phones",
    created_at=AT,
    updated_at=AT,
)

LIVE = CallSid("CA" + "1" * 32)
"""A call in progress."""

OVER = CallSid("CA" + "2" * 32)
"""A call that has ended."""

THEIRS = CallSid("CA" + "3" * 32)
"""A call in progress of the other account."""

SUBSCRIPTION = SubscriptionSid("ZY" + "5" * 32)

BASE = f"/2010-04-01/Accounts/{ACCOUNT.sid}"


def basic(username: str, password: str) -> str:
    """Return an ``Authorization`` header."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


OWN_TOKEN = basic(ACCOUNT.sid, ACCOUNT.auth_token)
OWN_KEY = basic(KEY.sid, KEY.secret)


def uplink(
    number: int,
    call: CallSid = LIVE,
    *,
    account: AccountSid = ACCOUNT.sid,
    state: MessageState = MessageState.HELD,
    in_reply_to: MessageSid | None = None,
) -> UserDefinedMessage:
    """Return a message of a device."""
    return UserDefinedMessage(
        sid=MessageSid(f"KX{number:032x}"),
        account_sid=account,
        call_sid=call,
        direction=Direction.UPLINK,
        position=number,
        content=json.dumps({"number": number}),
        content_type="application/json",
        created_at=AT,
        state=state,
        in_reply_to=in_reply_to,
    )


def owed(
    number: int,
    *,
    call: CallSid = LIVE,
    state: EntryState = EntryState.DEAD,
    subscription: SubscriptionSid = SUBSCRIPTION,
) -> Entry:
    """Return the callback of a device's message."""
    return Entry(
        lane=subscription_lane(subscription, call),
        position=number,
        kind=EntryKind.USER_DEFINED_MESSAGE,
        account_sid=ACCOUNT.sid,
        call_sid=call,
        endpoint=Endpoint("https://amy:secret@example.com/messages"),
        parameters={},
        token=f"{number:08x}-aaaa-4aaa-8aaa-{call[2:14]}",
        created_at=AT,
        due_at=AT,
        message_sid=uplink(number).sid,
        state=state,
    )


def family(
    sid: CallSid,
    account: AccountSid,
    status: CallStatus,
    *,
    minute: int = 0,
    day: int = AT.day,
    to_address: str = "client:bob",
) -> Family:
    """Return a family of one leg."""
    at = AT.replace(day=day, minute=minute)
    call = Call(
        sid=sid,
        account_sid=account,
        from_address="client:amy",
        to_address=to_address,
        application_sid=ApplicationSid("AP" + "a" * 32),
        direction=CallDirection.INBOUND,
        status=status,
        created_at=at,
        updated_at=at,
        answered_at=at,
        ended_at=at if status.terminal else None,
    )
    return Family(
        sid=sid,
        account_sid=account,
        legs={sid: Leg(call=call, identity="amy")},
    )
