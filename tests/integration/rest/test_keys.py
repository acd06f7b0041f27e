"""Keys and accounts over HTTP, with the official library and without."""

import pytest
from twilio.base.exceptions import TwilioRestException

from tests.integration.rest.conftest import Site
from tests.integration.rest.records import ACCOUNT, BASE, KEY, LIVE, OTHER, OWN_KEY, basic

KEYS = f"{BASE}/Keys"


def test_the_official_library_makes_a_key_that_opens_the_api(site: Site) -> None:
    """The secret is shown once; with it the key gets in, until it is deleted."""
    official = site.official()
    made = official.new_keys.create(friendly_name="Phones")
    assert made.secret.isalnum()
    assert len(made.secret) == 32
    with_key = site.official(made.sid, made.secret)
    assert with_key.calls(LIVE).fetch().sid == LIVE
    assert official.keys(made.sid).delete()
    with pytest.raises(TwilioRestException) as refused:
        with_key.calls(LIVE).fetch()
    assert (refused.value.status, refused.value.code) == (401, 20003)


def test_the_official_library_lists_and_renames_keys(site: Site) -> None:
    """A key keeps its secret when its name changes."""
    official = site.official()
    official.keys(KEY.sid).update(friendly_name="Desks")
    assert [(key.sid, key.friendly_name) for key in official.keys.list()] == [(KEY.sid, "Desks")]
    assert official.keys(KEY.sid).fetch().friendly_name == "Desks"
    kept = site.run(site.desk.store.find_api_key(KEY.sid))
    assert kept is not None
    assert kept.secret == KEY.secret


def test_a_secret_is_shown_at_creation_only(site: Site) -> None:
    """No other answer has it."""
    made = site.ask("POST", KEYS, {"FriendlyName": "a"})
    assert made.status == 201
    for answer in (
        site.ask("GET", KEYS),
        site.ask("GET", f"{KEYS}/{made.json['sid']}.json"),
        site.ask("POST", f"{KEYS}/{made.json['sid']}.json", {"FriendlyName": "b"}),
    ):
        assert answer.status == 200
        assert made.json["secret"] not in answer.body.decode()
        assert "secret" not in answer.body.decode()


def test_another_accounts_key_is_not_found(site: Site) -> None:
    """Nobody can rename or delete somebody else's key."""
    theirs = basic(OTHER.sid, OTHER.auth_token)
    path = f"/2010-04-01/Accounts/{OTHER.sid}/Keys/{KEY.sid}.json"
    for method in ("GET", "POST", "DELETE"):
        assert site.ask(method, path, authorization=theirs).status == 404
    assert site.run(site.desk.store.find_api_key(KEY.sid)) == KEY


def test_the_official_library_fetches_the_account(site: Site) -> None:
    """The account shows its token to itself."""
    account = site.official().api.accounts(ACCOUNT.sid).fetch()
    assert (account.sid, account.auth_token) == (ACCOUNT.sid, ACCOUNT.auth_token)
    assert (account.friendly_name, account.status, account.type) == ("Ours", "active", "Full")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{BASE}.json"),
        ("GET", KEYS),
        ("POST", KEYS),
        ("GET", f"{KEYS}/{KEY.sid}"),
        ("POST", f"{KEYS}/{KEY.sid}"),
        ("DELETE", f"{KEYS}/{KEY.sid}"),
    ],
)
def test_a_key_does_not_reach_credentials(standing: Site, method: str, path: str) -> None:
    """A key cannot see the token, or make, see or delete keys."""
    answer = standing.ask(method, path, authorization=OWN_KEY)
    assert (answer.status, answer.json["code"]) == (401, 20003)
    assert ACCOUNT.auth_token not in answer.body.decode()
    assert standing.run(standing.desk.store.find_api_key(KEY.sid)) == KEY
