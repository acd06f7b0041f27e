"""The bodies of answers: what they say they are, and their text."""

import re
from email.message import Message
from typing import Final

from midcall.core.outbox.replies import Answer

# Python knows codecs that are no character sets, and some that are slow on purpose-made input.
_CHARSET: Final = re.compile(
    r"utf-?8|utf-?16(le|be)?|us-ascii|ascii|latin-?1|iso-8859-\d{1,2}|windows-125\d|koi8-[ru]"
    r"|shift_jis|euc-jp|iso-2022-jp|euc-kr|gb2312|gbk|gb18030|big5"
)
_DECLARATION: Final = re.compile(
    rb"""\A\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']"""
)
_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))

_NO_TEXT: Final = ("audio/", "image/", "video/", "application/octet-stream")


class Undecodable(Exception):
    """A body is not text in its character set. ``reason`` says which it was to be."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def content_type(answer: Answer) -> str:
    """Return what an answer says that its body is, lower-case, without parameters.

    It is empty if the answer does not say so, or not in a form that can be understood.
    """
    # Message assumes text/plain where the header is missing or malformed.
    header = answer.content_type
    return _parsed(header).get_content_type() if "/" in header else ""


def decode(answer: Answer) -> str:
    """Decode a body: a byte order mark, the header, the XML declaration, else UTF-8.

    That order is RFC 7303's, section 3. Raises ``Undecodable``.
    """
    body = answer.body
    marked = next((name for mark, name in _MARKS if body.startswith(mark)), None)
    declared = _DECLARATION.match(body)
    charset = _parsed(answer.content_type).get_content_charset()
    name = marked or charset or (declared[1].decode().lower() if declared else "utf-8")
    if marked is None and not _CHARSET.fullmatch(name):
        raise Undecodable("the document has an unknown character set")
    try:
        return body.decode(name)
    except (UnicodeDecodeError, LookupError):
        raise Undecodable(f"the document is not {name}") from None


def excerpt(answer: Answer, limit: int) -> str:
    """Return the first ``limit`` bytes of a body as text for people, as well as it can be read.

    What is no text, such as a sound, is left out.
    """
    if content_type(answer).startswith(_NO_TEXT):
        return ""
    charset = _parsed(answer.content_type).get_content_charset() or "utf-8"
    cut = answer.body[:limit]
    try:
        text = cut.decode(charset if _CHARSET.fullmatch(charset) else "utf-8", "replace")
    except LookupError:
        text = cut.decode("utf-8", "replace")
    # Not every database keeps a NUL in a text.
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _parsed(header: str) -> Message:
    message = Message()
    message["Content-Type"] = header.strip()
    return message
