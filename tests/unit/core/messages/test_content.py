"""What may be said in a user-defined message."""

import json

import pytest

from midcall.core.limits import CONTENT_CHARACTERS
from midcall.core.messages.content import check_downlink, check_uplink
from midcall.model.errors import (
    ContentTooLong,
    InvalidContent,
    InvalidMessageType,
    PayloadTooLarge,
)

LONGEST = json.dumps("x" * (CONTENT_CHARACTERS - 2))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("content", ['{"a":1}', "[]", '"text"', "1", "null", " {} ", LONGEST])
def test_any_json_text_may_be_sent(content: str) -> None:
    """What is sent is what was given, to the letter."""
    assert check_downlink(content, _is_json) == content


@pytest.mark.parametrize("content", [None, "", "{", "text", "{'a':1}", "\ufeff{}"])
def test_anything_else_may_not(content: str | None) -> None:
    """32702: the content is missing or not JSON."""
    with pytest.raises(InvalidContent) as refusal:
        check_downlink(content, _is_json)
    assert (refusal.value.code, refusal.value.http_status) == (32702, 400)


def test_content_that_is_too_long_is_not_read() -> None:
    """32703 for 10,001 characters, JSON or not."""
    for content in (LONGEST + " ", "x" * (CONTENT_CHARACTERS + 1)):
        with pytest.raises(ContentTooLong) as refusal:
            check_downlink(content, _is_json)
        assert (refusal.value.code, refusal.value.http_status) == (32703, 400)
        assert (refusal.value.length, refusal.value.limit) == (10_001, 10_000)


def test_the_limit_counts_characters() -> None:
    """Ten thousand characters are ten thousand, whatever they take as bytes."""
    content = json.dumps("€" * (CONTENT_CHARACTERS - 2), ensure_ascii=False)
    assert check_downlink(content, _is_json) == content
    check_uplink("user-defined-message", content)


@pytest.mark.parametrize("message_type", ["", "user-defined", "User-Defined-Message", "foo", " "])
def test_a_device_may_send_one_type_only(message_type: str) -> None:
    """31210 for every ``messagetype`` but ``user-defined-message``."""
    with pytest.raises(InvalidMessageType) as refusal:
        check_uplink(message_type, "{}")
    assert refusal.value.code == 31210


def test_a_device_may_send_as_much_as_a_server() -> None:
    """31212 for 10,001 characters."""
    check_uplink("user-defined-message", "x" * 10_000)
    with pytest.raises(PayloadTooLarge) as refusal:
        check_uplink("user-defined-message", "x" * 10_001)
    assert refusal.value.code == 31212
