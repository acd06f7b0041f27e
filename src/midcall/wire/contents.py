"""What a message's content says, as far as the server looks into it."""

from typing import Any, Final

import msgspec

from midcall.model.sids import MESSAGE, MessageSid, is_sid

IN_REPLY_TO: Final = "inReplyTo"
"""The key under which a content of the app's names the message that it answers."""


def is_json(text: str) -> bool:
    """Tell whether a text is JSON."""
    try:
        msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError):
        return False
    return True


def find_replied(content: str) -> MessageSid | None:
    """Find which message a content says that it answers.

    It says so as a JSON object with a message's SID under ``inReplyTo``. A content that is no JSON,
    as the original takes it from a device, says nothing.
    """
    if IN_REPLY_TO not in content:
        return None  # Nearly every content: it need not be read.
    try:
        value: Any = msgspec.json.decode(content)
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError):
        return None
    sid = value.get(IN_REPLY_TO) if isinstance(value, dict) else None
    return MessageSid(sid) if isinstance(sid, str) and is_sid(MESSAGE, sid) else None
