"""What is read of session descriptions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.wire.sdp import DESCRIPTION_CHARACTERS, fingerprint

HEAD = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
MEDIA = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\n"


@pytest.mark.parametrize("head", [HEAD, HEAD + MEDIA], ids=["session", "medium"])
def test_a_fingerprint_is_found_where_it_stands(head: str) -> None:
    """It may stand in the session or in a medium."""
    line = "a=fingerprint:sha-256 AB:01:FF\r\na=setup:actpass\r\n"
    assert fingerprint(head + line) == "sha-256 AB:01:FF"


def test_the_first_fingerprint_counts() -> None:
    """Of several, the first is the one."""
    two = "a=fingerprint:sha-256 01:02\r\na=fingerprint:sha-1 03:04\r\n"
    assert fingerprint(HEAD + two) == "sha-256 01:02"


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEAD,
        "a=fingerprint:",
        "a=fingerprint:sha-256",
        "a=fingerprint:sha-256 xy",
        "a=fingerprint:sha-256 0",
        "a=fingerprint:sha-256 01:",
        "b=fingerprint:sha-256 01:02",
        "i=a=fingerprint:sha-256 01:02",
        "a=fingerprint:sha-256 " + ":".join(["01"] * 65),
        "x" * DESCRIPTION_CHARACTERS + "\na=fingerprint:sha-256 01:02",
    ],
)
def test_without_a_fingerprint_it_is_empty(text: str) -> None:
    """What is no fingerprint line, or stands beyond the limit, is none."""
    assert fingerprint(text) == ""


BYTES = st.binary(min_size=1, max_size=64)
NEWLINES = st.sampled_from(["\r\n", "\n"])
OTHERS = st.lists(st.text(st.characters(exclude_characters="\r\n"), max_size=20), max_size=5)


@given(
    BYTES, st.sampled_from(["sha-1", "sha-256", "SHA-256", "Sha-512"]), NEWLINES, OTHERS, st.data()
)
def test_case_does_not_tell_fingerprints_apart(
    digest: bytes, name: str, newline: str, others: list[str], data: st.DataObject
) -> None:
    """The same digest is the same fingerprint, however it is written and whatever is around it."""
    digits = digest.hex(":")
    shown = data.draw(st.sampled_from([digits, digits.upper()]))
    lines = ["v=0", *(f"x{one}" for one in others), f"a=fingerprint:{name} {shown}", *others]
    assert fingerprint(newline.join([*lines, ""])) == f"{name.lower()} {digits.upper()}"


@given(st.text())
def test_any_text_can_be_looked_through(text: str) -> None:
    """Whatever a device sends, there is a fingerprint or none."""
    found = fingerprint(text)
    assert found == "" or "a=fingerprint:" in text
