"""The application under test, served to the emulator: from an application to a URL.

Callbacks and requests for TwiML are real requests, so an application has to be somewhere. It is
served on a free loopback port, by a thread of its own, until the emulator closes.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import uvicorn

from midcall.app.embedding import LOOPBACK, listen_anywhere
from midcall.testing.waiting import MARGIN_SECONDS

WsgiApp = Callable[..., Any]
AsgiApp = Callable[..., Any]


class _Server(ThreadingMixIn, WSGIServer):
    """A WSGI server that answers several requests at once: one may lead to another."""

    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    """Requests that leave no line on the terminal."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def served_wsgi(app: WsgiApp) -> Iterator[str]:
    """Serve a WSGI application, as Flask's or Django's; give its origin."""
    server = make_server(LOOPBACK, 0, app, server_class=_Server, handler_class=_Quiet)
    # How often it looks whether to end is how long the end takes.
    thread = threading.Thread(
        target=server.serve_forever, args=(0.01,), name="application under test", daemon=True
    )
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(MARGIN_SECONDS)


@contextlib.contextmanager
def served_asgi(app: AsgiApp) -> Iterator[str]:
    """Serve an ASGI application, as FastAPI's or Starlette's; give its origin."""
    listeners = listen_anywhere()
    server = uvicorn.Server(
        uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(
        target=server.run, args=(listeners,), name="application under test", daemon=True
    )
    # The port listens already: a request that comes before the application is ready waits.
    port = listeners[0].getsockname()[1]
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{port}"
    finally:
        server.should_exit = True
        thread.join(MARGIN_SECONDS)
