"""What ``midcall dev`` says."""

import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from midcall.app.bootstrap import Credentials
from midcall.app.settings import Settings
from midcall.app.welcome import welcome
from midcall.model.accounts import Account, ApiKey, Application
from midcall.model.sids import AccountSid, ApplicationSid, KeySid

AT = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
ACCOUNT = AccountSid("AC" + "a" * 32)
CREDENTIALS = Credentials(
    account=Account(
        sid=ACCOUNT, auth_token="1" * 32, friendly_name="x", created_at=AT, updated_at=AT
    ),
    key=ApiKey(
        sid=KeySid("SK" + "b" * 32),
        account_sid=ACCOUNT,
        secret="2" * 32,
        friendly_name="x",
        created_at=AT,
        updated_at=AT,
    ),
    application=Application(
        sid=ApplicationSid("AP" + "c" * 32),
        account_sid=ACCOUNT,
        friendly_name="x",
        created_at=AT,
        updated_at=AT,
    ),
)


def test_everything_that_one_needs_is_there() -> None:
    """Credentials, the two phones, the libraries' recipe: each as it is pasted."""
    text = welcome(Settings(port=9000), CREDENTIALS, Path("/srv/ca.pem"))
    for needed in (
        ACCOUNT,
        "1" * 32,
        CREDENTIALS.key.sid,
        "2" * 32,
        "AP" + "c" * 32,
        "https://localhost:9000/phone?identity=alice",
        "https://localhost:9000/phone?identity=bob",
        "client.api.base_url = 'https://localhost:9000'",
        "client.api.baseUrl = 'https://localhost:9000'",
        "NODE_EXTRA_CA_CERTS=/srv/ca.pem",
    ):
        assert needed in text


def test_the_link_to_the_console_logs_in() -> None:
    """The one-time key is in the fragment, which goes nowhere; without a key there is no link."""
    with_key = replace(CREDENTIALS, console_key="4" * 64)
    link = f"https://localhost:8443/console#key={'4' * 64}"
    assert link in welcome(Settings(), with_key, None)
    assert "/console" not in welcome(Settings(), CREDENTIALS, None)


def test_without_a_local_authority_nothing_speaks_of_one() -> None:
    """Plain HTTP has no certificate to trust."""
    text = welcome(Settings(tls="off"), CREDENTIALS, None)
    assert "http://localhost:8443/phone" in text
    assert "cacert" not in text
    assert "certificate" not in text
    assert "None" not in text


@pytest.mark.parametrize("directory", ["/srv/my certificates", "/srv/it's", "/srv/$HOME"])
def test_any_path_can_be_pasted(directory: str) -> None:
    """A shell reads the path of the authority as what it is."""
    path = Path(directory) / "ca.pem"
    lines = welcome(Settings(), CREDENTIALS, path).splitlines()
    (export,) = [line for line in lines if line.lstrip().startswith("export")]
    words = shlex.split(export)
    assert words[1:] == [
        f"{name}={path}" for name in ("NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
    ]
    (curl,) = [line for line in lines if line.lstrip().startswith("curl")]
    assert str(path) in shlex.split(curl.rstrip("\\"))
