import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from midcall.app.certificates import ensure_certificates, names_for

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def read(file: Path) -> x509.Certificate:
    """Return the certificate in a PEM file."""
    return x509.load_pem_x509_certificate(file.read_bytes())


def test_the_certificate_serves_localhost_and_the_replaced_hosts(tmp_path: Path) -> None:
    """The certificate covers local names and every host that clients ask by default."""
    files = ensure_certificates(tmp_path, public_host="voice.example.com", now=NOW)

    served = read(files.certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    names = set(served.value.get_values_for_type(x509.DNSName))
    addresses = {str(address) for address in served.value.get_values_for_type(x509.IPAddress)}
    assert addresses == {"127.0.0.1", "::1"}
    assert names >= {
        "localhost",
        "eventgw.localhost",
        "api.twilio.com",
        "monitor.twilio.com",
        "eventgw.twilio.com",
        "voice-js.twilio.com",
        "voice-js.roaming.twilio.com",
        "voice-js.sao-paulo.twilio.com",
        "voice-js.ashburn-ix.twilio.com",
        "voice.example.com",
        "eventgw.voice.example.com",
    }


def test_a_public_address_has_no_name_below_it() -> None:
    """An IP address as public host is served itself, without an eventgw name."""
    assert names_for("192.168.1.5")[-1] == "192.168.1.5"


def test_files_are_reused(tmp_path: Path) -> None:
    """A second start changes no file and asks nobody to trust anything."""
    first = ensure_certificates(tmp_path, public_host="localhost", now=NOW)
    content = {file: file.read_bytes() for file in tmp_path.iterdir()}

    second = ensure_certificates(tmp_path, public_host="localhost", now=NOW + timedelta(days=300))

    assert (first.ca_is_new, second.ca_is_new) == (True, False)
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == content


def test_private_keys_are_for_their_owner_only(tmp_path: Path) -> None:
    """Keys are made with mode 0600, and given it again when they are reused."""
    ensure_certificates(tmp_path, public_host="localhost", now=NOW)
    (tmp_path / "ca.key").chmod(0o644)

    ensure_certificates(tmp_path, public_host="localhost", now=NOW)

    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert modes == {"ca.key": 0o600, "ca.pem": 0o644, "server.key": 0o600, "server.pem": 0o644}


@pytest.mark.parametrize(
    ("later", "is_renewed"), [(timedelta(days=365), False), (timedelta(days=367), True)]
)
def test_the_certificate_is_renewed_a_month_before_its_end(
    tmp_path: Path, later: timedelta, is_renewed: bool
) -> None:
    """The CA stays while its certificate is renewed, 30 days before it expires."""
    before = ensure_certificates(tmp_path, public_host="localhost", now=NOW)
    serial = read(before.certificate).serial_number

    after = ensure_certificates(tmp_path, public_host="localhost", now=NOW + later)

    assert (read(after.certificate).serial_number != serial) is is_renewed
    assert after.ca_is_new is False


def test_browsers_accept_how_long_it_is_valid(tmp_path: Path) -> None:
    """The certificate lives for less than the 398 days that browsers allow."""
    files = ensure_certificates(tmp_path, public_host="localhost", now=NOW)
    certificate = read(files.certificate)

    assert certificate.not_valid_before_utc < NOW
    lifetime = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert lifetime < timedelta(days=398)


def test_the_ca_outlives_what_it_signs(tmp_path: Path) -> None:
    """A CA too near its end for another certificate is replaced, with what it signed."""
    ca_end = read(ensure_certificates(tmp_path, public_host="localhost", now=NOW).ca)
    late = ca_end.not_valid_after_utc - timedelta(days=400)

    files = ensure_certificates(tmp_path, public_host="localhost", now=late)

    assert files.ca_is_new is True
    assert read(files.certificate).not_valid_after_utc < read(files.ca).not_valid_after_utc
    read(files.certificate).verify_directly_issued_by(read(files.ca))


def test_another_public_host_gets_another_certificate(tmp_path: Path) -> None:
    """A host that the CA was not made for needs a new CA, because the old one may not sign it."""
    ensure_certificates(tmp_path, public_host="a.example.com", now=NOW)

    files = ensure_certificates(tmp_path, public_host="b.example.com", now=NOW)

    assert files.ca_is_new is True


def test_fewer_names_keep_the_ca(tmp_path: Path) -> None:
    """Going back to localhost renews the certificate under the same CA."""
    serial = read(
        ensure_certificates(tmp_path, public_host="a.example.com", now=NOW).certificate
    ).serial_number

    files = ensure_certificates(tmp_path, public_host="localhost", now=NOW)

    assert files.ca_is_new is False
    assert read(files.certificate).serial_number != serial


@pytest.mark.parametrize("content", [b"", b"rubbish", None])
@pytest.mark.parametrize(
    ("name", "loses_the_ca"),
    [("ca.pem", True), ("ca.key", True), ("server.pem", False), ("server.key", False)],
)
def test_damaged_files_are_replaced(
    tmp_path: Path, name: str, loses_the_ca: bool, content: bytes | None
) -> None:
    """A damaged or missing file is made anew, and the CA only when it is the CA's."""
    ensure_certificates(tmp_path, public_host="localhost", now=NOW)
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes(content)

    files = ensure_certificates(tmp_path, public_host="localhost", now=NOW)

    assert files.ca_is_new is loses_the_ca
    read(files.certificate).verify_directly_issued_by(read(files.ca))


def test_a_key_of_another_certificate_is_replaced(tmp_path: Path) -> None:
    """A certificate and a key that do not belong together are both made anew."""
    ours = ensure_certificates(tmp_path / "ours", public_host="localhost", now=NOW)
    other = ensure_certificates(tmp_path / "other", public_host="localhost", now=NOW)
    ours.key.write_bytes(other.key.read_bytes())

    ensure_certificates(tmp_path / "ours", public_host="localhost", now=NOW)

    assert ours.key.read_bytes() != other.key.read_bytes()


def test_the_ca_may_sign_nothing_else(tmp_path: Path) -> None:
    """The CA's name constraints are critical and hold no name but those that are served."""
    files = ensure_certificates(tmp_path, public_host="localhost", now=NOW)

    constraints = read(files.ca).extensions.get_extension_for_class(x509.NameConstraints)

    assert constraints.critical
    permitted = {str(subtree.value) for subtree in constraints.value.permitted_subtrees or ()}
    assert {name.partition("/")[0] for name in permitted} == set(names_for("localhost"))
