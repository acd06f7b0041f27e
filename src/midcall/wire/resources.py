"""Resources: the model's nouns as the JSON of the 2010-04-01 REST API.

A class a resource, its fields those of the original's public OpenAPI description, in its order.
What this server has no notion of (prices, trunks) is ``null``, as it may be there. ``uri``s are
paths from the host's root. The classes are also what the OpenAPI document describes answers by:
their types say everything that a client may rely on.
"""

from datetime import datetime
from typing import Final, Literal

import msgspec

from midcall.model.accounts import Account, AccountStatus, ApiKey, Application
from midcall.model.calls import API_VERSION, Call, CallDirection, CallStatus
from midcall.model.messages import Created
from midcall.model.sids import AccountSid
from midcall.wire.dates import format_rfc2822
from midcall.wire.shapes import (
    AccountSidText,
    ApplicationSidText,
    CallSidText,
    DateText,
    DigitsText,
    KeySidText,
    MessageSidText,
    MethodText,
    PathText,
    PhoneNumberSidText,
    SubscriptionSidText,
    Version,
)

_CALL_SUBRESOURCES: Final = {
    "events": "Events",
    "notifications": "Notifications",
    "payments": "Payments",
    "recordings": "Recordings",
    "siprec": "Siprec",
    "streams": "Streams",
    "transcriptions": "Transcriptions",
    "user_defined_message_subscriptions": "UserDefinedMessageSubscriptions",
    "user_defined_messages": "UserDefinedMessages",
}
"""The documented keys. Those that are not served yet answer 404, and so does a guess at them."""

_ACCOUNT_SUBRESOURCES: Final = {
    "applications": "Applications",
    "callbacks": "Callbacks",
    "calls": "Calls",
    "incoming_phone_numbers": "IncomingPhoneNumbers",
    "keys": "Keys",
    "notifications": "Notifications",
    "signing_keys": "SigningKeys",
    "user_defined_message_subscriptions": "UserDefinedMessageSubscriptions",
    "user_defined_messages": "UserDefinedMessages",
}


class Resource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A resource, as it is shown."""


class UserDefinedMessageResource(Resource, frozen=True, kw_only=True):
    """``UserDefinedMessage`` (its page: four properties, no ``uri``)."""

    account_sid: AccountSidText
    call_sid: CallSidText
    sid: MessageSidText
    date_created: DateText


class SubscriptionResource(Resource, frozen=True, kw_only=True):
    """``UserDefinedMessageSubscription``."""

    account_sid: AccountSidText
    call_sid: CallSidText
    sid: SubscriptionSidText
    date_created: DateText
    uri: PathText


class CallResource(Resource, frozen=True, kw_only=True, rename={"from_": "from"}):
    """``Call``. ``duration`` and ``queue_time`` are numbers in strings, as in the original."""

    sid: CallSidText
    date_created: DateText
    date_updated: DateText
    parent_call_sid: CallSidText | None
    account_sid: AccountSidText
    to: str
    to_formatted: str
    from_: str
    from_formatted: str
    phone_number_sid: PhoneNumberSidText | None
    status: CallStatus
    start_time: DateText | None
    end_time: DateText | None
    duration: DigitsText | None
    price: str | None = None
    price_unit: str = "USD"
    direction: CallDirection
    answered_by: str | None = None
    api_version: Version = API_VERSION
    forwarded_from: str | None = None
    group_sid: str | None = None
    caller_name: str | None = None
    queue_time: DigitsText = "0"
    trunk_sid: str | None = None
    uri: PathText
    subresource_uris: dict[str, PathText]


class ApplicationResource(Resource, frozen=True, kw_only=True):
    """``Application``, and ``voice_twiml``, which is this server's own."""

    account_sid: AccountSidText
    api_version: Version = API_VERSION
    date_created: DateText
    date_updated: DateText
    friendly_name: str
    message_status_callback: str | None
    sid: ApplicationSidText
    sms_fallback_method: MethodText
    sms_fallback_url: str | None
    sms_method: MethodText
    sms_status_callback: str | None
    sms_url: str | None
    status_callback: str | None
    status_callback_method: MethodText
    uri: PathText
    voice_caller_id_lookup: bool
    voice_fallback_method: MethodText
    voice_fallback_url: str | None
    voice_method: MethodText
    voice_url: str | None
    public_application_connect_enabled: bool
    voice_twiml: str | None


class KeyResource(Resource, frozen=True, kw_only=True):
    """``Key``."""

    sid: KeySidText
    friendly_name: str
    date_created: DateText
    date_updated: DateText


class NewKeyResource(KeyResource, frozen=True, kw_only=True):
    """``NewKey``: the only answer that shows the secret."""

    secret: str


class AccountResource(Resource, frozen=True, kw_only=True):
    """``Account``. It shows the token, as the original does."""

    auth_token: str
    date_created: DateText
    date_updated: DateText
    friendly_name: str
    owner_account_sid: AccountSidText
    sid: AccountSidText
    status: AccountStatus
    subresource_uris: dict[str, PathText]
    type: Literal["Trial", "Full"] = "Full"
    uri: PathText


def account_uri(sid: AccountSid) -> str:
    """Return the path of an account, without a suffix."""
    return f"/{API_VERSION}/Accounts/{sid}"


def user_defined_message(message: Created) -> UserDefinedMessageResource:
    """Show a message that was accepted."""
    return UserDefinedMessageResource(
        account_sid=message.account_sid,
        call_sid=message.call_sid,
        sid=message.sid,
        date_created=format_rfc2822(message.created_at),
    )


def subscription(subscription: Created) -> SubscriptionResource:
    """Show a subscription that was accepted."""
    call = f"{account_uri(subscription.account_sid)}/Calls/{subscription.call_sid}"
    return SubscriptionResource(
        account_sid=subscription.account_sid,
        call_sid=subscription.call_sid,
        sid=subscription.sid,
        date_created=format_rfc2822(subscription.created_at),
        uri=f"{call}/UserDefinedMessageSubscriptions/{subscription.sid}.json",
    )


def call(call: Call) -> CallResource:
    """Show a call."""
    base = f"{account_uri(call.account_sid)}/Calls/{call.sid}"
    duration = call.duration_seconds
    return CallResource(
        sid=call.sid,
        date_created=format_rfc2822(call.created_at),
        date_updated=format_rfc2822(call.updated_at),
        parent_call_sid=call.parent_call_sid,
        account_sid=call.account_sid,
        to=call.to_address,
        to_formatted=call.to_address,
        from_=call.from_address,
        from_formatted=call.from_address,
        phone_number_sid=call.phone_number_sid,
        status=call.status,
        start_time=_date(_started_at(call)),
        end_time=_date(call.ended_at),
        duration=None if duration is None else str(duration),
        direction=call.direction,
        uri=f"{base}.json",
        subresource_uris={key: f"{base}/{name}.json" for key, name in _CALL_SUBRESOURCES.items()},
    )


def application(application: Application) -> ApplicationResource:
    """Show an application."""
    return ApplicationResource(
        account_sid=application.account_sid,
        date_created=format_rfc2822(application.created_at),
        date_updated=format_rfc2822(application.updated_at),
        friendly_name=application.friendly_name,
        message_status_callback=application.message_status_callback or None,
        sid=application.sid,
        sms_fallback_method=application.sms_fallback_method.value,
        sms_fallback_url=application.sms_fallback_url or None,
        sms_method=application.sms_method.value,
        sms_status_callback=application.sms_status_callback or None,
        sms_url=application.sms_url or None,
        status_callback=application.status_callback or None,
        status_callback_method=application.status_callback_method.value,
        uri=f"{account_uri(application.account_sid)}/Applications/{application.sid}.json",
        voice_caller_id_lookup=application.voice_caller_id_lookup,
        voice_fallback_method=application.voice_fallback_method.value,
        voice_fallback_url=application.voice_fallback_url or None,
        voice_method=application.voice_method.value,
        voice_url=application.voice_url or None,
        public_application_connect_enabled=application.public_application_connect_enabled,
        voice_twiml=application.voice_twiml or None,
    )


def key(key: ApiKey) -> KeyResource:
    """Show an API key without its secret."""
    return KeyResource(
        sid=key.sid,
        friendly_name=key.friendly_name,
        date_created=format_rfc2822(key.created_at),
        date_updated=format_rfc2822(key.updated_at),
    )


def new_key(key: ApiKey) -> NewKeyResource:
    """Show an API key with its secret: once, as the answer to its creation."""
    return NewKeyResource(
        sid=key.sid,
        friendly_name=key.friendly_name,
        date_created=format_rfc2822(key.created_at),
        date_updated=format_rfc2822(key.updated_at),
        secret=key.secret,
    )


def account(account: Account) -> AccountResource:
    """Show an account."""
    base = account_uri(account.sid)
    return AccountResource(
        auth_token=account.auth_token,
        date_created=format_rfc2822(account.created_at),
        date_updated=format_rfc2822(account.updated_at),
        friendly_name=account.friendly_name,
        owner_account_sid=account.owner_sid or account.sid,
        sid=account.sid,
        status=account.status,
        subresource_uris={
            key: f"{base}/{name}.json" for key, name in _ACCOUNT_SUBRESOURCES.items()
        },
        uri=f"{base}.json",
    )


def _started_at(call: Call) -> datetime | None:
    """Return what ``start_time`` shows: from here to ``end_time`` is the duration.

    An unanswered call started when it was made; one that waits in a queue has not started.
    """
    if call.answered_at is not None:
        return call.answered_at
    return None if call.status is CallStatus.QUEUED else call.created_at


def _date(at: datetime | None) -> str | None:
    return None if at is None else format_rfc2822(at)
