from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict
from twilio.request_validator import RequestValidator

from midcall.wire.signature import matches, sign

TOKEN = "12345abcde"

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def test_the_published_example_has_its_published_signature() -> None:
    """The example of the webhooks security page is signed as the page says."""
    parameters = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert sign("12345", url, parameters) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


@given(st.dictionaries(words, words, max_size=8))
def test_the_official_validator_accepts_a_form(parameters: dict[str, str]) -> None:
    """Whatever the names and values are, the Python validator computes the same signature."""
    url = "https://example.com/callback?a=b"
    assert RequestValidator(TOKEN).validate(url, parameters, sign(TOKEN, url, parameters))


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "A"]), words), max_size=8))
def test_the_official_validator_accepts_repeated_names(pairs: list[tuple[str, str]]) -> None:
    """A name with several values counts once for each distinct value, in their order."""
    url = "https://example.com/callback"
    received: MultiDict[str] = MultiDict(pairs)
    assert RequestValidator(TOKEN).validate(url, received, sign(TOKEN, url, pairs))


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://example.com/",
        "https://example.com:443/a",
        "https://example.com:8443/a?b=c",
        "http://example.com:80/a",
        "http://example.com/a%20b?c=%C3%A9&c=+",
        "https://example.com/a?b=c&b=d&empty=",
    ],
)
def test_the_official_validator_accepts_every_form_of_url(url: str) -> None:
    """Ports, queries and escapes are signed as they stand."""
    assert RequestValidator(TOKEN).validate(url, {"a": "b"}, sign(TOKEN, url, {"a": "b"}))


@given(st.dictionaries(words, words, min_size=1, max_size=8))
def test_the_official_validator_accepts_a_get_request(parameters: dict[str, str]) -> None:
    """The pairs of a GET request are in its URL and nowhere else."""
    url = "https://example.com/callback?" + urlencode(parameters)
    assert dict(parse_qsl(url.partition("?")[2], keep_blank_values=True)) == parameters
    assert RequestValidator(TOKEN).validate(url, {}, sign(TOKEN, url))


def test_the_fragment_is_not_signed() -> None:
    """Connection overrides stay here, so the receiver cannot know of them."""
    assert sign(TOKEN, "https://example.com/a#rc=2") == sign(TOKEN, "https://example.com/a")


def test_only_the_right_signature_matches() -> None:
    """Another token, URL, value or text does not match."""
    url, parameters = "https://example.com/a", {"a": "b"}
    right = sign(TOKEN, url, parameters)
    assert matches(right, TOKEN, url, parameters)
    assert not matches(right, "another", url, parameters)
    assert not matches(right, TOKEN, url + "/", parameters)
    assert not matches(right, TOKEN, url, {"a": "c"})
    assert not matches("", TOKEN, url, parameters)
    assert not matches("\u00e9", TOKEN, url, parameters)
