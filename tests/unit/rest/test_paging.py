"""Paging: which page a query asks for."""

import pytest

from midcall.model.errors import InvalidParameter, PageSizeTooLarge
from midcall.rest.paging import read_page, split
from midcall.wire.forms import parse
from midcall.wire.listings import Page


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (b"", Page(number=0, size=50)),
        (b"PageSize=1000", Page(number=0, size=1000)),
        (b"PageSize=2&Page=3&PageToken=PAxyz", Page(number=3, size=2)),
        (b"PageSize=&Page=", Page(number=0, size=50)),
        (b"To=b&Other=c&From=", Page(number=0, size=50, filters=(("To", "b"), ("From", "")))),
    ],
)
def test_a_query_asks_for_a_page(query: bytes, expected: Page) -> None:
    """Size and number have defaults; the list's own filters are kept, others are not."""
    assert read_page(parse(query), ("To", "From")) == expected


@pytest.mark.parametrize(
    "query",
    [b"PageSize=0", b"PageSize=-1", b"PageSize=x", b"Page=-1", b"Page=1.5", b"Page=" + b"9" * 30],
)
def test_a_page_that_is_no_page_is_refused(query: bytes) -> None:
    """What is not a whole number in range is an invalid parameter."""
    with pytest.raises(InvalidParameter):
        read_page(parse(query))


def test_a_page_over_the_limit_is_refused() -> None:
    """More than a thousand at once is 20007."""
    with pytest.raises(PageSizeTooLarge):
        read_page(parse(b"PageSize=1001"))


def test_one_more_than_a_page_says_that_there_is_more() -> None:
    """The extra item is not shown, but tells of the next page."""
    page = Page(number=0, size=2)
    assert split([1, 2, 3], page) == ([1, 2], True)
    assert split([1, 2], page) == ([1, 2], False)
