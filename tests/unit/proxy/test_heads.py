"""What a request head asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.proxy.heads import Target, parse_head
from midcall.proxy.refusals import (
    NO_PLAIN_HTTP,
    NO_TARGET,
    NOT_A_SERVER,
    NOT_HTTP,
    Refusal,
    serialize,
)


def connect(target: str) -> Target | Refusal:
    """Read the CONNECT of a target."""
    return parse_head(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode("latin-1"))


@pytest.mark.parametrize(
    ("written", "target"),
    [
        ("api.twilio.com:443", Target("api.twilio.com", 443)),
        ("API.Twilio.COM.:443", Target("api.twilio.com", 443)),
        ("127.0.0.1:8443", Target("127.0.0.1", 8443)),
        ("[::1]:8443", Target("::1", 8443)),
        ("my_service:1", Target("my_service", 1)),
        ("example.com:65535", Target("example.com", 65535)),
    ],
)
def test_host_and_port_are_read(written: str, target: Target) -> None:
    """A CONNECT names its target as host and port; names are compared in lower case."""
    assert connect(written) == target


@pytest.mark.parametrize(
    "written",
    ["api.twilio.com", "example.com:0", "example.com:65536", "example.com:", ":443", ".:443",
     "http://example.com:443/", "user:password@example.com:443", "::1:443", "[::1]", "a b:443",
     "exämple.com:443", f"{'a' * 254}:443"],
)  # fmt: skip
def test_a_target_that_is_not_host_and_port_is_refused(written: str) -> None:
    """A target without a port, with credentials or with other characters is nobody's address."""
    assert connect(written) in (NO_TARGET, NOT_HTTP)


def test_http_1_0_is_understood() -> None:
    """Old clients say CONNECT as well."""
    assert parse_head(b"CONNECT example.com:443 HTTP/1.0\r\n\r\n") == Target("example.com", 443)


@pytest.mark.parametrize(
    ("head", "refusal"),
    [
        (b"GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n", NO_PLAIN_HTTP),
        (b"POST http://api.twilio.com/ HTTP/1.1\r\nContent-Length: 3\r\n\r\n", NO_PLAIN_HTTP),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", NOT_A_SERVER),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", NOT_HTTP),
        (b"hello\r\n\r\n", NOT_HTTP),
        (b"\r\n\r\n", NOT_HTTP),
        (b"CONNECT example.com:443 HTTP/1.1\r\nbad header\r\n\r\n", NOT_HTTP),
    ],
)
def test_what_is_not_connect_is_told_why(head: bytes, refusal: Refusal) -> None:
    """Plain HTTP, a browser that opens the port and what is no HTTP have sentences of their own."""
    assert parse_head(head) == refusal


@given(head=st.binary(max_size=200))
def test_no_head_is_too_strange(head: bytes) -> None:
    """Whatever arrives, the answer is a target or a refusal."""
    read = parse_head(head + b"\r\n\r\n")
    assert isinstance(read, Refusal | Target)


@given(
    target=st.text(
        st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_categories=["Cc"]),
        min_size=1,
        max_size=60,
    )
)
def test_what_is_read_can_stand_in_an_answer(target: str) -> None:
    """No target brings a line end or a colour into a response or a log."""
    read = connect(target)
    if isinstance(read, Target):
        assert set(read.host) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-:")
        assert 0 < read.port < 65536


def test_a_refusal_says_its_sentence_twice() -> None:
    """The status line has it for clients that show nothing else; the body has the advice too."""
    head, _, body = serialize(Refusal(403, "No", "Ask elsewhere.")).partition(b"\r\n\r\n")
    first, *headers = head.split(b"\r\n")
    assert first == b"HTTP/1.1 403 No"
    assert body == b"No. Ask elsewhere.\n"
    assert b"Connection: close" in headers
    assert f"Content-Length: {len(body)}".encode() in headers
