"""A server behind a firewall: it listens to an event stream, and is not reachable itself."""

import threading
import urllib.request
from types import TracebackType
from typing import Any, NamedTuple

import msgspec

from tests.acceptance.support.processes import PATIENCE_SECONDS, eventually
from tests.acceptance.support.servers import Midcall, basic


class StreamEvent(NamedTuple):
    """One server-sent event."""

    id: str
    kind: str
    message: dict[str, Any]


class Stream:
    """Listens to an event stream (WHATWG HTML, "Server-sent events") on a thread of its own."""

    def __init__(self, midcall: Midcall, path: str, last_event_id: str | None = None) -> None:
        account = midcall.credentials.account_sid
        request = urllib.request.Request(f"{midcall.url}/2010-04-01/Accounts/{account}/{path}")
        request.add_header("Authorization", basic(midcall.credentials))
        if last_event_id is not None:
            request.add_header("Last-Event-ID", last_event_id)
        opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=midcall.tls()), urllib.request.ProxyHandler({})
        )
        self.events: list[StreamEvent] = []
        self._response = opener.open(request, timeout=PATIENCE_SECONDS)
        self.content_type: str = self._response.headers["Content-Type"]
        self._thread = threading.Thread(target=self._read, name="stream", daemon=True)
        self._over = False

    def __enter__(self) -> "Stream":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over = True

    def find(self, kind: str, sid: str) -> StreamEvent:
        """Wait for an event of this kind about a message."""
        return eventually(
            lambda: next(
                (one for one in list(self.events) if (one.kind, one.message["sid"]) == (kind, sid)),
                None,
            ),
            f"the stream tells the {kind} of {sid}",
        )

    def _read(self) -> None:
        fields: dict[str, str] = {}
        while not self._over and (line := self._response.readline().decode()):
            name, _, value = line.rstrip("\n").partition(": ")
            if name:
                fields[name] = value  # A comment has no name before its colon.
            elif fields.get("data"):
                message = msgspec.json.decode(fields["data"])
                self.events.append(StreamEvent(fields["id"], fields["event"], message))
                fields = {}
