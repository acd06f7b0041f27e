"""``X-Twilio-Signature``: how a customer's server knows that a request came from here.

The signature is base64(HMAC-SHA1(auth token, URL + each parameter's name and value)), parameters
sorted by name (webhooks security page). What the official validators agree on beyond the page:

- the URL is the one that was requested, query included; its fragment is neither sent nor signed;
- a GET request has its parameters in the URL, so nothing is appended;
- a parameter that comes more than once counts once for each of its values, sorted.
"""

import base64
import hmac
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Final

HEADER: Final = "X-Twilio-Signature"

Parameters = Mapping[str, str] | Iterable[tuple[str, str]]


def sign(auth_token: str, url: str, parameters: Parameters = ()) -> str:
    """Return the signature of a request to ``url`` with ``parameters`` in its body."""
    pairs = parameters.items() if isinstance(parameters, Mapping) else parameters
    bare_url, _, _ = url.partition("#")
    signed = bare_url + "".join(chain.from_iterable(sorted(set(pairs))))
    return base64.b64encode(hmac.digest(auth_token.encode(), signed.encode(), "sha1")).decode()


def matches(signature: str, auth_token: str, url: str, parameters: Parameters = ()) -> bool:
    """Tell, in time that does not depend on the answer, whether ``signature`` is the right one."""
    expected = sign(auth_token, url, parameters)
    return hmac.compare_digest(signature.encode(), expected.encode())
