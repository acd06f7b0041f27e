"""What every refusal has in common.

A fault carries facts as attributes; the sentence is composed from them. ``code`` is the code in the
original's error dictionary, ``http_status`` the status of a REST answer with it, and ``temporary``
whether the same request may succeed later.
"""

from typing import ClassVar


class Fault(Exception):
    """The root of all faults. ``str(fault)`` is the sentence for the client."""

    code: int = 20500
    http_status: ClassVar[int] = 500
    temporary: ClassVar[bool] = False

    def __str__(self) -> str:
        """Compose the sentence that the client reads."""
        return "An internal server error occurred"


class Unavailable(Fault):
    """The server cannot take this now."""

    code = 20503
    http_status = 503
    temporary = True

    def __str__(self) -> str:
        return "The service is not available right now. Try again later"
