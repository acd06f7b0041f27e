"""How the servers of an account have answered, put together by host."""

from datetime import UTC, datetime, timedelta

import pytest

from midcall.core.ports import FailedRequest, MadeRequest, OwedRequests, RecentRequests
from midcall.model.outbox import EntryState
from midcall.rest.endpoints import NO_RESPONSE, host_of, summarized
from midcall.wire.endpoint_resources import EndpointResource

AT = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
URL = "https://amy:secret@example.com/voice?a=1"


def made(
    seconds: float = 0, *, url: str = URL, duration_ms: int = 10, status: int | None = 200
) -> MadeRequest:
    """Make a request, so many seconds after the beginning."""
    at = AT + timedelta(seconds=seconds)
    return MadeRequest(url=url, requested_at=at, duration_ms=duration_ms, status=status)


def failed(seconds: float = 0) -> FailedRequest:
    """Make an attempt that brought no response."""
    return FailedRequest(url=URL, attempted_at=AT + timedelta(seconds=seconds), fault="refused")


def only(recent: RecentRequests) -> EndpointResource:
    """Return the one host that there was anything with."""
    (endpoint,) = summarized(recent)
    return endpoint


@pytest.mark.parametrize(
    ("url", "host"),
    [
        (URL, "example.com"),
        ("https://Example.COM:8443/", "example.com:8443"),
        ("http://[::1]:80/a@b", "[::1]:80"),
        ("https://[", ""),
        ("nothing", ""),
    ],
)
def test_a_host_has_its_port_and_no_password(url: str, host: str) -> None:
    """Two ports are two servers."""
    assert host_of(url) == host


def test_hosts_are_told_apart_and_sorted() -> None:
    """Whatever there was with them: a request, a failure, or what they are still owed."""
    recent = RecentRequests(
        made=(made(url="https://b.example/x"), made(url="https://b.example/y")),
        failed=(failed(),),
        owed=(OwedRequests(url="https://a.example/", state=EntryState.DEAD, count=3),),
    )
    found = {one.host: (one.requests, one.dead, one.last_error) for one in summarized(recent)}
    assert list(found.items()) == [
        ("a.example", (0, 3, None)),
        ("b.example", (2, 0, None)),
        ("example.com", (0, 0, "refused")),
    ]


@pytest.mark.parametrize(
    ("durations", "median", "most"),
    [([7], 7, 7), ([1, 2], 1, 2), ([3, 1, 2], 2, 3), (list(range(1, 101)), 50, 95)],
)
def test_durations_are_told_by_rank(durations: list[int], median: int, most: int) -> None:
    """One slow request among many does not hide how it is otherwise."""
    found = only(RecentRequests(made=tuple(made(duration_ms=one) for one in durations)))
    assert (found.median_ms, found.p95_ms) == (median, most)


@pytest.mark.parametrize(
    ("last", "faults", "error"),
    [
        (made(9, status=204), (failed(8),), None),
        (made(9, status=503), (), "HTTP 503"),
        (made(9, status=None), (), NO_RESPONSE),
        (made(9, status=None), (failed(9),), "refused"),
        (made(900, status=None), (failed(9),), NO_RESPONSE),
    ],
)
def test_an_error_is_that_of_the_last_request(
    last: MadeRequest, faults: tuple[FailedRequest, ...], error: str | None
) -> None:
    """A server that works again has none, whatever there was before."""
    found = only(RecentRequests(made=(last, made(0, status=500)), failed=faults))
    assert found.last_error == error
    assert found.last_status == last.status
    assert found.failures == 1 + (error is not None)


def test_what_is_owed_is_counted_by_its_state() -> None:
    """Over all URLs of the host."""
    owed = (
        OwedRequests(url=URL, state=EntryState.PENDING, count=2),
        OwedRequests(url="https://example.com/other", state=EntryState.PENDING, count=5),
        OwedRequests(url=URL, state=EntryState.DEAD, count=1),
    )
    found = only(RecentRequests(owed=owed))
    assert (found.pending, found.dead, found.requests) == (7, 1, 0)
    assert (found.last_date, found.median_ms) == (None, None)
