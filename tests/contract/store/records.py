"""Records to put into stores: valid ones, of which a test names only what it is about."""

from datetime import UTC, datetime, timedelta

import msgspec

from midcall.core.ports import MarkMessage
from midcall.model.accounts import Account, AccountStatus, ApiKey, Application
from midcall.model.calls import Call, CallDirection, CallEvent, CallStatus, StatusCallback
from midcall.model.endpoints import Endpoint, Method
from midcall.model.exchanges import Exchange
from midcall.model.families import Device, DeviceId, Family, Leg, Origin, Program, SessionId
from midcall.model.messages import (
    JSON_CONTENT_TYPE,
    AcceptedRequest,
    Broadcast,
    Direction,
    MessageState,
    StandingSubscription,
    Subscription,
    UserDefinedMessage,
)
from midcall.model.notifications import Level, Notification
from midcall.model.numbers import PhoneNumber
from midcall.model.outbox import (
    Attempt,
    Entry,
    EntryKind,
    EntryState,
    OutcomeKind,
    receipt_lane,
)
from midcall.model.sids import (
    AccountSid,
    ApplicationSid,
    CallSid,
    KeySid,
    MessageSid,
    NotificationSid,
    PhoneNumberSid,
    SubscriptionSid,
)
from midcall.model.traces import Trace, TraceKind
from midcall.model.twiml import Parameter

NOW = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)
ACCOUNT = AccountSid("AC" + "0" * 32)
OTHER_ACCOUNT = AccountSid("AC" + "f" * 32)
CALL = CallSid("CA" + "0" * 32)
OTHER_CALL = CallSid("CA" + "f" * 32)
URL = "https://example.com/callback?a=1#rc=2"


def after(seconds: float) -> datetime:
    """Return the moment so many seconds after ``NOW``."""
    return NOW + timedelta(seconds=seconds)


def given(filters: object) -> str:
    """Name a filter in a test's name by what it is narrowed to."""
    if not isinstance(filters, msgspec.Struct):
        return str(filters)
    return " ".join(
        f"{name}={(value - NOW).total_seconds() if isinstance(value, datetime) else value}"
        for name, value in msgspec.structs.asdict(filters).items()
        if value is not None
    )


def account(
    sid: AccountSid = ACCOUNT,
    friendly_name: str = "Ours",
    *,
    owner: AccountSid | None = None,
    status: AccountStatus = AccountStatus.ACTIVE,
) -> Account:
    """Make an account."""
    return Account(
        sid=sid,
        auth_token="token",
        friendly_name=friendly_name,
        created_at=NOW,
        updated_at=NOW,
        owner_sid=owner,
        status=status,
    )


def api_key(number: int, *, owner: AccountSid = ACCOUNT, age: float = 0) -> ApiKey:
    """Make an API key, so many seconds old."""
    return ApiKey(
        sid=KeySid(f"SK{number:032x}"),
        account_sid=owner,
        secret="secret",
        friendly_name=f"Key {number}",
        created_at=after(-age),
        updated_at=NOW,
    )


def application(
    number: int, *, owner: AccountSid = ACCOUNT, friendly_name: str = "", age: float = 0
) -> Application:
    """Make an application, so many seconds old."""
    return Application(
        sid=ApplicationSid(f"AP{number:032x}"),
        account_sid=owner,
        friendly_name=friendly_name,
        created_at=after(-age),
        updated_at=NOW,
        voice_url=URL,
        voice_method=Method.GET,
        voice_caller_id_lookup=True,
    )


def phone_number(
    number: int, *, owner: AccountSid = ACCOUNT, friendly_name: str = "", age: float = 0
) -> PhoneNumber:
    """Make a phone number, so many seconds old."""
    return PhoneNumber(
        sid=PhoneNumberSid(f"PN{number:032x}"),
        account_sid=owner,
        number=f"+1500555{number:04}",
        friendly_name=friendly_name,
        created_at=after(-age),
        updated_at=NOW,
        voice_url=URL,
        voice_method=Method.GET,
        voice_application_sid=ApplicationSid(f"AP{number:032x}"),
        voice_twiml="<Response/>",
        voice_caller_id_lookup=True,
        stir_status="TN-Validation-Passed-A",
    )


def call_sid(number: int) -> CallSid:
    """Return the SID of ``call(number)``."""
    return CallSid(f"CA{number:032x}")


def call(
    number: int,
    *,
    owner: AccountSid = ACCOUNT,
    status: CallStatus = CallStatus.IN_PROGRESS,
    parent: CallSid | None = None,
    from_address: str = "client:alice",
    to_address: str = "client:bob",
    age: float = 0,
    ended_at: datetime | None = None,
) -> Call:
    """Make a call, so many seconds old."""
    return Call(
        sid=call_sid(number),
        account_sid=owner,
        from_address=from_address,
        to_address=to_address,
        direction=CallDirection.OUTBOUND_DIAL if parent else CallDirection.INBOUND,
        status=status,
        created_at=after(-age),
        updated_at=NOW,
        parent_call_sid=parent,
        phone_number_sid=PhoneNumberSid(f"PN{number:032x}"),
        stir_status="TN-Validation-Passed-B",
        answered_at=NOW if status is CallStatus.IN_PROGRESS else None,
        ended_at=ended_at,
    )


def family(*calls: Call) -> Family:
    """Make a family of which the first call is the parent."""
    return Family(
        sid=calls[0].sid,
        account_sid=calls[0].account_sid,
        legs={one.sid: Leg(call=one, identity="alice") for one in calls},
        timers={"dial": after(30)},
    )


def full_family(program: Program) -> Family:
    """Make a family in which everything that may be there is there."""
    callback = StatusCallback(
        endpoint=Endpoint(URL, Method.GET), events=frozenset(CallEvent), told=2
    )
    device = Device(
        id=DeviceId("device"),
        session=SessionId("session"),
        reconnect_token="token",
        fingerprint="AB:CD",
        detached_at=after(1),
    )
    leg = Leg(
        call=call(1),
        identity="alïce",
        devices=(device,),
        parameters=(Parameter("a b", "1"), Parameter("a b", "2")),
        status_callback=callback,
        time_limit_seconds=60,
        program=program,
    )
    line = Leg(
        call=call(2, parent=leg.sid),
        number="+15005550006",
        trunk=call_sid(3),
        send_digits="1w2",
        whisper=Origin(endpoint=Endpoint(URL), fallback=Endpoint(URL), template=True),
    )
    return Family(
        sid=leg.sid,
        account_sid=ACCOUNT,
        legs={leg.sid: leg, line.sid: line},
        timers={"dial": after(30), "limit": after(14_400)},
    )


def message_sid(number: int) -> MessageSid:
    """Return the SID of ``message(number)``."""
    return MessageSid(f"KX{number:032x}")


def message(
    position: int,
    *,
    of: CallSid = CALL,
    direction: Direction = Direction.DOWNLINK,
    number: int | None = None,
    state: MessageState = MessageState.ACCEPTED,
    owner: AccountSid = ACCOUNT,
    answers: MessageSid | None = None,
) -> UserDefinedMessage:
    """Make a message; its number is its position unless told otherwise."""
    return UserDefinedMessage(
        sid=message_sid(position if number is None else number),
        account_sid=owner,
        call_sid=of,
        direction=direction,
        position=position,
        content='{"text":"Grüße \\u0000 \U0001f600"}',
        content_type=JSON_CONTENT_TYPE,
        created_at=after(position),
        state=state,
        in_reply_to=answers,
    )


def with_receipt(message: UserDefinedMessage) -> tuple[UserDefinedMessage, Entry]:
    """Make a message of which a receipt is wanted, and the receipt that waits for it."""
    callback = Endpoint(URL, Method.GET)
    wanted = msgspec.structs.replace(message, status_callback=callback)
    receipt = Entry(
        lane=receipt_lane(message.call_sid, message.sid),
        position=0,
        kind=EntryKind.RECEIPT,
        account_sid=message.account_sid,
        call_sid=message.call_sid,
        endpoint=callback,
        parameters={},
        token=f"receipt-{message.sid}",
        created_at=message.created_at,
        due_at=message.created_at,
        message_sid=message.sid,
        state=EntryState.WAITING,
    )
    return wanted, receipt


def mark(position: int, state: MessageState, *, at: float, of: CallSid = CALL) -> MarkMessage:
    """Make the mark, so many seconds after ``NOW``, of the message ``message(position)``."""
    return MarkMessage(of, message_sid(position), state, after(at))


def exchange(
    number: int, *, of: CallSid = CALL, age: float = 0, response_code: int | None = 200
) -> Exchange:
    """Make an exchange, so many seconds old, that took ``number`` milliseconds."""
    return Exchange(
        account_sid=ACCOUNT,
        call_sid=of,
        requested_at=after(-age),
        method="POST",
        url=URL,
        parameters={"To": "client:böb", "": ""},
        duration_ms=number,
        response_code=response_code,
        content_type="text/xml" if response_code else "",
        response_body="<Response/>" if response_code else "",
    )


def trace(number: int, *, of: CallSid = CALL, owner: AccountSid = ACCOUNT, age: float = 0) -> Trace:
    """Make a trace, so many seconds old."""
    return Trace(
        account_sid=owner,
        call_sid=of,
        at=after(-age),
        kind=TraceKind.VERB,
        name="Say",
        details={"number": str(number), "text": "Grüße"},
    )


def subscription(number: int, *, of: CallSid = CALL, replay: bool = False) -> Subscription:
    """Make a subscription of a leg."""
    return Subscription(
        sid=SubscriptionSid(f"ZY{number:032x}"),
        account_sid=ACCOUNT,
        call_sid=of,
        callback=Endpoint(URL, Method.GET),
        created_at=NOW,
        replay=replay,
    )


def standing_subscription(
    number: int,
    *,
    owner: AccountSid = ACCOUNT,
    application_sid: ApplicationSid | None = None,
    identity: str | None = None,
    direction: Direction | None = Direction.UPLINK,
) -> StandingSubscription:
    """Make a subscription to an account's messages."""
    return StandingSubscription(
        sid=SubscriptionSid(f"ZY{number:032x}"),
        account_sid=owner,
        callback=Endpoint(URL, Method.GET),
        created_at=NOW,
        application_sid=application_sid,
        identity=identity,
        direction=direction,
    )


def broadcast(key: str = "key", *, owner: AccountSid = ACCOUNT, age: float = 0) -> Broadcast:
    """Make a message to two legs, so many seconds old."""
    return Broadcast(
        account_sid=owner,
        key=key,
        fingerprint="one",
        call_sids=(call_sid(2), call_sid(1)),
        created_at=after(-age),
    )


def accepted_request(
    key: str = "key", fingerprint: str = "one", *, of: CallSid = CALL, age: float = 0
) -> AcceptedRequest:
    """Make a request that was answered under an idempotency key, so many seconds old."""
    return AcceptedRequest(
        account_sid=ACCOUNT,
        call_sid=of,
        resource="UserDefinedMessages",
        key=key,
        fingerprint=fingerprint,
        sid=message_sid(1),
        created_at=after(-age),
    )


def entry(
    lane: str,
    position: int,
    *,
    of: CallSid = CALL,
    due_in: float = 0,
    state: EntryState = EntryState.PENDING,
    attempts: int = 0,
    carries: MessageSid | None = None,
    owner: AccountSid = ACCOUNT,
    age: float = 0,
) -> Entry:
    """Make an outbox entry, so many seconds old and due so many seconds after ``NOW``."""
    return Entry(
        lane=lane,
        position=position,
        kind=EntryKind.USER_DEFINED_MESSAGE if carries else EntryKind.STATUS_CALLBACK,
        account_sid=owner,
        call_sid=of,
        endpoint=Endpoint(URL),
        parameters={"Content": '{"a":1}', "Sid": "KX", "": ""},
        token=f"{lane}-{position}",
        created_at=after(-age),
        due_at=after(due_in),
        message_sid=carries,
        attempts=attempts,
        state=state,
    )


def attempt(on: Entry, *, status: int | None = 204, fault: str = "") -> Attempt:
    """Make an attempt on an entry."""
    return Attempt(
        lane=on.lane,
        position=on.position,
        attempted_at=NOW,
        duration_ms=12,
        outcome=OutcomeKind.DELIVERED if status == 204 else OutcomeKind.RETRY,
        status=status,
        fault=fault,
    )


def notification(
    number: int, *, of: CallSid | None = CALL, level: Level = Level.WARNING, age: float = 0
) -> Notification:
    """Make a notification, so many seconds old."""
    return Notification(
        sid=NotificationSid(f"NO{number:032x}"),
        account_sid=ACCOUNT,
        call_sid=of,
        code=32711,
        level=level,
        text="The callback answered 500",
        created_at=after(-age),
        request_url=URL,
        request_method="POST",
        request_variables="To=client%3Ab%C3%B6b",
        response_headers="Content-Type=text%2Fplain",
        response_body="Grüße",
    )
