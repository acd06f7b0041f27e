"""An ASGI application on a loopback port, on a thread of its own."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from tests.acceptance.support.processes import PATIENCE_SECONDS, eventually


@contextlib.contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Serve until the block ends; give the origin."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        thread = threading.Thread(
            target=server.run, args=([listener],), name="serve pages", daemon=True
        )
        thread.start()
        eventually(lambda: server.started, "the pages are served")
        yield f"http://127.0.0.1:{port}"
        server.should_exit = True
        thread.join(PATIENCE_SECONDS)
