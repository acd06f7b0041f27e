"""Lists: a page of resources in its envelope, and the way to the other pages.

There are two envelopes: that of the 2010-04-01 API, with paths, and that of the newer APIs, whose
``meta`` has whole URLs. Neither has a key beyond the documented ones, because the official
libraries refuse a page with more.
"""

from collections.abc import Sequence
from urllib.parse import urlencode

import msgspec

from midcall.wire.shapes import PathText, UrlText


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a list was asked for: ``number`` counts from 0, ``size`` is a page's length.

    ``filters`` are the list's own parameters; they stay in the URIs that lead to other pages.
    """

    number: int
    size: int
    filters: tuple[tuple[str, str], ...] = ()

    @property
    def offset(self) -> int:
        """How many items come before this page."""
        return self.number * self.size

    def uri(self, path: str, number: int) -> str:
        """Return the URI of a page of the list at ``path``."""
        paging = (("PageSize", str(self.size)), ("Page", str(number)))
        return f"{path}?{urlencode(self.filters + paging)}"


class Envelope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a page of the 2010-04-01 API has beside its items (REST API "Paging")."""

    end: int
    first_page_uri: PathText
    next_page_uri: PathText | None
    page: int
    page_size: int
    previous_page_uri: PathText | None
    start: int
    uri: PathText


class Meta(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a page of the newer APIs has beside its items. ``key`` names where the items are."""

    first_page_url: UrlText
    key: str
    next_page_url: UrlText | None
    page: int
    page_size: int
    previous_page_url: UrlText | None
    url: UrlText


def listing(
    name: str, path: str, items: Sequence[msgspec.Struct], page: Page, *, more: bool
) -> dict[str, object]:
    """Return a page of the 2010-04-01 API, with ``items`` under ``name``.

    ``path`` is the list's own; ``more`` says that another page follows.
    """
    envelope = Envelope(
        end=page.offset + max(len(items) - 1, 0),
        first_page_uri=page.uri(path, 0),
        next_page_uri=page.uri(path, page.number + 1) if more else None,
        page=page.number,
        page_size=page.size,
        previous_page_uri=page.uri(path, page.number - 1) if page.number else None,
        start=page.offset,
        uri=page.uri(path, page.number),
    )
    return {name: items, **msgspec.structs.asdict(envelope)}


def meta_listing(
    name: str, url: str, items: Sequence[msgspec.Struct], page: Page, *, more: bool
) -> dict[str, object]:
    """Return a page of the newer APIs, with ``items`` under ``name``.

    ``url`` is the list's own, whole: the official libraries ask for the other pages' URLs as they
    stand.
    """
    meta = Meta(
        first_page_url=page.uri(url, 0),
        key=name,
        next_page_url=page.uri(url, page.number + 1) if more else None,
        page=page.number,
        page_size=page.size,
        previous_page_url=page.uri(url, page.number - 1) if page.number else None,
        url=page.uri(url, page.number),
    )
    return {name: items, "meta": meta}
