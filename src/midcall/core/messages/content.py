"""What may be said in a user-defined message."""

from collections.abc import Callable

from midcall.core.limits import CONTENT_CHARACTERS
from midcall.model.errors import (
    ContentTooLong,
    InvalidContent,
    InvalidMessageType,
    PayloadTooLarge,
)
from midcall.model.messages import USER_DEFINED_MESSAGE

IsJson = Callable[[str], bool]
"""Tells whether a text is JSON; the core itself knows no JSON."""


def check_downlink(content: str | None, is_json: IsJson) -> str:
    """Return the content that a server may send; raise 32702 or 32703 as a fault."""
    if not content:
        raise InvalidContent("Content is required")
    if len(content) > CONTENT_CHARACTERS:
        raise ContentTooLong(len(content), CONTENT_CHARACTERS)
    if not is_json(content):
        raise InvalidContent("Content must be a JSON text")
    return content


def check_uplink(message_type: str, content: str) -> None:
    """Raise 31210 or 31212 as a fault unless a device may send this.

    The content type is not checked: the original takes any.
    """
    if message_type != USER_DEFINED_MESSAGE:
        raise InvalidMessageType(message_type)
    if len(content) > CONTENT_CHARACTERS:
        raise PayloadTooLarge(len(content), CONTENT_CHARACTERS)
