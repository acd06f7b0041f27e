"""Accounts, keys under both names, and TURN credentials over HTTP."""

import asyncio
import base64
import hmac
from typing import Any

import pytest
from msgspec.structs import replace
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client as OfficialClient

from midcall.core.ports import PutAccount
from midcall.model.accounts import AccountStatus
from tests.integration.rest.conftest import TURN, Site
from tests.integration.rest.records import ACCOUNT, AT, BASE, LIVE, OTHER, OWN_KEY, basic

ACCOUNTS = "/2010-04-01/Accounts"


def as_itself(site: Site, account: Any) -> Any:
    """Return the official library with an account's own credentials."""
    client = OfficialClient(account.sid, account.auth_token)
    client.api.base_url = site.url
    return client


def refusal(ask: Any) -> tuple[int, int | None]:
    """Return the status and code that the official library is refused with."""
    with pytest.raises(TwilioRestException) as refused:
        ask()
    return refused.value.status, refused.value.code


def test_the_official_library_makes_sub_accounts(site: Site) -> None:
    """They have names, tokens and an owner, and are listed with it."""
    accounts = site.official().api.v2010.accounts
    made = accounts.create(friendly_name="Branch")
    assert (made.owner_account_sid, made.status, made.type) == (ACCOUNT.sid, "active", "Full")
    assert accounts.create().friendly_name == "SubAccount Created at 2026-05-04 03:02 AM"
    assert {one.sid for one in accounts.list(page_size=1)} > {ACCOUNT.sid, made.sid}
    assert len(accounts.list()) == 3
    assert [one.sid for one in accounts.list(friendly_name="Branch")] == [made.sid]
    assert accounts.list(status="closed") == []
    assert accounts(made.sid).update(friendly_name="Office").friendly_name == "Office"
    assert accounts(ACCOUNT.sid).fetch().owner_account_sid == ACCOUNT.sid


def test_an_owner_acts_in_its_sub_account(site: Site) -> None:
    """What it makes there belongs to the sub-account, and the sub-account sees it."""
    owner = site.official()
    sub = owner.api.v2010.accounts.create()
    inside = owner.api.v2010.accounts(sub.sid)
    application = inside.applications.create(friendly_name="Theirs")
    assert application.account_sid == sub.sid
    assert [one.sid for one in as_itself(site, sub).applications.list()] == [application.sid]
    assert owner.applications.list() == []
    key = inside.new_keys.create()
    assert site.ask("GET", f"{BASE}/Keys/{key.sid}.json").status == 404
    call = inside.calls.create(to="client:amy", from_="shop", application_sid=application.sid)
    assert (call.account_sid, call.status) == (sub.sid, "queued")


def test_a_sub_account_is_shut_in(site: Site) -> None:
    """It sees neither its owner nor its siblings, and owns no accounts; nor does a key help."""
    owner = site.official()
    accounts = owner.api.v2010.accounts
    one, other = accounts.create(), accounts.create()
    inside = as_itself(site, one).api.v2010.accounts
    assert [found.sid for found in inside.list()] == [one.sid]
    for sid in (ACCOUNT.sid, other.sid, OTHER.sid):
        assert refusal(inside(sid).fetch) == (404, 20404)
    assert refusal(inside.create) == (400, 21100)
    for path in (f"{ACCOUNTS}/{one.sid}/Calls.json", f"{ACCOUNTS}/{OTHER.sid}/Calls.json"):
        assert site.ask("GET", path, authorization=OWN_KEY).status == 404
    for path in (f"{ACCOUNTS}.json", f"{ACCOUNTS}/{ACCOUNT.sid}.json"):
        assert site.ask("GET", path, authorization=OWN_KEY).json["code"] == 20003


def test_a_suspended_account_does_nothing_until_it_is_reactivated(site: Site) -> None:
    """Its credentials open nothing; its owner looks, but makes nothing in it."""
    accounts = site.official().api.v2010.accounts
    sub = accounts.create()
    assert accounts(sub.sid).update(status="suspended").status == "suspended"
    itself = as_itself(site, sub)
    assert refusal(itself.calls(LIVE).fetch) == (403, 20005)
    assert refusal(itself.api.v2010.accounts(sub.sid).fetch) == (403, 20005)
    assert accounts(sub.sid).calls.list() == []
    assert refusal(accounts(sub.sid).applications.create) == (403, 20005)
    assert accounts(sub.sid).update(status="active").status == "active"
    assert itself.calls.list() == []


def test_a_suspended_owner_takes_its_sub_accounts_with_it(site: Site) -> None:
    """Neither does anything until the operator reactivates the owner."""
    sub = site.official().api.v2010.accounts.create()
    for status, answered in ((AccountStatus.SUSPENDED, 403), (AccountStatus.ACTIVE, 200)):
        site.commit(PutAccount(replace(ACCOUNT, status=status)))
        for sid, token in ((sub.sid, sub.auth_token), (ACCOUNT.sid, ACCOUNT.auth_token)):
            path = f"{ACCOUNTS}/{sid}/Calls.json"
            assert site.ask("GET", path, authorization=basic(sid, token)).status == answered


def test_two_changes_of_an_account_at_once_lose_nothing(site: Site) -> None:
    """A new name and a new status are both there in the end, again and again."""

    async def change_both(path: str) -> None:
        await asyncio.gather(
            asyncio.to_thread(site.ask, "POST", path, {"FriendlyName": "Office"}),
            asyncio.to_thread(site.ask, "POST", path, {"Status": "suspended"}),
        )

    for _ in range(8):
        sid = site.ask("POST", f"{ACCOUNTS}.json").json["sid"]
        asyncio.run(change_both(f"{ACCOUNTS}/{sid}.json"))
        kept = site.ask("GET", f"{ACCOUNTS}/{sid}.json").json
        assert (kept["friendly_name"], kept["status"]) == ("Office", "suspended")


def test_a_closed_account_stays_closed(site: Site) -> None:
    """It is still listed; nobody opens it again."""
    accounts = site.official().api.v2010.accounts
    sub = accounts.create()
    accounts(sub.sid).update(status="closed")
    assert refusal(lambda: accounts(sub.sid).update(status="active")) == (400, 21100)
    assert [one.sid for one in accounts.list(status="closed")] == [sub.sid]
    assert refusal(as_itself(site, sub).calls(LIVE).fetch) == (403, 20005)


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"Status": "suspended"}, 21100),
        ({"Status": "happy"}, 20001),
        ({"FriendlyName": "a" * 65}, 20001),
    ],
)
def test_a_change_of_an_account_that_cannot_be_is_refused(
    standing: Site, parameters: dict[str, str], code: int
) -> None:
    """An account cannot lock itself out."""
    answer = standing.ask("POST", f"{BASE}.json", parameters)
    assert (answer.status, answer.json["code"]) == (400, code)


def test_signing_keys_are_the_keys(site: Site) -> None:
    """What is made under either name is there under both."""
    client = site.official()
    made = client.new_signing_keys.create(friendly_name="Phones")
    assert made.secret
    assert client.keys(made.sid).fetch().friendly_name == "Phones"
    assert client.signing_keys(made.sid).update(friendly_name="Desk").friendly_name == "Desk"
    assert client.keys(made.sid).update(friendly_name="Door").friendly_name == "Door"
    assert {one.sid for one in client.signing_keys.list(page_size=1)} == {
        one.sid for one in client.keys.list()
    }
    assert client.signing_keys(made.sid).delete()
    assert refusal(client.keys(made.sid).fetch) == (404, 20404)


def test_the_official_library_gets_turn_credentials(standing: Site) -> None:
    """They open the site's TURN server until they expire."""
    token = standing.official().tokens.create(ttl=600)
    assert (token.ttl, token.account_sid) == ("600", ACCOUNT.sid)
    assert token.username == f"{int(AT.timestamp()) + 600}:{ACCOUNT.sid}"
    digest = hmac.digest(TURN.secret.encode(), token.username.encode(), "sha1")
    assert base64.b64decode(token.password) == digest
    assert [server["urls"] for server in token.ice_servers] == list(TURN.urls)
    assert standing.official().tokens.create().ttl == "86400"


@pytest.mark.parametrize("ttl", ["0", "86401", "long"])
def test_credentials_do_not_outlive_a_day(standing: Site, ttl: str) -> None:
    """Nor do they end before they begin."""
    answer = standing.ask("POST", f"{BASE}/Tokens.json", {"Ttl": ttl})
    assert (answer.status, answer.json["code"]) == (400, 20001)


def test_the_api_describes_itself_to_everybody(standing: Site) -> None:
    """The document needs no credentials: it says nothing about anybody."""
    answer = standing.ask("GET", "/openapi.json", authorization=None)
    assert (answer.status, answer.json["openapi"]) == (200, "3.1.0")
    assert answer.headers["Content-Type"] == "application/json"


def test_another_account_cannot_be_told_from_none(standing: Site) -> None:
    """Every operation answers alike below an account of somebody else and below nobody's."""
    document = standing.ask("GET", "/openapi.json", authorization=None).json
    for template, operations in document["paths"].items():
        if "{AccountSid}" not in template:
            continue
        for method in operations:
            answers = []
            for account in (OTHER.sid, "AC" + "9" * 32):
                path = _filled(template, account)
                answer = standing.ask(method.upper(), path)
                answers.append((answer.status, answer.json["message"].replace(account, "")))
            assert answers[0] == answers[1]
            assert answers[0][0] == 404


def _filled(template: str, account: str) -> str:
    """Return a path with SIDs in it, those of the caller's own live call among them."""
    sids = {
        "{AccountSid}": account,
        "{CallSid}": LIVE,
        "{ApplicationSid}": "AP" + "1" * 32,
        "{KeySid}": "SK" + "1" * 32,
        "{NotificationSid}": "NO" + "1" * 32,
        "{PhoneNumberSid}": "PN" + "1" * 32,
        "{SubscriptionSid}": "ZY" + "1" * 32,
    }
    for name, sid in sids.items():
        template = template.replace(name, sid)
    return template


def test_the_second_account_has_credentials_of_its_own(site: Site) -> None:
    """A sub-account's token opens it, and only it."""
    sub = site.official().api.v2010.accounts.create()
    token = basic(sub.sid, sub.auth_token)
    assert site.ask("GET", f"{ACCOUNTS}/{sub.sid}/Calls.json", authorization=token).status == 200
    assert site.ask("GET", f"{BASE}/Calls.json", authorization=token).status == 404
