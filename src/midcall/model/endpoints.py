"""Where a customer's server is reached."""

from enum import StrEnum

import msgspec


class Method(StrEnum):
    """The two HTTP methods that a webhook may use."""

    GET = "GET"
    POST = "POST"


class Endpoint(msgspec.Struct, frozen=True):
    """A URL and how to ask it.

    The URL is kept as it was given, query and fragment included: the signature covers the exact
    text, and the fragment carries connection overrides.
    """

    url: str
    method: Method = Method.POST
