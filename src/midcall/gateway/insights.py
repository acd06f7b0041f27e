"""What the SDK reports of its calls: kept for whoever looks at the call, if it comes from a device.

A post shows the Access Token that the SDK has. It is believed about a call of the account that has
the token's identity at one of its ends; anything else is passed over without a word.
"""

from datetime import timedelta
from typing import Final

import structlog

from midcall.core.calls.service import ANONYMOUS
from midcall.core.ports import Store
from midcall.gateway.access import TokenCheck
from midcall.gateway.tracing import Clock, Note
from midcall.model.calls import Call
from midcall.model.errors import Fault
from midcall.model.traces import Trace, TraceKind
from midcall.runtime.whereabouts import whereabouts
from midcall.wire import insights
from midcall.wire.insights import Quality, Report
from midcall.wire.tokens import AccessToken

log = structlog.get_logger()

AT_ONCE: Final = 20
"""Posts that are looked at at one time: each asks the store. More of them are passed over."""


class Insights:
    """Takes the SDK's posts."""

    def __init__(self, *, check_token: TokenCheck, store: Store, note: Note, clock: Clock) -> None:
        self._check_token = check_token
        self._store = store
        self._note = note
        self._clock = clock
        self._under_way = 0

    async def take(self, token: str, body: bytes) -> None:
        """Keep what a post says, if it may be believed. Whatever is wrong with it is no error."""
        if self._under_way >= AT_ONCE:
            return
        self._under_way += 1
        try:
            await self._take(token, body)
        except Fault as fault:
            log.debug("A report was passed over", code=fault.code)
        except Exception as error:
            log.error("A report could not be taken", error=whereabouts(error))
        finally:
            self._under_way -= 1

    async def _take(self, token: str, body: bytes) -> None:
        said = insights.parse(body)
        if said is None:
            return
        bearer = await self._check_token(token)
        call = await self._store.find_call(said.call_sid)
        if call is None or not _has_part(bearer, call):
            return
        for trace in self._traces(said, call):
            self._note(trace)

    def _traces(self, said: Quality | Report, call: Call) -> list[Trace]:
        now = self._clock()
        if isinstance(said, Report):
            reports = [(now, TraceKind.REPORT, said.name, said.details)]
        else:
            reports = [
                (
                    now - timedelta(seconds=point.seconds_before),
                    TraceKind.QUALITY,
                    TraceKind.QUALITY.value,
                    point.numbers,
                )
                for point in said.points
            ]
        return [
            Trace(
                account_sid=call.account_sid,
                call_sid=call.sid,
                at=at,
                kind=kind,
                name=name,
                details=details,
            )
            for at, kind, name, details in reports
        ]


def _has_part(bearer: AccessToken, call: Call) -> bool:
    """Tell whether the identity of a token is at an end of a leg."""
    address = f"client:{bearer.identity or ANONYMOUS}"
    ends = {call.from_address, call.to_address}
    return bearer.account_sid == call.account_sid and address in ends
