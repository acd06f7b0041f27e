"""The test kit: a server in the test's process, phones without a browser, a clock, trouble.

With pytest, ask for the fixture ``midcall``; elsewhere, ``with Emulator() as midcall``. What is
here is loaded when it is used: pytest reads every plugin at its start, whether a test asks for it
or not.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from midcall.testing.api import ApiRefused
    from midcall.testing.emulator import Emulator
    from midcall.testing.faults import Cut, Delay, Drop, FailCallback, Fault
    from midcall.testing.inbox import Inbox, Received
    from midcall.testing.phone import Phone, PhoneCall
    from midcall.testing.waiting import NotInTime

__all__ = [
    "ApiRefused",
    "Cut",
    "Delay",
    "Drop",
    "Emulator",
    "FailCallback",
    "Fault",
    "Inbox",
    "NotInTime",
    "Phone",
    "PhoneCall",
    "Received",
]

_HOMES: Final = {
    "ApiRefused": "api",
    "Cut": "faults",
    "Delay": "faults",
    "Drop": "faults",
    "Emulator": "emulator",
    "FailCallback": "faults",
    "Fault": "faults",
    "Inbox": "inbox",
    "NotInTime": "waiting",
    "Phone": "phone",
    "PhoneCall": "phone",
    "Received": "inbox",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
