"""Session descriptions, as far as somebody beside the media has to read them (RFC 8866)."""

import re
from typing import Final

DESCRIPTION_CHARACTERS: Final = 65_536
"""How much of a description is looked through: the longest frame has less."""

# RFC 8122 section 5: a hash function's name, a space, two hexadecimal digits for each byte. The
# longest of its hash functions, SHA-512, has 64 bytes.
_FINGERPRINT: Final = re.compile(
    r"^a=fingerprint:[ \t]*([A-Za-z0-9-]{1,32})[ \t]+"
    r"([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){0,63})[ \t]*\r?$",
    re.ASCII | re.MULTILINE,
)


# RFC 5763 section 5: an offer leaves it open who begins the handshake, an answer does not.
_ACTPASS: Final = re.compile(r"^a=setup:[ \t]*actpass[ \t]*\r?$", re.ASCII | re.MULTILINE)


def is_offer(sdp: str) -> bool:
    """Tell whether a description with DTLS is an offer: one that may wait for its answer."""
    return _ACTPASS.search(sdp[:DESCRIPTION_CHARACTERS]) is not None


def fingerprint(sdp: str) -> str:
    """Return the first certificate fingerprint, of the session or of a medium; empty if none.

    Comparable by ``==``: the hash function's name is in lower case, the digits are in upper case
    (RFC 8122 section 5: neither tells fingerprints apart).
    """
    found = _FINGERPRINT.search(sdp[:DESCRIPTION_CHARACTERS])
    return f"{found[1].lower()} {found[2].upper()}" if found is not None else ""
