"""What is wrong with a document, or with what it asks for."""

from midcall.model.errors.fault import Fault
from midcall.model.notifications import NO_EVIDENCE, Evidence


class UnplayableSound(Fault):
    """What was to be played is no sound that can be."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"The recording cannot be played: {self.reason}"


class TwimlFault(Fault):
    """A document that could not be had or understood.

    ``twiml_code`` is the documented code that the debugger shows; ``code`` is what the device is
    told, which knows no TwiML codes. ``evidence`` is the exchange that it was found in, if any.
    """

    code = 31005

    def __init__(
        self, code: int, reason: str, url: str = "", evidence: Evidence = NO_EVIDENCE
    ) -> None:
        super().__init__(code, reason, url)
        self.twiml_code = code
        self.reason = reason
        self.url = url
        self.evidence = evidence

    def __str__(self) -> str:
        return f"{self.twiml_code}: {self.reason}"
