"""Getting the document that a leg waits for: from a customer's server, or from what is kept.

A sound in the place of a document is played, plain text that is no TwiML is spoken; the call is
over then, as at the end of any document.
"""

import structlog

from midcall.core.calls import events as ev
from midcall.core.ports import DocumentReader, DocumentSource, Fetched
from midcall.model.errors import TwimlFault
from midcall.model.families import Fetching, Leg
from midcall.model.twiml import Document, Play, Say

log = structlog.get_logger()

NO_DOCUMENT = 11100
"""The documented code for a URL that cannot be used: there is none."""

INTERNAL = 12400
"""The documented code for an internal failure while a document is had."""

SOUND = "audio/"
PLAIN_TEXT = "text/plain"
KEPT_HERE = "text/xml"
"""What a document is that an application or a request brought along."""


class Documents:
    """Gets documents, and answers with the event of it."""

    def __init__(self, source: DocumentSource, reader: DocumentReader) -> None:
        self._source = source
        self._reader = reader

    async def get(self, leg: Leg, activity: Fetching) -> ev.DocumentArrived | ev.DocumentFailed:
        """Get and understand the document of a fetch; never raises."""
        try:
            return await self._arrived(leg, activity)
        except TwimlFault as fault:
            known = fault
        except Exception:
            log.exception("A document could not be had", call_sid=leg.sid)
            known = TwimlFault(INTERNAL, "internal error", activity.origin.url)
        return ev.DocumentFailed(
            call_sid=leg.sid,
            token=activity.token,
            code=known.twiml_code,
            reason=known.reason,
            url=known.url,
            evidence=known.evidence,
        )

    async def _arrived(self, leg: Leg, activity: Fetching) -> ev.DocumentArrived:
        fetched = await self._fetched(leg, activity)
        return ev.DocumentArrived(
            call_sid=leg.sid,
            token=activity.token,
            document=self._document(fetched),
            url=fetched.url,
        )

    def _document(self, fetched: Fetched) -> Document:
        """Understand what came, by its content type (TwiML page, "content types")."""
        if fetched.content_type.startswith(SOUND):
            return Document((Play(url=fetched.url),))
        try:
            return self._reader.parse(fetched.text)
        except TwimlFault as fault:
            if fetched.content_type == PLAIN_TEXT:
                return Document((Say(text=fetched.text),))
            raise TwimlFault(
                fault.twiml_code, fault.reason, fetched.url, fetched.evidence
            ) from fault

    async def _fetched(self, leg: Leg, activity: Fetching) -> Fetched:
        origin = activity.origin
        if origin.endpoint is not None:
            return await self._source.fetch(
                leg.call.account_sid,
                leg.sid,
                origin.endpoint,
                activity.parameters,
                activity.token,
            )
        if not origin.text:
            raise TwimlFault(NO_DOCUMENT, "there is neither a Voice URL nor TwiML")
        text = origin.text
        if origin.template:
            text = self._reader.render(origin.text, activity.parameters, leg.parameters)
        return Fetched(text, KEPT_HERE, "")
