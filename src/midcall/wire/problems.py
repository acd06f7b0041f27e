"""Problems: a fault as the error JSON of the 2010-04-01 REST API.

Every answer with a status from 400 on has this body: some of the official libraries fail on an
error that is not JSON, and all of them read the four keys that are always there.
"""

from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from midcall.model.errors import Fault, NoReply

_DICTIONARY: Final = "https://www.twilio.com/docs/errors/"


class Problem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What went wrong. ``code`` is the error dictionary's, ``status`` the answer's HTTP status.

    ``details`` is there where a program needs more than the sentence to go on.
    """

    code: int
    message: str
    more_info: str
    status: int
    details: dict[str, str] | UnsetType = UNSET


def problem(fault: Fault) -> Problem:
    """Describe a fault to a REST client."""
    return Problem(
        code=fault.code,
        message=str(fault),
        more_info=more_info(fault.code),
        status=fault.http_status,
        details=fault.details if isinstance(fault, NoReply) else UNSET,
    )


def more_info(code: int) -> str:
    """Return where a code of the error dictionary is explained."""
    return f"{_DICTIONARY}{code}"
