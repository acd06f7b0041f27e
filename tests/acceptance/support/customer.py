"""A customer's web server: real HTTP on loopback, every request kept exactly as it came."""

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

import msgspec
from twilio.request_validator import RequestValidator

from tests.acceptance.support.processes import PATIENCE_SECONDS, eventually

TWIML = "text/xml; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer."""

    body: bytes = b""
    status: int = 200
    content_type: str = TWIML
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """One request, byte for byte."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        """The body as a form; a field that comes twice is a mistake in all that we receive."""
        pairs = parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True)
        assert len(dict(pairs)) == len(pairs), f"a field came twice: {pairs}"
        return dict(pairs)

    @property
    def query(self) -> dict[str, str]:
        """The pairs of the URL's query."""
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    def json(self) -> dict[str, Any]:
        """The body as a JSON object."""
        decoded = msgspec.json.decode(self.body)
        assert isinstance(decoded, dict)
        return decoded

    def is_signed_with(self, auth_token: str) -> bool:
        """Ask the official Python validator, as its documentation says."""
        kind = self.headers.get("content-type", "")
        fields = self.json() if kind.startswith("application/json") else {}
        if kind.startswith("application/x-www-form-urlencoded"):
            fields = self.form
        signature = self.headers["x-twilio-signature"]
        return bool(RequestValidator(auth_token).validate(self.url, fields, signature))


Answering: TypeAlias = Callable[[Request], Reply]


class Endpoint:
    """One address of the customer's server, and what arrived there."""

    def __init__(self, url: str, answering: Answering) -> None:
        self.url = url
        self.answering = answering
        self.requests: list[Request] = []
        self._arrived = threading.Condition()

    def take(self, request: Request) -> Reply:
        """Keep a request, and answer it."""
        with self._arrived:
            self.requests.append(request)
            self._arrived.notify_all()
        return self.answering(request)

    def wait(self, number: int = 1, patience_seconds: float = PATIENCE_SECONDS) -> list[Request]:
        """Wait until this many requests arrived; return all that there are."""
        with self._arrived:
            enough = self._arrived.wait_for(lambda: len(self.requests) >= number, patience_seconds)
            assert enough, f"{len(self.requests)} of {number} requests arrived at {self.url}"
            return list(self.requests)

    def wait_for(self, matches: Callable[[Request], bool], what: str) -> Request:
        """Wait for a request that fits."""
        return eventually(lambda: next(filter(matches, list(self.requests)), None), what)


class Customer:
    """The server. Each test takes addresses of its own."""

    def __init__(self) -> None:
        self._endpoints: dict[str, Endpoint] = {}
        self._numbers = count(1)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="customer", daemon=True
        )

    @property
    def url(self) -> str:
        """The origin."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> "Customer":
        """Begin to serve."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def endpoint(self, answer: Answering | Reply | str | bytes = b"", suffix: str = "") -> Endpoint:
        """Open an address that always answers so; text is TwiML. ``suffix`` may be a query."""
        path = f"/{next(self._numbers)}"
        endpoint = Endpoint(f"{self.url}{path}{suffix}", _answering(answer))
        self._endpoints[path] = endpoint
        return endpoint

    def find(self, target: str) -> Endpoint | None:
        """Find the endpoint that a request is for."""
        return self._endpoints.get(urlsplit(target).path)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        customer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                request = Request(
                    self.command,
                    f"http://{self.headers['Host']}{self.path}",
                    {name.lower(): value for name, value in self.headers.items()},
                    body,
                )
                endpoint = customer.find(self.path)
                reply = endpoint.take(request) if endpoint else Reply(status=404)
                # Whoever asked may have had enough: that is part of some tests.
                with contextlib.suppress(OSError):
                    self._write(reply)

            def _write(self, reply: Reply) -> None:
                self.send_response(reply.status)
                if reply.status != 204:
                    self.send_header("Content-Type", reply.content_type)
                    self.send_header("Content-Length", str(len(reply.body)))
                for name, value in reply.headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.body)

            do_GET = do_POST = _answer  # noqa: N815 - http.server's names

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        return Handler


def _answering(answer: Answering | Reply | str | bytes) -> Answering:
    if callable(answer):
        return answer
    if isinstance(answer, str | bytes):
        body = answer.encode() if isinstance(answer, str) else answer
        answer = Reply(body) if body else Reply(status=204)
    fixed = answer
    return lambda _request: fixed
