"""Forms: what browsers and libraries write is read, what nobody meant is refused."""

import contextlib
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.model.errors import InvalidParameter
from midcall.wire import forms

# No database keeps a zero character; UTF-8 has no surrogates.
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


@given(st.lists(st.tuples(TEXT, TEXT)))
def test_what_is_encoded_is_read_back(fields: list[tuple[str, str]]) -> None:
    """Any list of pairs survives the encoding of the standard library, order and repeats too."""
    form = forms.parse(urlencode(fields).encode())
    assert form.fields == tuple(fields)


@given(st.binary())
def test_any_bytes_are_a_form_or_an_invalid_parameter(body: bytes) -> None:
    """Bytes are read or refused by ``InvalidParameter``, never by another exception."""
    with contextlib.suppress(InvalidParameter):
        forms.parse(body)


@pytest.mark.parametrize(
    "body",
    [b"Content=%zz", b"Content=%4", b"Content=100%", b"%=x", b"Content=%ff", b"Content=\xff"],
)
def test_a_broken_escape_is_refused(body: bytes) -> None:
    """A percent sign without two hexadecimal digits, and bytes that are not UTF-8, are refused."""
    with pytest.raises(InvalidParameter):
        forms.parse(body)


def test_the_parameter_that_cannot_be_read_is_named() -> None:
    """The fault says which parameter it was, and does not repeat its value."""
    with pytest.raises(InvalidParameter) as refused:
        forms.parse(b"Method=POST&Callback=%C3%28secret")
    assert refused.value.name == "Callback"
    assert "secret" not in str(refused.value)


def test_a_zero_character_is_refused() -> None:
    """No database keeps a zero character in a text."""
    with pytest.raises(InvalidParameter):
        forms.parse(b"FriendlyName=a%00b")


def test_plus_is_a_space_and_an_escaped_plus_is_a_plus() -> None:
    """``+`` and ``%2B`` differ."""
    assert forms.parse(b"a=1+2&b=1%2B2").fields == (("a", "1 2"), ("b", "1+2"))


def test_a_name_without_a_value_has_an_empty_one() -> None:
    """Empty pieces between ampersands are nothing; a bare name is an empty value."""
    assert forms.parse(b"&a&&b=&").fields == (("a", ""), ("b", ""))


def test_a_repeated_name_is_a_list_or_a_mistake() -> None:
    """All values can be had; asking for the one value of a repeated name is refused."""
    form = forms.parse(b"StatusCallbackEvent=a&StatusCallbackEvent=b&Url=x")
    assert form.all("StatusCallbackEvent") == ("a", "b")
    assert form.find("Url") == "x"
    assert form.find("Nothing") is None
    assert "Url" in form
    assert "Nothing" not in form
    with pytest.raises(InvalidParameter, match="2 times"):
        form.find("StatusCallbackEvent")


def test_values_stay_out_of_logs() -> None:
    """A form shows its names and nothing of its values."""
    assert repr(forms.parse(b"Content=secret")) == "Form(names=['Content'])"


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/x-www-form-urlencoded", True),
        ("Application/X-WWW-Form-URLEncoded; charset=UTF-8", True),
        ("application/json", False),
        ("multipart/form-data; boundary=x", False),
        ("", False),
    ],
)
def test_a_form_is_told_by_its_content_type(content_type: str, expected: bool) -> None:
    """Case and parameters of the content type do not matter."""
    assert forms.is_form(content_type) is expected
