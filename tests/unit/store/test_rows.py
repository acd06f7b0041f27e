"""Records as rows and back."""

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from midcall.model.endpoints import Endpoint, Method
from midcall.model.families import Program
from midcall.model.messages import Direction, MessageState
from midcall.model.sids import CallSid
from midcall.store import rows
from midcall.store.rows import Mapping, microseconds, moment
from tests.contract.store.records import full_family

ENDPOINTS = st.builds(Endpoint, url=st.text(), method=st.sampled_from(Method))
TIMES = st.datetimes(
    min_value=datetime(1900, 1, 1),  # noqa: DTZ001 - the zone is the strategy's
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001 - the zone is the strategy's
    timezones=st.timezones(),
)
PARIS_IN_WINTER = timezone(timedelta(hours=1))


@given(at=TIMES)
def test_a_time_comes_back_to_the_microsecond(at: datetime) -> None:
    """A time is the same moment after it was kept, and is in UTC."""
    kept = moment(microseconds(at))
    assert kept == at.astimezone(UTC)
    assert kept.tzinfo is UTC


@given(first=TIMES, second=TIMES)
def test_kept_times_sort_as_times_do(first: datetime, second: datetime) -> None:
    """The database may compare what is kept."""
    # Within one zone Python compares what the clock shows, which is not when it was.
    order = first.astimezone(UTC) - second.astimezone(UTC)
    kept = microseconds(first) - microseconds(second)
    assert (kept > 0) == (order > timedelta())
    assert (kept < 0) == (order < timedelta())


def test_the_zone_of_a_time_does_not_matter() -> None:
    """The same moment is kept as the same number, whatever clock it was read from."""
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert microseconds(noon) == 1767268800_000000
    assert microseconds(noon.astimezone(PARIS_IN_WINTER)) == 1767268800_000000


def test_a_time_without_a_zone_is_refused() -> None:
    """It could be any time."""
    with pytest.raises(ValueError, match="zone"):
        microseconds(datetime(2026, 1, 1))  # noqa: DTZ001 - the point


class Everything(msgspec.Struct, frozen=True, kw_only=True):
    """A record with each kind of attribute that records have."""

    sid: CallSid
    parent: CallSid | None
    count: int
    flag: bool
    state: MessageState
    at: datetime
    ended_at: datetime | None
    direction: Direction | None
    texts: dict[str, str]
    sids: tuple[CallSid, ...]
    target: Endpoint
    other_target: Endpoint | None


TABLE = sa.Table(
    "everything",
    sa.MetaData(),
    *(
        sa.Column(name, sa.Text)
        for name in (
            *("sid", "parent", "count", "flag", "state", "at", "ended_at", "direction", "texts"),
            *("sids", "target_url", "target_method", "other_target_url", "other_target_method"),
        )
    ),
)
EVERYTHING = Mapping(Everything, TABLE)


@given(
    record=st.builds(
        Everything,
        sid=st.text().map(CallSid),
        parent=st.none() | st.text().map(CallSid),
        at=TIMES,
        ended_at=st.none() | TIMES,
        target=ENDPOINTS,
        other_target=st.none() | ENDPOINTS,
        sids=st.lists(st.text().map(CallSid)).map(tuple),
    )
)
def test_a_record_comes_back_from_its_row(record: Everything) -> None:
    """Every attribute survives being a column, and is of its own type again."""
    row = EVERYTHING.row(record)
    assert {type(value) for value in row.values()} <= {str, int, type(None)}
    back = EVERYTHING.record([row[column.name] for column in EVERYTHING.columns])
    assert back == msgspec.structs.replace(
        record,
        at=record.at.astimezone(UTC),
        ended_at=record.ended_at and record.ended_at.astimezone(UTC),
    )
    assert type(back.flag) is bool
    assert type(back.state) is MessageState
    assert type(back.target.method) is Method
    assert back.other_target is None or type(back.other_target.method) is Method


def test_an_attribute_that_no_column_can_keep_is_refused_at_once() -> None:
    """A new kind of attribute is noticed when the server starts, not when it is first kept."""

    class Odd(msgspec.Struct):
        weight: float

    with pytest.raises(TypeError, match="float"):
        Mapping(Odd, TABLE)


NOT_OF_THE_RECORD = {"calls": {"cleared"}}
MAPPINGS = [mapping for mapping in vars(rows).values() if isinstance(mapping, Mapping)]


@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda mapping: mapping.table.name)
def test_every_column_belongs_to_an_attribute(mapping: Mapping[msgspec.Struct]) -> None:
    """A table holds its record's attributes, the number that puts rows in order, no more.

    What the store remembers for itself is named here.
    """
    own = {"id"} | NOT_OF_THE_RECORD.get(mapping.table.name, set())
    columns = {column.name for column in mapping.table.columns} - own
    assert columns == {column.name for column in mapping.columns}


def test_a_family_comes_back_with_its_legs_in_the_order_of_dialling() -> None:
    """Their SIDs are random, so no other order would tell who was dialled first."""
    whole = full_family(Program())
    assert len(whole.legs) > 1
    for legs in (whole.legs, dict(reversed(whole.legs.items()))):
        kept = msgspec.structs.replace(whole, legs=legs)
        document = rows.family_row(kept)["document"]
        assert isinstance(document, bytes)
        again = rows.family(document)
        assert again == kept
        assert list(again.legs) == list(legs)
