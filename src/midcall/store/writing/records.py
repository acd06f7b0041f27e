"""Statements that keep a record as it is given, or remove it."""

from collections.abc import Iterator
from typing import Final, assert_never

from midcall.core.ports import (
    AddAcceptedRequest,
    AddBroadcast,
    AddExchange,
    AddNotification,
    AddStandingSubscription,
    AddSubscription,
    PutAccount,
    PutApiKey,
    PutApplication,
    PutPhoneNumber,
    RemoveApiKey,
    RemoveApplication,
    RemovePhoneNumber,
    RemoveStandingSubscription,
    RemoveSubscription,
)
from midcall.model.families import Family
from midcall.store import rows, schema
from midcall.store.writing.building import Step, add, put, remove
from midcall.store.writing.removing import STAY_REMOVED

PUT_ACCOUNT: Final = put(schema.accounts)
PUT_API_KEY: Final = put(schema.api_keys)
REMOVE_API_KEY: Final = remove(schema.api_keys)
PUT_APPLICATION: Final = put(schema.applications)
REMOVE_APPLICATION: Final = remove(schema.applications)
PUT_PHONE_NUMBER: Final = put(schema.phone_numbers)
REMOVE_PHONE_NUMBER: Final = remove(schema.phone_numbers)
PUT_FAMILY: Final = put(schema.families)
# What was said in a call stays removed when the call is kept again.
PUT_CALL: Final = put(schema.calls, "cleared")
ADD_SUBSCRIPTION: Final = add(schema.subscriptions)
REMOVE_SUBSCRIPTION: Final = remove(schema.subscriptions)
ADD_STANDING_SUBSCRIPTION: Final = add(schema.standing_subscriptions)
REMOVE_STANDING_SUBSCRIPTION: Final = remove(schema.standing_subscriptions)
ADD_BROADCAST: Final = add(schema.broadcasts)
ADD_ACCEPTED_REQUEST: Final = add(schema.accepted_requests)
ADD_NOTIFICATION: Final = add(schema.notifications)
ADD_EXCHANGE: Final = add(schema.exchanges)

_Put = PutAccount | PutApiKey | PutApplication | PutPhoneNumber
_AddToMessages = AddSubscription | AddStandingSubscription | AddBroadcast | AddAcceptedRequest
_AddToDebugger = AddExchange | AddNotification
_Remove = (
    RemoveApiKey
    | RemoveApplication
    | RemovePhoneNumber
    | RemoveSubscription
    | RemoveStandingSubscription
)


def family_steps(family: Family) -> Iterator[Step]:
    """Yield what keeps a family and the calls of its legs."""
    yield Step(PUT_FAMILY, rows.family_row(family))
    for leg in family.legs.values():
        yield Step(PUT_CALL, rows.CALL.row(leg.call))
    yield Step(STAY_REMOVED, {"family_sid": family.sid})


def record_step(change: _Put | _AddToMessages | _AddToDebugger | _Remove) -> Step:
    """Return what keeps a record, or removes it."""
    match change:
        case AddSubscription() | AddStandingSubscription() | AddBroadcast() | AddAcceptedRequest():
            return _add_to_messages(change)
        case AddExchange(exchange):
            return Step(ADD_EXCHANGE, rows.EXCHANGE.row(exchange))
        case AddNotification(notification):
            return Step(ADD_NOTIFICATION, rows.NOTIFICATION.row(notification))
        case PutAccount() | PutApiKey() | PutApplication() | PutPhoneNumber():
            return _put(change)
        case _:
            return _remove(change)


def _add_to_messages(change: _AddToMessages) -> Step:
    match change:
        case AddSubscription(subscription):
            return Step(ADD_SUBSCRIPTION, rows.SUBSCRIPTION.row(subscription))
        case AddStandingSubscription(standing):
            return Step(ADD_STANDING_SUBSCRIPTION, rows.STANDING_SUBSCRIPTION.row(standing))
        case AddBroadcast(broadcast):
            return Step(ADD_BROADCAST, rows.BROADCAST.row(broadcast))
        case AddAcceptedRequest(request):
            return Step(ADD_ACCEPTED_REQUEST, rows.ACCEPTED_REQUEST.row(request))
        case _:
            assert_never(change)


def _put(change: _Put) -> Step:
    match change:
        case PutAccount(account):
            return Step(PUT_ACCOUNT, rows.ACCOUNT.row(account))
        case PutApiKey(key):
            return Step(PUT_API_KEY, rows.API_KEY.row(key))
        case PutApplication(application):
            return Step(PUT_APPLICATION, rows.APPLICATION.row(application))
        case PutPhoneNumber(number):
            return Step(PUT_PHONE_NUMBER, rows.PHONE_NUMBER.row(number))
        case _:
            assert_never(change)


def _remove(change: _Remove) -> Step:
    match change:
        case RemoveApiKey(sid):
            return Step(REMOVE_API_KEY, {"sid": sid})
        case RemoveApplication(sid):
            return Step(REMOVE_APPLICATION, {"sid": sid})
        case RemovePhoneNumber(sid):
            return Step(REMOVE_PHONE_NUMBER, {"sid": sid})
        case RemoveSubscription(sid):
            return Step(REMOVE_SUBSCRIPTION, {"sid": sid})
        case RemoveStandingSubscription(sid):
            return Step(REMOVE_STANDING_SUBSCRIPTION, {"sid": sid})
        case _:
            assert_never(change)
