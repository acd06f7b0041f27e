"""The made certificate in real TLS handshakes on loopback."""

import os
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from midcall.app.certificates import CertificateFiles, ensure_certificates
from midcall.app.refusals import refuse_pair
from midcall.app.settings import SettingsError, load

NODE = shutil.which("node")


@pytest.fixture
def files(tmp_path: Path) -> CertificateFiles:
    """Certificates that are valid today."""
    return ensure_certificates(
        tmp_path / "tls", public_host="voice.example.com", now=datetime.now(UTC)
    )


@pytest.fixture
def port(files: CertificateFiles) -> Iterator[int]:
    """A TLS server that says `hello` to whoever trusts its certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.certificate, files.key)
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def greet() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(5)
                    try:
                        with context.wrap_socket(connection, server_side=True) as secured:
                            secured.sendall(b"hello")
                    except OSError:
                        continue

        thread = threading.Thread(target=greet, name="greeter", daemon=True)
        thread.start()
        yield int(listening.getsockname()[1])
        # Closing alone does not wake a thread that waits in accept.
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(timeout=5)


def said(port: int, name: str, trusted: Path) -> bytes:
    """Return what the server says to a client that trusts one CA and expects one name."""
    context = ssl.create_default_context(cafile=str(trusted))
    # What Python 3.13 does by default: the extensions of RFC 5280 have to be there.
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as connection,
        context.wrap_socket(connection, server_hostname=name) as secured,
    ):
        return secured.recv(5)


@pytest.mark.parametrize(
    "name",
    [
        "localhost",
        "eventgw.localhost",
        "127.0.0.1",
        "::1",
        "api.twilio.com",
        "voice-js.roaming.twilio.com",
        "voice.example.com",
        "eventgw.voice.example.com",
    ],
)
def test_python_trusts_the_certificate(files: CertificateFiles, port: int, name: str) -> None:
    """A client that trusts the CA, and checks strictly, accepts every served name."""
    assert said(port, name, files.ca) == b"hello"


def test_another_name_is_not_trusted(files: CertificateFiles, port: int) -> None:
    """The certificate does not stand for a host that it does not name."""
    with pytest.raises(ssl.SSLCertVerificationError):
        said(port, "www.twilio.com", files.ca)


def test_another_ca_is_not_trusted(tmp_path: Path, port: int) -> None:
    """A client that trusts the CA of another checkout refuses this certificate."""
    other = ensure_certificates(tmp_path / "other", public_host="localhost", now=datetime.now(UTC))

    with pytest.raises(ssl.SSLCertVerificationError):
        said(port, "localhost", other.ca)


@pytest.mark.skipif(NODE is None, reason="Node is not installed")
def test_node_trusts_the_certificate(files: CertificateFiles, port: int) -> None:
    """Node accepts the certificate when NODE_EXTRA_CA_CERTS names the CA."""
    script = f"""
        const socket = require('tls').connect(
          {{host: '127.0.0.1', port: {port}, servername: 'api.twilio.com'}});
        socket.on('data', (said) => {{ process.stdout.write(said); socket.destroy(); }});
    """
    done = subprocess.run(
        [NODE or "node", "-e", script],
        env={**os.environ, "NODE_EXTRA_CA_CERTS": str(files.ca)},
        capture_output=True,
        timeout=30,
        check=True,
    )

    assert done.stdout == b"hello"


def test_a_pair_of_files_is_taken(files: CertificateFiles) -> None:
    """TLS from files is accepted when the certificate belongs to the key."""
    settings = load(
        {"tls": "files", "tls_cert": str(files.certificate), "tls_key": str(files.key)},
        profile="dev",
    )

    assert (settings.tls_cert, settings.tls_key) == (files.certificate, files.key)


def test_a_pair_that_does_not_match_is_refused(files: CertificateFiles, tmp_path: Path) -> None:
    """TLS from files is refused when the key belongs to another certificate."""
    other = ensure_certificates(
        tmp_path / "other", public_host="localhost", now=datetime.now(UTC) + timedelta(days=1)
    )

    with pytest.raises(SettingsError) as caught:
        load(
            {"tls": "files", "tls_cert": str(files.certificate), "tls_key": str(other.key)},
            profile="dev",
        )

    assert caught.value.problems == (
        f"MIDCALL_TLS_CERT: the certificate in {files.certificate} does not belong to the key"
        f" in {other.key}",
    )


def test_files_that_are_not_pem_are_refused(tmp_path: Path) -> None:
    """TLS from files is refused when they hold something else."""
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_text("rubbish")

    assert list(refuse_pair(rubbish, rubbish)) == [
        f"no certificate and key can be read from {rubbish} and {rubbish}"
    ]
