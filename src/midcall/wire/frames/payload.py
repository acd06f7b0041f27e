"""What frames of both directions have in common."""

from typing import Final

import msgspec

VERSION: Final = "1.6"
HEARTBEAT: Final = "\n"


class Payload(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The payload of a frame; what is as usual is left out."""
