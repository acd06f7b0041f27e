"""Asks the midcall in this container whether it takes work: exit code 0 if it does.

Reads the settings that say where it listens. The certificate is not checked: it is for the public
name, and this asks over loopback or the container's own network.
"""

import os
import ssl
import sys
from http.client import HTTPConnection, HTTPException, HTTPSConnection

SECONDS = 2.0

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "[::]": "::1"}  # noqa: S104 - not bound to
"""Who listens everywhere is asked on loopback."""


def connect() -> HTTPConnection:
    """Return a connection to the server that the settings describe."""
    given = os.environ.get("MIDCALL_HOST", "localhost")
    host, port = EVERYWHERE.get(given, given), int(os.environ.get("MIDCALL_PORT", "8443"))
    if os.environ.get("MIDCALL_TLS", "auto").strip().lower() == "off":
        return HTTPConnection(host, port, timeout=SECONDS)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return HTTPSConnection(host, port, timeout=SECONDS, context=context)


def is_ready() -> bool:
    """Tell whether ``/readyz`` answers with 200."""
    connection = connect()
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if is_ready() else 1)
