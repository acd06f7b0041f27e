import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.core.outbox.replies import Answer
from midcall.delivery.bodies import content_type, excerpt


def _answer(header: str, body: bytes = b"") -> Answer:
    return Answer(status=200, duration_ms=0, content_type=header, body=body)


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("text/xml", "text/xml"),
        (" Text/XML ; charset=utf-8", "text/xml"),
        ("", ""),
        ("xml", ""),
        (";charset=utf-8", ""),
    ],
)
def test_a_content_type_is_read_without_its_parameters(header: str, kind: str) -> None:
    """What is missing is not guessed."""
    assert content_type(_answer(header)) == kind


@pytest.mark.parametrize(
    ("header", "body", "text"),
    [
        ("text/html; charset=iso-8859-1", b"\xe9", "é"),
        ("text/html; charset=klingon", "é".encode(), "é"),
        ("text/html; charset=zlib", b"x", "x"),
        ("text/html; charset=iso-8859-99", b"x", "x"),
        ("", b"a\xffb\x00c", "a\ufffdb\ufffdc"),
        ("audio/mpeg", b"abc", ""),
        ("image/png", b"abc", ""),
        ("application/octet-stream", b"abc", ""),
    ],
)
def test_a_body_is_shown_as_well_as_it_can_be_read(header: str, body: bytes, text: str) -> None:
    """What is no text is left out, what is no character is replaced."""
    assert excerpt(_answer(header, body), 100) == text


@given(st.text(max_size=40), st.binary(max_size=60), st.integers(0, 60))
def test_any_body_can_be_kept(header: str, body: bytes, limit: int) -> None:
    """Whatever a server sends, what is shown of it is short and is text that a database takes."""
    shown = excerpt(_answer(header, body), limit)
    assert len(shown) <= limit
    assert "\0" not in shown
    shown.encode()
