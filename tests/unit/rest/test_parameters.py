"""Parameters: a form's text as values of the model."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.model.endpoints import Endpoint, Method
from midcall.model.errors import InvalidMethod, InvalidParameter, InvalidUrl
from midcall.rest import parameters
from midcall.wire.forms import Form, parse


def form(value: str) -> Form:
    """Return a form with one field, ``X``."""
    return Form((("X", value),))


def test_what_is_absent_is_none() -> None:
    """An absent parameter changes nothing, so it has a value of its own."""
    empty = Form()
    assert parameters.friendly_name(empty) is None
    assert parameters.url(empty, "X") is None
    assert parameters.method(empty, "X") is None
    assert parameters.flag(empty, "X") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [("GET", Method.GET), ("post", Method.POST), ("", Method.POST)],
)
def test_a_method_is_read_in_either_case(text: str, expected: Method) -> None:
    """An empty method is the default again."""
    assert parameters.method(form(text), "X") is expected


@pytest.mark.parametrize("text", ["PUT", "G E T", "-"])
def test_another_method_is_refused(text: str) -> None:
    """Only GET and POST are methods of a webhook."""
    with pytest.raises(InvalidMethod):
        parameters.method(form(text), "X")


def test_a_url_stays_as_it_was_given() -> None:
    """A usable URL is kept to the letter, fragment included; an empty one takes it away."""
    url = "https://Example.com/a?b=c#rc=2"
    assert parameters.url(form(url), "X") == url
    assert parameters.url(form(""), "X") == ""


@pytest.mark.parametrize("text", ["example.com", "ftp://example.com", "http://", "http://a_b.c/"])
def test_a_url_that_cannot_be_asked_is_refused(text: str) -> None:
    """The fault names the parameter."""
    with pytest.raises(InvalidUrl) as refused:
        parameters.url(form(text), "X")
    assert refused.value.name == "X"


@pytest.mark.parametrize(
    ("text", "expected"), [("true", True), ("True", True), ("false", False), ("", False)]
)
def test_a_flag_is_true_or_false(text: str, expected: bool) -> None:
    """The libraries differ in case."""
    assert parameters.flag(form(text), "X") is expected


def test_another_flag_is_refused() -> None:
    """``yes`` is neither."""
    with pytest.raises(InvalidParameter):
        parameters.flag(form("yes"), "X")


def test_a_name_has_64_characters_at_most() -> None:
    """64 are taken, 65 are not."""
    assert parameters.friendly_name(Form((("FriendlyName", "a" * 64),))) == "a" * 64
    with pytest.raises(InvalidParameter):
        parameters.friendly_name(Form((("FriendlyName", "a" * 65),)))


def query(text: str) -> Form:
    """Return a query."""
    return parse(text.encode())


DAY = datetime(2026, 5, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "start", "before"),
    [
        ("", None, None),
        ("T=", None, None),
        ("T=2026-05-04", DAY, DAY.replace(day=5)),
        ("T=2026-05-04T03:02:01Z", DAY, DAY.replace(day=5)),
        ("T%3E=2026-05-04", DAY, None),
        ("T%3E=2026-05-04T03:00:00Z", DAY.replace(hour=3), None),
        ("T%3C=2026-05-04T03:00:00%2B01:00", None, DAY.replace(hour=2)),
        ("T%3C=2026-05-04T03:00:00", None, DAY.replace(hour=3)),
        ("T%3E=2026-05-04&T%3C=2026-05-06", DAY, DAY.replace(day=6)),
        ("T=2026-05-04&T%3E=2026-05-04T01:00:00Z", DAY.replace(hour=1), DAY.replace(day=5)),
    ],
)
def test_days_and_times_leave_a_span(
    text: str, start: datetime | None, before: datetime | None
) -> None:
    """A day is its 24 hours in GMT; before excludes, after includes."""
    assert parameters.span(query(text), "T") == parameters.Span(start=start, before=before)


@pytest.mark.parametrize(
    ("text", "start", "before"),
    [
        ("", None, None),
        ("A=2026-05-04&B=2026-05-04", DAY, DAY.replace(day=5)),
        ("B=2026-05-04T03:00:00Z", None, DAY.replace(hour=3, second=1)),
    ],
)
def test_a_closed_span_has_its_end_in_it(
    text: str, start: datetime | None, before: datetime | None
) -> None:
    """The last day is included whole, the last time with its second."""
    expected = parameters.Span(start=start, before=before)
    assert parameters.closed_span(query(text), "A", "B") == expected


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "04.05.2026", "9999-12-31"])
def test_another_day_is_refused(text: str) -> None:
    """What no calendar has is an invalid parameter, and so is the day after the last one."""
    with pytest.raises(InvalidParameter):
        parameters.span(query(f"T={text}"), "T")
    with pytest.raises(InvalidParameter):
        parameters.closed_span(query(f"B={text}"), "A", "B")


@given(text=st.text(max_size=30))
def test_any_text_is_a_span_or_refused(text: str) -> None:
    """Nothing that a client sends breaks the reading of times."""
    with suppress(InvalidParameter):
        found = parameters.span(Form((("T", text),)), "T")
        assert (found.start is None) == (not text)


@pytest.mark.parametrize(("text", "expected"), [("", None), ("1", 1), ("007", 7), ("9", 9)])
def test_a_number_is_whole_and_in_range(text: str, expected: int | None) -> None:
    """Absent and empty are the same."""
    assert parameters.number(form(text), "X", 1, 9) == expected


@pytest.mark.parametrize("text", ["0", "10", "-1", "1.5", "one", "٣", "9" * 20])
def test_another_number_is_refused(text: str) -> None:
    """Digits of other scripts are none here."""
    with pytest.raises(InvalidParameter):
        parameters.number(form(text), "X", 1, 9)


def test_a_word_is_one_of_some() -> None:
    """The refusal names them."""
    assert parameters.word(form("GET"), "X", Method) is Method.GET
    assert parameters.word(form(""), "X", Method) is None
    with pytest.raises(InvalidParameter, match="GET, POST"):
        parameters.word(form("PUT"), "X", Method)


def test_a_webhook_is_a_url_and_a_method() -> None:
    """Without a URL there is none, and a method alone is still looked at."""
    given = parse(b"X=https%3A%2F%2Fexample.com&M=get")
    assert parameters.endpoint(given, "X", "M") == Endpoint("https://example.com", Method.GET)
    assert parameters.endpoint(parse(b"X=https%3A%2F%2Fa.b"), "X", "M") == Endpoint("https://a.b")
    assert parameters.endpoint(parse(b"X=&M=GET"), "X", "M") is None
    with pytest.raises(InvalidMethod):
        parameters.endpoint(parse(b"M=PUT"), "X", "M")
    with pytest.raises(InvalidUrl):
        parameters.endpoint(parse(b"X=example.com"), "X", "M")


@pytest.mark.parametrize(
    ("read", "prefix"),
    [
        (parameters.call_sid, "CA"),
        (parameters.message_sid, "KX"),
        (parameters.subscription_sid, "ZY"),
    ],
)
def test_a_sid_is_of_its_kind(read: Callable[[Form, str], str | None], prefix: str) -> None:
    """Another kind of thing, or none, is refused; an empty one narrows nothing."""
    assert read(form(prefix + "1" * 32), "X") == prefix + "1" * 32
    assert read(form(""), "X") is None
    for text in ("XX" + "1" * 32, prefix, prefix + "g" * 32):
        with pytest.raises(InvalidParameter):
            read(form(text), "X")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("amy", True), ("a" * 256, True), ("", False), ("a" * 257, False), ("a\nb", False)],
)
def test_an_identity_is_a_short_line(text: str, expected: bool) -> None:
    """It has 1 to 256 characters, none of control."""
    assert parameters.is_identity(text) is expected
