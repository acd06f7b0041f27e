"""Pages of lists (REST API "Paging"): ``PageSize``, ``Page``, ``PageToken``.

A page is cut by number and size. ``PageToken`` is accepted and not needed.
"""

from collections.abc import Sequence
from typing import TypeVar

from midcall.model.errors import InvalidParameter, PageSizeTooLarge
from midcall.wire.forms import Form
from midcall.wire.listings import Page

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 1000
"""Over it the answer is 20007."""

_MAX_DIGITS = 9

T = TypeVar("T")


def read_page(query: Form, filters: tuple[str, ...] = ()) -> Page:
    """Return the page that a query asks for, with those of the ``filters`` that it gives.

    Raises ``PageSizeTooLarge`` (20007) and ``InvalidParameter`` (20001).
    """
    size = _number(query, "PageSize", default=DEFAULT_PAGE_SIZE)
    if size > MAX_PAGE_SIZE:
        raise PageSizeTooLarge(MAX_PAGE_SIZE)
    if size < 1:
        raise InvalidParameter("PageSize", "it must be at least 1")
    given = tuple((name, value) for name in filters if (value := query.find(name)) is not None)
    return Page(number=_number(query, "Page", default=0), size=size, filters=given)


def split(found: Sequence[T], page: Page) -> tuple[Sequence[T], bool]:
    """Return a page's items, and whether the one item more that was asked for came too."""
    return found[: page.size], len(found) > page.size


def _number(query: Form, name: str, *, default: int) -> int:
    text = query.find(name)
    if text is None or text == "":
        return default
    if not (text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS):
        raise InvalidParameter(name, "it is not a whole number")
    return int(text)
