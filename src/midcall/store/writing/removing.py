"""Removing a call that is over with all that hangs on it, or only what was said in it.

Invariants
- A live call, and all that hangs on it, stays: each statement spares it by itself.
- What was said in a call is removed once: ``cleared`` says that it need not be looked at again.
- A removed call does not come back while its family goes on, though the family still has the leg.
- The family's document goes with the last of its calls.
- What is left of a lane is nothing: the entries of a lane are all of one call.
"""

from collections.abc import Iterator
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from midcall.model.calls import CallStatus
from midcall.model.sids import CallSid
from midcall.store import schema
from midcall.store.writing.building import Statement, Step

_calls = schema.calls.c
_entries = schema.entries.c
_families = schema.families.c
_removed = schema.removed_calls.c

_SID: Final[sa.BindParameter[str]] = sa.bindparam("sid")
_IS_OVER: Final = _calls.status.in_(
    [sa.literal_column(f"'{status.value}'") for status in CallStatus if status.terminal]
)

# The call's SID if it is over, otherwise nothing, which nothing is equal to.
_OVER: Final = sa.select(_calls.sid).where(_calls.sid == _SID, _IS_OVER).scalar_subquery()


def _delete_of_call(table: sa.Table) -> sa.Delete:
    return sa.delete(table).where(table.c.call_sid == _OVER)


def _delete_accepted_requests() -> sa.Delete:
    requests = schema.accepted_requests.c
    # Their index begins with the account.
    owner = sa.select(_calls.account_sid).where(_calls.sid == _SID).scalar_subquery()
    return _delete_of_call(schema.accepted_requests).where(requests.account_sid == owner)


def _delete_lane_heads() -> sa.Delete:
    lanes = sa.select(_entries.lane).where(_entries.call_sid == _OVER)
    return sa.delete(schema.lane_heads).where(schema.lane_heads.c.lane.in_(lanes))


def _delete_attempts() -> sa.Delete:
    attempts = schema.attempts.c
    places = sa.select(_entries.lane, _entries.position).where(_entries.call_sid == _OVER)
    return sa.delete(schema.attempts).where(sa.tuple_(attempts.lane, attempts.position).in_(places))


def _remember() -> sa.Insert:
    family = sa.func.coalesce(_calls.parent_call_sid, _calls.sid)
    removed = sa.select(_calls.sid, family).where(_calls.sid == _OVER)
    return (
        insert(schema.removed_calls)
        .from_select(["sid", "family_sid"], removed)
        .on_conflict_do_nothing(index_elements=[_removed.sid])
    )


_FAMILY: Final = (
    sa.select(schema.removed_calls.c.family_sid).where(_removed.sid == _SID).scalar_subquery()
)


def _delete_family() -> sa.Delete:
    parent = sa.exists().where(_calls.sid == _families.sid)
    children = sa.exists().where(
        _calls.account_sid == _families.account_sid, _calls.parent_call_sid == _families.sid
    )
    # A family without calls is over: one that is not has a live call, and that has stayed.
    return sa.delete(schema.families).where(_families.sid == _FAMILY, ~parent, ~children)


def _forget() -> sa.Delete:
    kept = sa.exists().where(_families.sid == _removed.family_sid)
    return sa.delete(schema.removed_calls).where(_removed.family_sid == _FAMILY, ~kept)


def _clear_evidence() -> sa.Update:
    """Build what leaves of a call's notifications only what went wrong: not what was said."""
    notifications = schema.notifications.c
    cleared = {"request_variables": "", "response_headers": "", "response_body": ""}
    return sa.update(schema.notifications).where(notifications.call_sid == _OVER).values(cleared)


_CONTENT: Final = (
    _delete_of_call(schema.message_events),
    _delete_of_call(schema.messages),
    _delete_of_call(schema.exchanges),
    _delete_of_call(schema.traces),
    _delete_attempts(),
    _delete_lane_heads(),
    _delete_of_call(schema.entries),
)

CLEARING: Final[tuple[Statement, ...]] = (
    *_CONTENT,
    _clear_evidence(),
    sa.update(schema.calls).where(_calls.sid == _SID, _IS_OVER).values(cleared=1),
)
"""What removes what was said in the call ``sid``, in this order."""

REMOVAL: Final[tuple[Statement, ...]] = (
    *_CONTENT,
    _delete_of_call(schema.subscriptions),
    _delete_accepted_requests(),
    _delete_of_call(schema.notifications),
    _remember(),
    sa.delete(schema.calls).where(_calls.sid == _OVER),
    _delete_family(),
    _forget(),
)
"""What removes the call ``sid``, in this order."""

STAY_REMOVED: Final = sa.delete(schema.calls).where(
    _calls.sid.in_(sa.select(_removed.sid).where(_removed.family_sid == sa.bindparam("family_sid")))
)
"""What takes out of a family, kept again, the calls that have been removed."""


def content_steps(sid: CallSid) -> Iterator[Step]:
    """Yield what removes what was said in a call."""
    for statement in CLEARING:
        yield Step(statement, {"sid": sid})


def removal_steps(sid: CallSid) -> Iterator[Step]:
    """Yield what removes a call."""
    for statement in REMOVAL:
        yield Step(statement, {"sid": sid})
