"""Parameters: a form's text as values of the model."""

import pytest

from midcall.model.endpoints import Method
from midcall.model.errors import InvalidMethod, InvalidParameter, InvalidUrl
from midcall.rest import parameters
from midcall.wire.forms import Form


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
