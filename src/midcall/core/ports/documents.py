"""Where TwiML and sounds come from, and what understands TwiML."""

from typing import Protocol

import msgspec

from midcall.model.endpoints import Endpoint
from midcall.model.notifications import NO_EVIDENCE, Evidence
from midcall.model.sids import (
    AccountSid,
    CallSid,
)
from midcall.model.twiml import Document, Parameter


class Fetched(msgspec.Struct, frozen=True):
    """A document as it came: the text, and the URL that it came from in the end.

    ``content_type`` is lower-case, without parameters. A sound (``audio/…``) has no text: it is
    to be had again, whole, from ``url``. ``evidence`` is the exchange that brought the document.
    """

    text: str
    content_type: str
    url: str
    evidence: Evidence = NO_EVIDENCE


class DocumentSource(Protocol):
    """Where the text of a call's TwiML comes from."""

    async def fetch(
        self,
        account: AccountSid,
        call: CallSid,
        endpoint: Endpoint,
        parameters: dict[str, str],
        token: str,
    ) -> Fetched:
        """Ask a customer's server for a document, on behalf of a call.

        Each request leaves an exchange. Raises ``TwimlFault`` if no document is to be had.
        """
        ...


class RecordingSource(Protocol):
    """Where the sounds that a call plays come from."""

    async def fetch_recording(self, account: AccountSid, url: str) -> bytes:
        """Get a sound; raise ``TwimlFault`` if none is to be had."""
        ...


class DocumentReader(Protocol):
    """What understands the text of a document."""

    def parse(self, text: str) -> Document:
        """Understand TwiML; raise ``TwimlFault`` if it is none."""
        ...

    def render(self, template: str, parameters: dict[str, str], own: tuple[Parameter, ...]) -> str:
        """Fill in a template that an application keeps here; raise ``TwimlFault``."""
        ...
