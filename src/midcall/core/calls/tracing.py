"""What a step notes of itself, for whoever looks at the call later."""

from datetime import datetime
from typing import Final

from midcall.core.ports import AddTrace
from midcall.model.errors import Fault
from midcall.model.sids import AccountSid, CallSid
from midcall.model.traces import Trace, TraceKind

TRACED: Final = 200
"""The longest text in a trace, in characters."""

MOST: Final = 100
"""Traces that one step notes: a document full of verbs that wait for nothing is run in one."""


class Traces:
    """The traces of one step over a family."""

    def __init__(self, account: AccountSid, at: datetime) -> None:
        self._account = account
        self._at = at
        self.noted: list[AddTrace] = []

    def note(
        self, sid: CallSid, kind: TraceKind, name: str, details: dict[str, str] | None = None
    ) -> None:
        """Note what happened to a leg; what is past the limit is left out."""
        if len(self.noted) >= MOST:
            return
        self.noted.append(
            AddTrace(
                Trace(
                    account_sid=self._account,
                    call_sid=sid,
                    at=self._at,
                    kind=kind,
                    name=name,
                    details=details or {},
                )
            )
        )


def why(fault: Fault | None) -> dict[str, str]:
    """Return what a device was told with the end of its call."""
    return {} if fault is None else {"code": str(fault.code), "reason": str(fault)[:TRACED]}
