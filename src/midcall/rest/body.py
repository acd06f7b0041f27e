"""Reading a request's body: a form, of bounded size, in bounded time.

The bound holds for what arrives, not for what ``Content-Length`` announces: a chunked body
announces nothing.
"""

import asyncio

from starlette.requests import Request

from midcall.model.errors import BodyTooLarge, BodyTooSlow, MissingFormBody
from midcall.rest.desk import RestLimits
from midcall.wire import forms

LINGER_BYTES = 1024 * 1024
"""How much of a body over the limit is read and thrown away, so that a client which sends all of it
before it looks for an answer sees the 413 and not a broken connection."""

_CONTENT_TYPE_CHARACTERS = 100


async def read_form(request: Request, limits: RestLimits) -> forms.Form:
    """Return the form that a request carries; an empty body is an empty form.

    Raises ``BodyTooLarge``, ``BodyTooSlow``, ``MissingFormBody`` for a body that says that it is
    something else, and ``InvalidParameter`` for a form that cannot be read.
    """
    body = await _read(request, limits)
    content_type = request.headers.get("content-type", "")
    if body and not forms.is_form(content_type):
        raise MissingFormBody(content_type[:_CONTENT_TYPE_CHARACTERS])
    return forms.parse(body)


async def _read(request: Request, limits: RestLimits) -> bytes:
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > limits.form_bytes + LINGER_BYTES:
        raise BodyTooLarge(limits.form_bytes)
    try:
        async with asyncio.timeout(limits.body_seconds):
            body, size = await _collect(request, limits.form_bytes)
    except TimeoutError:
        raise BodyTooSlow(limits.body_seconds) from None
    if size > limits.form_bytes:
        raise BodyTooLarge(limits.form_bytes)
    return body


async def _collect(request: Request, limit: int) -> tuple[bytes, int]:
    """Return the body as far as it is within the limit, and how much there was of it."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        elif size > limit + LINGER_BYTES:
            break
    return b"".join(chunks), size
