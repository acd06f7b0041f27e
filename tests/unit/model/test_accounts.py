"""Accounts, keys and applications."""

import pytest

from midcall.model.accounts import Account, ApiKey, Application
from midcall.model.endpoints import Endpoint, Method
from midcall.model.sids import AccountSid, ApplicationSid, KeySid
from tests.unit.core.calls.stage import NOW

ACCOUNT = Account(
    sid=AccountSid("AC1"), auth_token="hush", friendly_name="F", created_at=NOW, updated_at=NOW
)
KEY = ApiKey(
    sid=KeySid("SK1"),
    account_sid=AccountSid("AC1"),
    secret="hush",
    friendly_name="F",
    created_at=NOW,
    updated_at=NOW,
)


@pytest.mark.parametrize("record", [ACCOUNT, KEY])
def test_a_secret_is_not_shown_in_logs(record: Account | ApiKey) -> None:
    """Whatever prints the record prints its SID only."""
    for text in (repr(record), str(record), f"{[record]}"):
        assert "hush" not in text
        assert record.sid in text


@pytest.mark.parametrize(
    ("url", "expected"),
    [("", None), ("https://x.example/", Endpoint("https://x.example/", Method.GET))],
)
def test_an_application_is_asked_where_its_voice_url_says(
    url: str, expected: Endpoint | None
) -> None:
    """Without a URL its document is kept here, or nowhere."""
    application = Application(
        sid=ApplicationSid("AP1"),
        account_sid=AccountSid("AC1"),
        friendly_name="F",
        created_at=NOW,
        updated_at=NOW,
        voice_url=url,
        voice_method=Method.GET,
    )
    assert application.voice_endpoint == expected
