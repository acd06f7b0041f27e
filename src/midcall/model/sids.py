"""String identifiers: two capital letters that tell the kind, then 32 hexadecimal digits."""

import re
from typing import Final, NewType

AccountSid = NewType("AccountSid", str)
CallSid = NewType("CallSid", str)
MessageSid = NewType("MessageSid", str)
SubscriptionSid = NewType("SubscriptionSid", str)
ApplicationSid = NewType("ApplicationSid", str)
KeySid = NewType("KeySid", str)
NotificationSid = NewType("NotificationSid", str)
PhoneNumberSid = NewType("PhoneNumberSid", str)

ACCOUNT: Final = "AC"
CALL: Final = "CA"
MESSAGE: Final = "KX"
SUBSCRIPTION: Final = "ZY"
APPLICATION: Final = "AP"
KEY: Final = "SK"
NOTIFICATION: Final = "NO"
PHONE_NUMBER: Final = "PN"

_SID = re.compile(r"[A-Z]{2}[0-9a-fA-F]{32}", re.ASCII)


def is_sid(prefix: str, text: str) -> bool:
    """Tell whether ``text`` is a well-formed SID of the kind ``prefix`` (either case of hex)."""
    return text.startswith(prefix) and _SID.fullmatch(text) is not None


def from_entropy(prefix: str, entropy: bytes) -> str:
    """Make the SID of the kind ``prefix`` that 16 bytes of randomness name."""
    if len(entropy) != 16:
        raise ValueError(f"a SID takes 16 bytes of randomness, not {len(entropy)}")
    return prefix + entropy.hex()
