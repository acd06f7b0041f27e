import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.model.errors import InvalidUrl
from midcall.wire.urls import join_url, parse_webhook_url, shown


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("https://example.com", "https://example.com/"),
        ("https://example.com?a=b", "https://example.com/?a=b"),
        ("HTTP://Example.com:80/A?b#c", "http://Example.com:80/A?b"),
        ("https://example.com/a/../b//c", "https://example.com/a/../b//c"),
        ("https://example.com/a b?c=d e", "https://example.com/a%20b?c=d%20e"),
        ("https://example.com/é?ü={}", "https://example.com/%C3%A9?%C3%BC=%7B%7D"),
        ("https://example.com/%C3%A9%2F", "https://example.com/%C3%A9%2F"),
        ("https://example.com/a?b='c'&d[]=e", "https://example.com/a?b='c'&d[]=e"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/"),
        ("http://[::1]:8080/a", "http://[::1]:8080/a"),
        ("https://example.com./", "https://example.com./"),
    ],
)
def test_a_url_is_sent_as_it_was_given_as_far_as_http_allows(text: str, sent: str) -> None:
    """Only what cannot stand in a request is changed, and the same text is signed."""
    url = parse_webhook_url(text)
    assert (url.sent, url.signed, url.authorization) == (sent, sent, None)


def test_user_and_password_are_signed_but_sent_as_a_header() -> None:
    """The original signs them with the URL; on the wire they are Basic authentication."""
    url = parse_webhook_url("https://Us%40r:p%C3%A9@Example.com:8443/a?b#c")
    assert url.sent == "https://Example.com:8443/a?b"
    assert url.signed == "https://Us%40r:p%C3%A9@Example.com:8443/a?b"
    assert url.authorization == "Basic " + base64.b64encode("Us@r:pé".encode()).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com/a",
        "/a",
        "ftp://example.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https:///a",
        "https://:80/",
        "https://under_score.example.com/",
        "https://example.com:0/",
        "https://example.com:65536/",
        "https://example.com:http/",
        "https://exa mple.com/",
        "https://example.com\\@evil.example/",
        "https://exa%6dple.com/",
        "https://[::1/",
        "https://[fe80::1%25eth0]/",
        "https://example.com/\r\nX-Injected: 1",
        "https://example.com/\t",
        "https://" + "a" * 64 + "é.example/",
    ],
)
def test_a_url_that_cannot_be_used_is_refused(text: str) -> None:
    """The fault names the parameter and the text."""
    with pytest.raises(InvalidUrl) as caught:
        parse_webhook_url(text, name="Callback")
    assert (caught.value.name, caught.value.url) == ("Callback", text)


@given(st.text(max_size=60) | st.text(max_size=60).map(lambda text: "http://a.example/" + text))
def test_what_is_accepted_can_stand_on_a_request_line(text: str) -> None:
    """Whatever comes in, what goes out has visible ASCII characters only, and stays put."""
    try:
        url = parse_webhook_url(text)
    except InvalidUrl:
        return
    assert url.sent.isascii()
    assert url.sent.isprintable()
    assert " " not in url.sent
    assert parse_webhook_url(url.signed).signed == url.signed


def test_a_reference_is_resolved_against_where_it_came_from() -> None:
    """Relative and absolute references lead where a browser would go."""
    assert join_url("https://a.example/b/c?d", "e") == "https://a.example/b/e"
    assert join_url("https://a.example/b", "https://c.example/") == "https://c.example/"
    with pytest.raises(InvalidUrl):
        parse_webhook_url(join_url("https://a.example/b", "http://[/"))


def test_a_url_is_shown_without_its_secrets() -> None:
    """User and password are left out wherever a URL is read by people."""
    assert shown("https://user:p/w@x@a.example/b?c@d#e") == "https://user:p/w@x@a.example/b?c@d"
    assert shown("https://user:pw@a.example/b?c@d#e") == "https://a.example/b?c@d"
    assert "secret" not in repr(parse_webhook_url("https://u:secret@a.example/?token=secret"))
