"""Reading a request's body: a form, of bounded size, in bounded time.

The bound holds for what arrives, not for what ``Content-Length`` announces: a chunked body
announces nothing.
"""

import asyncio

from starlette.requests import Request

from midcall.model.errors import BodyTooLarge, BodyTooSlow, MissingFormBody
from midcall.wire import forms

FORM_BYTES = 128 * 1024
"""The largest form. The largest honest one carries a message of 10,000 characters, each of four
bytes, each byte as a three-character escape: 120,000 bytes and a key."""

LINGER_BYTES = 1024 * 1024
"""How much of a body over the limit is read and thrown away, so that a client which sends all of it
before it looks for an answer sees the 413 and not a broken connection."""

BODY_SECONDS = 15.0
"""How long a body may take to arrive."""

_CONTENT_TYPE_CHARACTERS = 100


async def read_form(request: Request) -> forms.Form:
    """Return the form that a request carries; an empty body is an empty form.

    Raises ``BodyTooLarge``, ``BodyTooSlow``, ``MissingFormBody`` for a body that says that it is
    something else, and ``InvalidParameter`` for a form that cannot be read.
    """
    body = await _read(request)
    content_type = request.headers.get("content-type", "")
    if body and not forms.is_form(content_type):
        raise MissingFormBody(content_type[:_CONTENT_TYPE_CHARACTERS])
    return forms.parse(body)


async def _read(request: Request) -> bytes:
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > FORM_BYTES + LINGER_BYTES:
        raise BodyTooLarge(FORM_BYTES)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body, size = await _collect(request)
    except TimeoutError:
        raise BodyTooSlow(BODY_SECONDS) from None
    if size > FORM_BYTES:
        raise BodyTooLarge(FORM_BYTES)
    return body


async def _collect(request: Request) -> tuple[bytes, int]:
    """Return the body as far as it is within the limit, and how much there was of it."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= FORM_BYTES:
            chunks.append(chunk)
        elif size > FORM_BYTES + LINGER_BYTES:
            break
    return b"".join(chunks), size
