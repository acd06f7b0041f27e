"""What a content says."""

import pytest

from midcall.wire.contents import find_replied, is_json

SID = "KX" + "0aF" * 10 + "00"


@pytest.mark.parametrize("text", ["{}", "[1, 2]", '"a"', "1", "null", ' {"a": {"b": "\\u00e4"}} '])
def test_any_json_value_is_json(text: str) -> None:
    """Objects, and everything else."""
    assert is_json(text)


@pytest.mark.parametrize("text", ["", "{", "a", "{'a': 1}", "NaN", "\ud800", "[" * 100_000])
def test_what_cannot_be_read_is_not_json(text: str) -> None:
    """However it is broken, and however deep it goes."""
    assert not is_json(text)


@pytest.mark.parametrize(
    "content",
    [f'{{"inReplyTo":"{SID}"}}', f'{{"ok": true, "inReplyTo": "{SID}", "list": []}}'],
)
def test_an_answer_names_the_message_that_it_answers(content: str) -> None:
    """In an object, beside whatever else it says."""
    assert find_replied(content) == SID


@pytest.mark.parametrize(
    "content",
    [
        "{}",
        '{"text": "inReplyTo"}',
        '{"inReplyTo": null}',
        '{"inReplyTo": 7}',
        '{"inReplyTo": "KX7"}',
        f'{{"inReplyTo": "CA{SID[2:]}"}}',
        f'[{{"inReplyTo": "{SID}"}}]',
        f'{{"deep": {{"inReplyTo": "{SID}"}}}}',
        f'"inReplyTo {SID}"',
        f"inReplyTo {SID}",
        f'{{"inReplyTo": "{SID}"',
        '{"inReplyTo": "\\ud800"}',
    ],
)
def test_any_other_content_answers_nothing(content: str) -> None:
    """Nor does what is no JSON, or names no message."""
    assert find_replied(content) is None
