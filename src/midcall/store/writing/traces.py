"""Statements that keep what happened to calls."""

from typing import Final

import sqlalchemy as sa

from midcall.core.ports import AddTrace
from midcall.store import rows, schema
from midcall.store.writing.building import Step, bind

_calls = schema.calls.c
_OF_THE_CALL: Final = {"account_sid": _calls.account_sid, "call_sid": _calls.sid}


def _add_trace() -> sa.Insert:
    """Build an insert that adds nothing where the call is gone, or what was said in it is."""
    names = [column.name for column in schema.traces.columns if column.name != "id"]
    values = [_OF_THE_CALL.get(name, bind(name)) for name in names]
    call = sa.select(*values).where(
        _calls.sid == bind("call_sid"),
        _calls.account_sid == bind("account_sid"),
        _calls.cleared == sa.literal_column("0"),
    )
    return sa.insert(schema.traces).from_select(names, call)


ADD_TRACE: Final = _add_trace()


def trace_step(change: AddTrace) -> Step:
    """Return what keeps a trace."""
    return Step(ADD_TRACE, rows.TRACE.row(change.trace))
