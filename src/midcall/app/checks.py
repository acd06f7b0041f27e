"""Whether a server could run here: what it needs of the machine, looked at before it starts."""

import shutil
import socket
import sqlite3
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509

from midcall.app.settings import Settings

LEAST_SQLITE: Final = (3, 35)
"""The first that has what the store's statements use."""

SOON: Final = timedelta(days=14)
"""A certificate that ends within this time wants to be renewed."""


class Verdict(StrEnum):
    """How it is with something."""

    FINE = "fine"
    LACKING = "lacking"
    """A server runs without it, and cannot do something."""
    WRONG = "wrong"
    """A server does not run."""


class Finding(msgspec.Struct, frozen=True):
    """What was looked at, how it is, and a sentence about it."""

    what: str
    verdict: Verdict
    says: str


def examine(settings: Settings) -> list[Finding]:
    """Look at everything; nothing is changed by it."""
    return [
        _python(),
        _sqlite(),
        _store(settings),
        _port(settings),
        *_certificate(settings),
        _speech(settings),
        _sdk(settings),
    ]


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("Python", Verdict.FINE, version)


def _sqlite() -> Finding:
    found = sqlite3.sqlite_version
    fine = tuple(map(int, found.split(".")))[:2] >= LEAST_SQLITE
    least = ".".join(map(str, LEAST_SQLITE))
    says = found if fine else f"{found} is too old: {least} or newer is needed"
    return Finding("SQLite", Verdict.FINE if fine else Verdict.WRONG, says)


def _store(settings: Settings) -> Finding:
    path = settings.store_path
    if path is None:
        return Finding("store", Verdict.FINE, "in memory: everything is gone when the server stops")
    if path.exists():
        return Finding("store", Verdict.FINE, f"{path}, {path.stat().st_size:,} bytes")
    directory = path.absolute().parent
    if not directory.is_dir():
        return Finding("store", Verdict.WRONG, f"there is no directory {directory}")
    return Finding("store", Verdict.FINE, f"{path} will be made")


def _port(settings: Settings) -> Finding:
    what = f"port {settings.port}"
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
        for family, kind, protocol, _, address in found:
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
    except OSError as error:
        return Finding(what, Verdict.WRONG, f"{settings.host}: {error.strerror or error}")
    return Finding(what, Verdict.FINE, f"is free on {settings.host}")


def _certificate(settings: Settings) -> Iterator[Finding]:
    match settings.tls:
        case "off":
            says = f"off: {settings.public_url} has to be served by a proxy in front"
            yield Finding("TLS", Verdict.FINE, says)
        case "auto":
            says = f"a certificate of the local CA in {settings.tls_directory}"
            yield Finding("TLS", Verdict.FINE, says)
        case "files":
            if settings.tls_cert is not None:
                yield _expiry(settings.tls_cert, datetime.now(UTC))


def _expiry(path: Path, now: datetime) -> Finding:
    ends = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    if ends <= now:
        return Finding("TLS", Verdict.WRONG, f"the certificate in {path} ended on {ends:%d %B %Y}")
    soon = ends - now < SOON
    says = f"the certificate in {path} is good until {ends:%d %B %Y}"
    return Finding("TLS", Verdict.LACKING if soon else Verdict.FINE, says)


def _speech(settings: Settings) -> Finding:
    if settings.media == "none":
        return Finding("speech", Verdict.FINE, "not needed: there is no audio")
    if shutil.which("espeak-ng"):
        return Finding("speech", Verdict.FINE, "espeak-ng speaks what <Say> says")
    return Finding("speech", Verdict.LACKING, "install espeak-ng, or <Say> is silent")


def _sdk(settings: Settings) -> Finding:
    if settings.voice_sdk is None:
        says = "not found: /phone needs it (npm install @twilio/voice-sdk)"
        return Finding("Voice SDK", Verdict.LACKING, says)
    return Finding("Voice SDK", Verdict.FINE, str(settings.voice_sdk))
