"""A local CA and a server certificate for development, made once and reused.

Clients are told to trust the CA, so it should seldom change and be worth little to a thief:

- The CA is made anew only when it is missing, damaged, near its end, or not permitted to sign a
  name that is now needed. Its name constraints (RFC 5280, 4.2.1.10) permit the names below and no
  other, so that whoever steals its key can pose as a local server and as the replaced hosts, but
  not as a bank.
- The server certificate is made anew when it is damaged, near its end, not of this CA, or for other
  names. It is valid for 397 days, one less than what browsers accept at most.
- Private keys are readable by their owner only. Every file is replaced whole or not at all.

`trustme` would write less here, but sets times by itself, constrains no names and keeps no files.
"""

import ipaddress
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from midcall.app.parsing import find_address

# The values of `edge` and `region` in the Voice SDK 2.18 (lib/twilio/regions.ts). It connects to
# voice-js.<edge>.twilio.com, and passes on as an edge whatever it is given.
_EDGES: Final = (
    "ashburn ashburn-ix dublin frankfurt frankfurt-ix london-ix roaming san-jose-ix sao-paulo"
    " singapore singapore-ix sydney sydney-ix tokyo tokyo-ix umatilla"
).split()
_REGIONS: Final = (
    "au1 au1-ix br1 de1 de1-ix gll ie1 ie1-ix ie1-tnx jp1 jp1-ix sg1 sg1-ix sg1-tnx us1 us1-ix"
    " us1-tnx us2 us2-ix us2-tnx"
).split()
# The hosts that the official SDK and libraries ask when nobody tells them otherwise.
_REPLACED: Final = (
    "api.twilio.com",
    "monitor.twilio.com",
    "eventgw.twilio.com",
    "voice-js.twilio.com",
    *(f"voice-js.{place}.twilio.com" for place in (*_EDGES, *_REGIONS)),
)
_LOCAL: Final = ("localhost", "eventgw.localhost", "127.0.0.1", "::1")

_CA_VALIDITY: Final = timedelta(days=3650)
_VALIDITY: Final = timedelta(days=397)
_RENEW_BEFORE_END: Final = timedelta(days=30)
# A certificate never outlives the CA that signed it.
_RENEW_CA_BEFORE_END: Final = _VALIDITY + _RENEW_BEFORE_END
# For clients whose clock is behind ours.
_EARLIER: Final = timedelta(days=1)

_PRIVATE: Final = 0o600
_PUBLIC: Final = 0o644


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """PEM files to serve TLS with, and the one to trust."""

    ca: Path
    certificate: Path
    key: Path
    ca_is_new: bool
    """Whether clients have to be told to trust `ca`, because it was made just now."""


@dataclass(frozen=True, slots=True)
class _Signed:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def names_for(public_host: str) -> tuple[str, ...]:
    """Return the DNS names and IP addresses to serve, given the host of the public URL."""
    names = [*_LOCAL, *_REPLACED, public_host]
    if find_address(public_host) is None:
        # Where the Voice SDK posts its insights (see `Settings.insights_home`).
        names.append(f"eventgw.{public_host}")
    return tuple(dict.fromkeys(names))


def ensure_certificates(directory: Path, *, public_host: str, now: datetime) -> CertificateFiles:
    """Return usable files in `directory`, making only those that cannot be used as they are.

    `now` has a time zone. Raises `OSError` where the directory cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    names = names_for(public_host)
    files = CertificateFiles(
        ca=directory / "ca.pem",
        certificate=directory / "server.pem",
        key=directory / "server.key",
        ca_is_new=False,
    )
    ca_key = directory / "ca.key"

    ca = _read(files.ca, ca_key)
    ca_is_new = ca is None or not _is_usable_ca(ca.certificate, names, now)
    if ca is None or ca_is_new:
        ca = _make_ca(names, now)
        _write(ca, files.ca, ca_key)

    server = _read(files.certificate, files.key)
    if server is None or not _is_usable(server.certificate, ca.certificate, names, now):
        _write(_make_server(ca, names, now), files.certificate, files.key)

    return CertificateFiles(files.ca, files.certificate, files.key, ca_is_new)


# --- Is it usable? -------------------------------------------------------------------------------


def _is_usable_ca(ca: x509.Certificate, names: Iterable[str], now: datetime) -> bool:
    try:
        ca.verify_directly_issued_by(ca)
        constraints = ca.extensions.get_extension_for_class(x509.NameConstraints).value
        is_ca = ca.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    permitted = set(constraints.permitted_subtrees or ())
    return (
        is_ca
        and permitted.issuperset(_subtrees(names))
        and _is_in_time(ca, now, spare=_RENEW_CA_BEFORE_END)
    )


def _is_usable(
    certificate: x509.Certificate, ca: x509.Certificate, names: Iterable[str], now: datetime
) -> bool:
    try:
        certificate.verify_directly_issued_by(ca)
        served = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return set(served) == set(_general_names(names)) and _is_in_time(
        certificate, now, spare=_RENEW_BEFORE_END
    )


def _is_in_time(certificate: x509.Certificate, now: datetime, *, spare: timedelta) -> bool:
    return certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - spare


# --- Making --------------------------------------------------------------------------------------


def _make_ca(names: Iterable[str], now: datetime) -> _Signed:
    key = ec.generate_private_key(ec.SECP256R1())
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    # Part of the key's own name tells apart the CAs of several checkouts in one trust store.
    name = _common_name(f"midcall local CA {identifier.digest.hex()[:8]}")
    certificate = (
        _builder(name, name, key, now, _CA_VALIDITY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(
            x509.NameConstraints(permitted_subtrees=_subtrees(names), excluded_subtrees=None),
            critical=True,
        )
        .add_extension(identifier, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    return _Signed(certificate, key)


def _make_server(ca: _Signed, names: Iterable[str], now: datetime) -> _Signed:
    key = ec.generate_private_key(ec.SECP256R1())
    signer = ca.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    certificate = (
        _builder(_common_name("midcall"), ca.certificate.subject, key, now, _VALIDITY)
        .add_extension(x509.SubjectAlternativeName(_general_names(names)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(signer), critical=False
        )
        .sign(ca.key, hashes.SHA256())
    )
    return _Signed(certificate, key)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
    validity: timedelta,
) -> x509.CertificateBuilder:
    begins = now - _EARLIER
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + validity)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _common_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general_names(names: Iterable[str]) -> list[x509.GeneralName]:
    found = ((name, find_address(name)) for name in names)
    return [x509.IPAddress(address) if address else x509.DNSName(name) for name, address in found]


def _subtrees(names: Iterable[str]) -> list[x509.GeneralName]:
    """A DNS name permits the names below it as well; an address permits itself."""
    found = ((name, find_address(name)) for name in names)
    return [
        x509.IPAddress(ipaddress.ip_network(address)) if address else x509.DNSName(name)
        for name, address in found
    ]


# --- Files ---------------------------------------------------------------------------------------


def _read(certificate_file: Path, key_file: Path) -> _Signed | None:
    """Return what the files hold; None when they are missing, damaged or not of one another."""
    try:
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    except (FileNotFoundError, ValueError, TypeError):
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        return None
    if key.public_key() != certificate.public_key():
        return None
    # A copy or a backup may have opened it to others.
    key_file.chmod(_PRIVATE)
    return _Signed(certificate, key)


def _write(signed: _Signed, certificate_file: Path, key_file: Path) -> None:
    # Interrupted between the two, they do not belong together, which the next start mends.
    _replace(
        key_file,
        signed.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
        _PRIVATE,
    )
    _replace(certificate_file, signed.certificate.public_bytes(serialization.Encoding.PEM), _PUBLIC)


def _replace(file: Path, content: bytes, mode: int) -> None:
    # mkstemp creates with 0600: a private key is never readable by others, not even for a moment.
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(mode)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
