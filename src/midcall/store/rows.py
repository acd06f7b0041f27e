"""Records as rows and rows as records.

A ``Mapping`` is made from a record's type: its columns are the record's attributes under their own
names, an ``Endpoint`` takes two columns, both empty where there may be none and is none. What the
database cannot keep as it is, it keeps as

- a time: microseconds since 1970, UTC; a time without a zone is refused,
- an enumeration: its value,
- a flag: 0 or 1,
- a dictionary or a tuple of texts: JSON text.

A ``Family`` is the exception: it is kept whole, as one JSON document.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Final, Generic, NamedTuple, NewType, TypeVar, Union, get_args, get_origin

import msgspec
import sqlalchemy as sa

from midcall.model.accounts import Account, ApiKey, Application
from midcall.model.calls import Call
from midcall.model.endpoints import Endpoint, Method
from midcall.model.exchanges import Exchange
from midcall.model.families import Family
from midcall.model.messages import (
    AcceptedRequest,
    Broadcast,
    StandingSubscription,
    Subscription,
    UserDefinedMessage,
)
from midcall.model.notifications import Notification
from midcall.model.numbers import PhoneNumber
from midcall.model.outbox import Attempt, Entry
from midcall.model.traces import Trace
from midcall.store import schema

Value = str | int | bytes | None
"""What a database keeps in one field."""

Row = dict[str, Value]
"""Values by the names of their columns or parameters."""

RecordT = TypeVar("RecordT", bound=msgspec.Struct)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(at: datetime) -> int:
    """Return a time as it is kept; raise ``ValueError`` if it has no zone."""
    if at.tzinfo is None:
        raise ValueError("a time to be kept needs a zone")
    return (at - _EPOCH) // _MICROSECOND


def moment(kept: int) -> datetime:
    """Return the time, in UTC, that was kept as microseconds."""
    return _EPOCH + timedelta(microseconds=kept)


class _Codec(NamedTuple):
    """How values of one type are kept; ``None`` where the database keeps them as they are."""

    encode: Callable[[Any], Value] | None = None
    decode: Callable[[Any], Any] | None = None


_AS_IT_IS = _Codec()
_TIME = _Codec(microseconds, moment)
_FLAG = _Codec(int, bool)


def _json(kind: Any) -> _Codec:
    return _Codec(
        lambda value: msgspec.json.encode(value).decode(), msgspec.json.Decoder(kind).decode
    )


_TEXTS = _json(dict[str, str])
_LIST = _json(tuple[str, ...])


def _nullable(codec: _Codec) -> _Codec:
    encode, decode = codec
    return _Codec(
        encode and (lambda value: None if value is None else encode(value)),
        decode and (lambda kept: None if kept is None else decode(kept)),
    )


def _codec(kind: Any) -> _Codec:
    """Choose how values of a type are kept; raise ``TypeError`` if there is no way."""
    if isinstance(kind, NewType):
        return _codec(kind.__supertype__)
    if get_origin(kind) in {UnionType, Union}:
        (inner,) = (member for member in get_args(kind) if member is not NoneType)
        return _nullable(_codec(inner))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _Codec(attrgetter("value"), kind)
    if get_origin(kind) is tuple and _codec(get_args(kind)[0]) is _AS_IT_IS:
        return _LIST
    known = {str: _AS_IT_IS, int: _AS_IT_IS, bool: _FLAG, datetime: _TIME, dict[str, str]: _TEXTS}
    if kind not in known:
        raise TypeError(f"no column can keep a {kind}")
    return known[kind]


def kept(value: Any) -> Value:
    """Return a value as a database keeps it; raise ``TypeError`` if there is no way."""
    encode = _codec(type(value)).encode
    return encode(value) if encode else value


_OPTIONAL_ENDPOINT = Endpoint | None
_OPTIONAL_URL = _Codec(lambda endpoint: endpoint and endpoint.url)
_OPTIONAL_METHOD = _Codec(
    lambda endpoint: endpoint and endpoint.method.value,
    lambda kept: None if kept is None else Method(kept),
)


class _Slot(NamedTuple):
    """One column: its name, where its value is found in the record, how it is kept."""

    column: str
    path: str
    codec: _Codec


def _slots(model: type[msgspec.Struct]) -> Iterator[_Slot]:
    for field in msgspec.structs.fields(model):
        if field.type is Endpoint:
            for part in _slots(Endpoint):
                yield _Slot(f"{field.name}_{part.column}", f"{field.name}.{part.path}", part.codec)
        elif field.type == _OPTIONAL_ENDPOINT:
            yield _Slot(f"{field.name}_url", field.name, _OPTIONAL_URL)
            yield _Slot(f"{field.name}_method", field.name, _OPTIONAL_METHOD)
        else:
            yield _Slot(field.name, field.name, _codec(field.type))


class Mapping(Generic[RecordT]):
    """Between the records of one type and the rows of one table.

    ``columns`` are the table's columns in the order in which ``record`` wants their values.
    """

    def __init__(self, model: type[RecordT], table: sa.Table) -> None:
        self.model: Final = model
        self.table: Final = table
        slots = tuple(_slots(model))
        self._names = tuple(slot.column for slot in slots)
        self._read = attrgetter(*(slot.path for slot in slots))
        self._encoders = [(i, s.codec.encode) for i, s in enumerate(slots) if s.codec.encode]
        self._decoders = [(i, s.codec.decode) for i, s in enumerate(slots) if s.codec.decode]
        self._endpoints = [
            field.name
            for field in msgspec.structs.fields(model)
            if field.type in (Endpoint, _OPTIONAL_ENDPOINT)
        ]
        self.columns: Final = tuple(table.c[name] for name in self._names)

    def row(self, record: RecordT) -> Row:
        """Return a record as the values of its table's columns."""
        values: list[Value] = list(self._read(record))
        for index, encode in self._encoders:
            values[index] = encode(values[index])
        return dict(zip(self._names, values, strict=True))

    def record(self, row: Sequence[Any]) -> RecordT:
        """Return the record whose row this is: the values of ``columns``, in their order."""
        values = list(row)
        for index, decode in self._decoders:
            values[index] = decode(values[index])
        attributes = dict(zip(self._names, values, strict=True))
        for name in self._endpoints:
            url, method = attributes.pop(f"{name}_url"), attributes.pop(f"{name}_method")
            attributes[name] = None if url is None else Endpoint(url, method)
        return self.model(**attributes)


ACCOUNT: Final = Mapping(Account, schema.accounts)
API_KEY: Final = Mapping(ApiKey, schema.api_keys)
APPLICATION: Final = Mapping(Application, schema.applications)
PHONE_NUMBER: Final = Mapping(PhoneNumber, schema.phone_numbers)
CALL: Final = Mapping(Call, schema.calls)
MESSAGE: Final = Mapping(UserDefinedMessage, schema.messages)
SUBSCRIPTION: Final = Mapping(Subscription, schema.subscriptions)
STANDING_SUBSCRIPTION: Final = Mapping(StandingSubscription, schema.standing_subscriptions)
BROADCAST: Final = Mapping(Broadcast, schema.broadcasts)
ACCEPTED_REQUEST: Final = Mapping(AcceptedRequest, schema.accepted_requests)
ENTRY: Final = Mapping(Entry, schema.entries)
ATTEMPT: Final = Mapping(Attempt, schema.attempts)
NOTIFICATION: Final = Mapping(Notification, schema.notifications)
EXCHANGE: Final = Mapping(Exchange, schema.exchanges)
TRACE: Final = Mapping(Trace, schema.traces)

_FAMILY = msgspec.json.Decoder(Family)


def family_row(family: Family) -> Row:
    """Return a family as the row of its table."""
    return {
        "sid": family.sid,
        "account_sid": family.account_sid,
        "over": int(family.over),
        # The legs stay in the order in which they were dialled, which sorting would lose.
        "document": msgspec.json.encode(family),
    }


def family(document: bytes) -> Family:
    """Return the family that a document keeps."""
    return _FAMILY.decode(document)
