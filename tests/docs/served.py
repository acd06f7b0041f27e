"""An ASGI application on a loopback port, on a thread of its own."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator

import trustme
import uvicorn
from starlette.types import ASGIApp

from tests.acceptance.support.processes import PATIENCE_SECONDS, eventually


@contextlib.contextmanager
def serving(app: ASGIApp, certificate: trustme.LeafCert | None = None) -> Iterator[str]:
    """Serve until the block ends, over TLS if there is a certificate; give the origin."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        config = uvicorn.Config(app, log_config=None, lifespan="off")
        if certificate is not None:
            config.load()
            config.ssl = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(config.ssl)
        server = uvicorn.Server(config)
        thread = threading.Thread(
            target=server.run, args=([listener],), name="serve pages", daemon=True
        )
        thread.start()
        eventually(lambda: server.started, "the pages are served")
        yield f"{'http' if certificate is None else 'https'}://127.0.0.1:{port}"
        server.should_exit = True
        thread.join(PATIENCE_SECONDS)
