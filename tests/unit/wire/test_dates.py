from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.base import deserialize

from midcall.wire.dates import format_rfc2822, parse_rfc2822

moments = st.integers(-2_000_000_000, 250_000_000_000).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)


def test_a_date_has_a_two_digit_day_and_a_numeric_zone() -> None:
    """The form is the one that the official Node and Java libraries parse."""
    assert format_rfc2822(datetime(2022, 12, 2, 3, 4, 5, tzinfo=UTC)) == (
        "Fri, 02 Dec 2022 03:04:05 +0000"
    )


def test_a_date_is_written_in_utc() -> None:
    """Another zone's time is converted, not relabelled."""
    zone = timezone(timedelta(hours=2))
    assert format_rfc2822(datetime(2022, 1, 1, 1, 0, tzinfo=zone)) == (
        "Fri, 31 Dec 2021 23:00:00 +0000"
    )


def test_a_date_without_a_zone_is_refused() -> None:
    """A naive time is a mistake of ours, which must not look like a date."""
    with pytest.raises(ValueError, match="zone"):
        format_rfc2822(datetime(2022, 1, 1, tzinfo=UTC).replace(tzinfo=None))


@given(moments)
def test_what_is_written_is_read_back(at: datetime) -> None:
    """Writing and reading are inverse, to the second."""
    assert parse_rfc2822(format_rfc2822(at)) == at


@given(moments)
def test_the_official_library_reads_the_same_time(at: datetime) -> None:
    """The Python helper library understands every date that is written."""
    assert deserialize.rfc2822_datetime(format_rfc2822(at)) == at


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37 -0000",
    ],
)
def test_every_http_date_is_read(text: str) -> None:
    """The three forms of RFC 9110 and RFC 2822's unknown zone are read as UTC."""
    assert parse_rfc2822(text) == datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "soon", "Fri, 99 Dec 2022 03:04:05 +0000"])
def test_text_that_is_no_date_is_refused(text: str) -> None:
    """Nonsense is an error, not some date."""
    with pytest.raises(ValueError):  # noqa: PT011 - the sentence is the standard library's
        parse_rfc2822(text)
