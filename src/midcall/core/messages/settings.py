"""What a server sets about messages."""

from typing import Final

import msgspec

from midcall.core.limits import KEPT_UPLINKS, WAITING_DOWNLINKS
from midcall.core.messages.rate import Rate


class MessageSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How messages are taken.

    ``uplink_rate`` is for each leg. ``first_sequence_number`` is what ``SequenceNumber`` counts
    from. ``waiting_downlinks`` bounds the messages that wait for a leg's device, ``kept_uplinks``
    those that wait for a subscription to a leg.
    """

    uplink_rate: Rate = Rate(50, 100)
    first_sequence_number: int = 0
    waiting_downlinks: int = WAITING_DOWNLINKS
    kept_uplinks: int = KEPT_UPLINKS


DEFAULT_SETTINGS: Final = MessageSettings()
