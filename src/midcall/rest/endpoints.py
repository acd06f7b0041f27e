"""``Endpoints``: how the servers behind an account's callbacks and TwiML have answered lately.

It is made of the newest requests, so many of them: a busy account's list looks back less far.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import msgspec
from starlette.responses import Response

from midcall.core.ports import FailedRequest, MadeRequest, OwedRequests, RecentRequests
from midcall.model.outbox import EntryState
from midcall.rest import operations as op
from midcall.rest.door import Ask, answer_page
from midcall.rest.paging import read_page
from midcall.wire.endpoint_resources import EndpointResource
from midcall.wire.timeline import format_moment

LOOKED_BACK: Final = timedelta(hours=24)

NO_RESPONSE: Final = "There was no response"


async def list_page(ask: Ask) -> Response:
    """List the hosts of callbacks and TwiML of the last 24 hours, and how they answered."""
    page = read_page(ask.query)
    since = ask.desk.clock() - LOOKED_BACK
    hosts = summarized(await ask.desk.store.recent_requests(ask.account_sid, since))
    return answer_page(ask, page, hosts[page.offset : page.offset + page.size + 1], lambda one: one)


class _Host(msgspec.Struct):
    """What there was with one host; requests are newest first."""

    made: list[MadeRequest] = []
    failed: list[FailedRequest] = []
    owed: list[OwedRequests] = []


def summarized(recent: RecentRequests) -> list[EndpointResource]:
    """Put requests together by their hosts, in the order of these."""
    hosts: dict[str, _Host] = {}
    for made in recent.made:
        hosts.setdefault(host_of(made.url), _Host()).made.append(made)
    for failed in recent.failed:
        hosts.setdefault(host_of(failed.url), _Host()).failed.append(failed)
    for owed in recent.owed:
        hosts.setdefault(host_of(owed.url), _Host()).owed.append(owed)
    return [_summary(name, hosts[name]) for name in sorted(hosts)]


def host_of(url: str) -> str:
    """Return the host of a URL, with its port if it names one."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""  # It is no URL. Whoever owns it sees so from the error.


def _summary(name: str, host: _Host) -> EndpointResource:
    times = sorted(made.duration_ms for made in host.made)
    date, status, error = _last(host)
    return EndpointResource(
        host=name,
        requests=len(host.made),
        failures=sum(map(_has_failed, host.made)),
        last_date=None if date is None else format_moment(date),
        last_status=status,
        last_error=error,
        median_ms=_rank(times, 50),
        p95_ms=_rank(times, 95),
        pending=_count(host.owed, EntryState.PENDING),
        dead=_count(host.owed, EntryState.DEAD),
    )


def _last(host: _Host) -> tuple[datetime | None, int | None, str | None]:
    """Return when the last request was, its status, and what was wrong with it."""
    made = host.made[0] if host.made else None
    failed = host.failed[0] if host.failed else None
    if made is None:
        return (None, None, None) if failed is None else (failed.attempted_at, None, failed.fault)
    if made.status is not None:
        return made.requested_at, made.status, _refusal(made.status)
    # An attempt is noted with the time of its request, or a little later if that was repeated.
    same = failed is not None and failed.attempted_at >= made.requested_at - timedelta(minutes=1)
    return made.requested_at, None, failed.fault if failed is not None and same else NO_RESPONSE


def _refusal(status: int) -> str | None:
    return f"HTTP {status}" if status >= 400 else None


def _has_failed(made: MadeRequest) -> bool:
    return made.status is None or made.status >= 400


def _rank(times: Sequence[int], percent: int) -> int | None:
    """Return the nearest rank: the least of the times that so many in a hundred do not exceed."""
    return times[-(-len(times) * percent // 100) - 1] if times else None


def _count(owed: Sequence[OwedRequests], state: EntryState) -> int:
    return sum(one.count for one in owed if one.state is state)


LIST: Final = op.lists(
    "ListEndpoint", list_page, op.Listing(name="endpoints", item=EndpointResource)
)
