"""Documents from customers' servers: the requests that ask for TwiML, and what may come back.

Each way in which there is none has its code in the original's error dictionary; what the document
says is for others to find out.
"""

import re
from email.message import Message
from typing import Final

import msgspec

from midcall.core.outbox.replies import Answer, Failure, FailureKind
from midcall.core.ports import Fetched, Store
from midcall.delivery.attempt import DEFAULT_LIMITS, Limits
from midcall.delivery.egress import Egress
from midcall.delivery.following import Hop, ask
from midcall.model.endpoints import Endpoint
from midcall.model.errors import TwimlFault
from midcall.model.sids import AccountSid
from midcall.wire.callbacks import OutgoingRequest, twiml_request
from midcall.wire.urls import shown

TWIML_BYTES: Final = 64 * 1024
"""The largest document (error 11750)."""

RETRIEVAL_FAILURE: Final = 11200
EMPTY: Final = 11770
UNREADABLE: Final = 12100
WRONG_CONTENT_TYPE: Final = 12300

# text/plain is TwiML if it reads like it, which the reader decides (TwiML page, "content types").
_TYPES: Final = frozenset({"text/xml", "application/xml", "text/html", "text/plain"})

# Python knows codecs that are no character sets, and some that are slow on purpose-made input.
_CHARSET: Final = re.compile(
    r"utf-?8|utf-?16(le|be)?|us-ascii|ascii|latin-?1|iso-8859-\d{1,2}|windows-125\d|koi8-[ru]"
    r"|shift_jis|euc-jp|iso-2022-jp|euc-kr|gb2312|gbk|gb18030|big5"
)
_DECLARATION: Final = re.compile(
    rb"""\A\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']"""
)
_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


class HttpDocumentSource:
    """Asks for documents over HTTP, in the account's name (``DocumentSource`` of the ports)."""

    def __init__(self, store: Store, egress: Egress, limits: Limits = DEFAULT_LIMITS) -> None:
        self._store = store
        self._egress = egress
        self._limits = msgspec.structs.replace(limits, body_bytes=TWIML_BYTES)

    async def fetch(
        self, account: AccountSid, endpoint: Endpoint, parameters: dict[str, str], token: str
    ) -> Fetched:
        """Ask a customer's server for a document; raise ``TwimlFault`` if none is to be had."""
        owner = await self._store.find_account(account)
        if owner is None:
            raise _fault(FailureKind.NO_ACCOUNT, endpoint)
        auth_token = owner.auth_token

        def build(hop: Hop) -> OutgoingRequest:
            sent = parameters if hop.with_parameters else {}
            return twiml_request(hop.endpoint, sent, auth_token=auth_token, token=token)

        reply, answered_by = await ask(
            self._egress, endpoint, build, self._limits, parameters_matter=False
        )
        if isinstance(reply, Failure):
            raise _fault(reply.kind, answered_by)
        return _document(reply, answered_by)


def _document(answer: Answer, endpoint: Endpoint) -> Fetched:
    url = shown(endpoint.url)
    if not 200 <= answer.status < 300:
        raise TwimlFault(RETRIEVAL_FAILURE, f"the server answered {answer.status}", url)
    if answer.cut is not None:
        raise _fault(answer.cut, endpoint)
    if not answer.body.strip():
        raise TwimlFault(EMPTY, "the document is empty", url)
    content_type, charset = _content_type(answer.content_type)
    if content_type not in _TYPES:
        reason = f"the content type is {content_type or 'missing'}, not that of XML"
        raise TwimlFault(WRONG_CONTENT_TYPE, reason, url)
    text = _decode(answer.body, charset, url)
    return Fetched(text, content_type, endpoint.url.partition("#")[0])


def _content_type(header: str) -> tuple[str, str | None]:
    message = Message()
    message["Content-Type"] = header.strip()
    # Message assumes text/plain where the header is missing or malformed.
    kind = message.get_content_type() if "/" in header else ""
    return kind, message.get_content_charset()


def _decode(body: bytes, charset: str | None, url: str) -> str:
    """Decode a document: a byte order mark, the header, the XML declaration, else UTF-8.

    That order is RFC 7303's, section 3.
    """
    marked = next((name for mark, name in _MARKS if body.startswith(mark)), None)
    declared = _DECLARATION.match(body)
    name = marked or charset or (declared[1].decode().lower() if declared else "utf-8")
    if marked is None and not _CHARSET.fullmatch(name):
        raise TwimlFault(UNREADABLE, "the document has an unknown character set", url)
    try:
        return body.decode(name)
    except (UnicodeDecodeError, LookupError):
        raise TwimlFault(UNREADABLE, f"the document is not {name}", url) from None


def _fault(kind: FailureKind, endpoint: Endpoint) -> TwimlFault:
    return TwimlFault(kind.code, kind.value, shown(endpoint.url))
