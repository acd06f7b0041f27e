"""What a call hears from customers' servers: the documents that say what to do, and the sounds.

Each way in which there is none has its code in the original's error dictionary; what a document
says, and whether a sound can be played, is for others to find out.

- Every request for a document leaves an exchange, whatever came of it. That the exchange could not
  be kept costs the call nothing.
- Fifteen seconds are the most that either takes, whatever a URL's connection overrides say.
"""

from collections.abc import Callable
from typing import Final
from uuid import UUID

import structlog
from msgspec.structs import replace

from midcall.core.outbox.replies import Answer, Failure, FailureKind
from midcall.core.ports import Clock, Entropy, Fetched, Journal, Store
from midcall.delivery import records
from midcall.delivery.attempt import DEFAULT_LIMITS, Limits
from midcall.delivery.bodies import Undecodable, content_type, decode
from midcall.delivery.egress import Egress
from midcall.delivery.following import Asker, Hop, Journey
from midcall.model.codes import Code
from midcall.model.endpoints import Endpoint, Method
from midcall.model.errors import TwimlFault
from midcall.model.sids import AccountSid, CallSid
from midcall.runtime.whereabouts import whereabouts
from midcall.wire.callbacks import OutgoingRequest, twiml_request
from midcall.wire.urls import shown

_log = structlog.get_logger(__name__)

TWIML_BYTES: Final = 64 * 1024
"""The largest document (error 11750)."""

RECORDING_BYTES: Final = 10 * 1024 * 1024
"""The largest sound: ten minutes of MP3 at 128 kbit/s, two of WAV in CD quality. It is in memory
while it is heard."""

# text/plain is TwiML if it reads like it (TwiML page, "content types").
_TYPES: Final = frozenset({"text/xml", "application/xml", "text/html", "text/plain"})
_SOUND: Final = "audio/"


class HttpDocumentSource:
    """Asks for documents over HTTP, in the account's name (``DocumentSource`` of the ports)."""

    def __init__(
        self,
        *,
        store: Store,
        journal: Journal,
        egress: Egress,
        clock: Clock,
        entropy: Entropy,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._store = store
        self._journal = journal
        self._clock = clock
        self._entropy = entropy
        self._asker = Asker(egress, clock, replace(limits, body_bytes=TWIML_BYTES))

    async def fetch(
        self,
        account: AccountSid,
        call: CallSid,
        endpoint: Endpoint,
        parameters: dict[str, str],
        token: str,
    ) -> Fetched:
        """Ask a customer's server for a document; raise ``TwimlFault`` if none is to be had."""
        build = await _builder(self._store, account, endpoint, parameters, token)
        journey = await self._asker.ask(endpoint, build, parameters_matter=False)
        await self._keep(journey, account, call)
        return _document(_answer(journey), journey)

    async def _keep(self, journey: Journey, account: AccountSid, call: CallSid) -> None:
        kept = records.exchanges(journey, account, call)
        warned = records.warnings(journey, account, call, self._clock(), self._entropy)
        try:
            await self._journal.commit((*kept, *warned))
        except Exception as error:
            _log.error(
                "A request for a document could not be recorded",
                account_sid=account,
                call_sid=call,
                error=whereabouts(error),
            )


class HttpRecordingSource:
    """Gets sounds over HTTP, in the account's name (``RecordingSource`` of the ports).

    There is no cache: a sound that was replaced on the customer's server is heard with the next
    call, and what may be kept how long is left to a cache in front of that server.
    """

    def __init__(
        self,
        *,
        store: Store,
        egress: Egress,
        clock: Clock,
        entropy: Entropy,
        limits: Limits = DEFAULT_LIMITS,
        largest_bytes: int = RECORDING_BYTES,
    ) -> None:
        self._store = store
        self._entropy = entropy
        self._asker = Asker(egress, clock, replace(limits, body_bytes=largest_bytes))

    async def fetch_recording(self, account: AccountSid, url: str) -> bytes:
        """Get a sound; raise ``TwimlFault`` if none is to be had."""
        endpoint = Endpoint(url, Method.GET)
        token = str(UUID(bytes=self._entropy(16), version=4))
        build = await _builder(self._store, account, endpoint, {}, token)
        journey = await self._asker.ask(endpoint, build, parameters_matter=False)
        answer = _answer(journey)
        kind = content_type(answer)
        if not kind.startswith(_SOUND):
            reason = f"the content type is {kind or 'missing'}, not that of a sound"
            raise _fault(Code.PLAY_CONTENT_TYPE, reason, journey)
        _check_body(answer, journey)
        return answer.body


async def _builder(
    store: Store,
    account: AccountSid,
    endpoint: Endpoint,
    parameters: dict[str, str],
    token: str,
) -> Callable[[Hop], OutgoingRequest]:
    owner = await store.find_account(account)
    if owner is None:
        kind = FailureKind.NO_ACCOUNT
        raise TwimlFault(kind.code, kind.value, shown(endpoint.url))
    auth_token = owner.auth_token

    def build(hop: Hop) -> OutgoingRequest:
        sent = parameters if hop.with_parameters else {}
        return twiml_request(hop.endpoint, sent, auth_token=auth_token, token=token)

    return build


def _answer(journey: Journey) -> Answer:
    """Return the answer that a journey ended with; raise ``TwimlFault`` unless it is a success."""
    match journey.last.reply:
        case Failure(kind=kind):
            raise _fault(kind.code, kind.value, journey)
        case Answer(status=status) as answer:
            if not 200 <= status < 300:
                raise _fault(Code.RETRIEVAL, f"the server answered {status}", journey)
            return answer


def _check_body(answer: Answer, journey: Journey) -> None:
    if answer.cut is not None:
        raise _fault(answer.cut.code, answer.cut.value, journey)
    if not answer.body.strip():
        raise _fault(Code.EMPTY_BODY, "there is nothing in the answer", journey)


def _document(answer: Answer, journey: Journey) -> Fetched:
    url = journey.last.endpoint.url.partition("#")[0]
    kind = content_type(answer)
    if kind.startswith(_SOUND):
        return Fetched("", kind, url)
    _check_body(answer, journey)
    if kind not in _TYPES:
        reason = f"the content type is {kind or 'missing'}, not that of XML"
        raise _fault(Code.CONTENT_TYPE, reason, journey)
    try:
        return Fetched(decode(answer), kind, url, records.evidence(journey.last))
    except Undecodable as fault:
        raise _fault(Code.PARSE_FAILURE, fault.reason, journey) from None


def _fault(code: int, reason: str, journey: Journey) -> TwimlFault:
    last = journey.last
    return TwimlFault(code, reason, shown(last.endpoint.url), records.evidence(last))
