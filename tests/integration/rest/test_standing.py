"""Subscriptions: those of a call with what midcall adds, and those of an account."""

import pytest

from midcall.core.ports import PutApplication
from midcall.model.accounts import Application
from midcall.model.sids import ApplicationSid
from tests.integration.rest.conftest import Site
from tests.integration.rest.records import ACCOUNT, AT, BASE, DATE, LIVE, OTHER, OVER, THEIRS, basic

OF_CALL = f"{BASE}/Calls/{LIVE}/UserDefinedMessageSubscriptions"
OF_ACCOUNT = f"{BASE}/UserDefinedMessageSubscriptions"
CALLBACK = "https://amy:secret@example.com/messages"
SHOWN = "https://example.com/messages"
OURS = ApplicationSid("AP" + "7" * 32)
NOT_OURS = ApplicationSid("AP" + "8" * 32)


def equip(site: Site) -> None:
    """Give each account an application."""
    for sid, account in ((OURS, ACCOUNT.sid), (NOT_OURS, OTHER.sid)):
        application = Application(
            sid=sid, account_sid=account, friendly_name="", created_at=AT, updated_at=AT
        )
        site.commit(PutApplication(application))


def test_a_subscription_of_a_call_can_be_looked_at(site: Site) -> None:
    """The create answers with the five documented fields; looking at it shows where it leads."""
    parameters = {"Callback": CALLBACK, "Method": "GET", "Replay": "true"}
    made = site.ask("POST", f"{OF_CALL}.json", parameters)
    assert list(made.json) == ["account_sid", "call_sid", "sid", "date_created", "uri"]
    alone = site.ask("GET", made.json["uri"])
    assert alone.json == {**made.json, "callback": SHOWN, "method": "GET", "replay": True}
    second = site.ask("POST", f"{OF_CALL}.json", {"Callback": CALLBACK}).json
    listed = site.ask("GET", OF_CALL).json["user_defined_message_subscriptions"]
    assert listed == [{**second, "callback": SHOWN, "method": "POST", "replay": False}, alone.json]
    page = site.ask("GET", f"{OF_CALL}?PageSize=1&Page=1").json
    assert page["user_defined_message_subscriptions"] == [alone.json]


def test_replay_is_true_or_false(standing: Site) -> None:
    """Anything else is refused."""
    answer = standing.ask("POST", OF_CALL, {"Callback": CALLBACK, "Replay": "yes"})
    assert (answer.status, answer.json["code"]) == (400, 20001)


def test_a_subscription_is_found_under_its_own_call_only(site: Site) -> None:
    """Elsewhere there is none, and a call of another account has none to show."""
    sid = site.ask("POST", OF_CALL, {"Callback": CALLBACK}).json["sid"]
    for path in (
        f"{BASE}/Calls/{OVER}/UserDefinedMessageSubscriptions/{sid}",
        f"{BASE}/Calls/{THEIRS}/UserDefinedMessageSubscriptions/{sid}",
        f"{BASE}/Calls/{THEIRS}/UserDefinedMessageSubscriptions",
        f"{OF_CALL}/ZY{'9' * 32}",
        f"{OF_ACCOUNT}/{sid}",
    ):
        assert site.ask("GET", path).status == 404


def test_a_standing_subscription_is_made_looked_at_and_ended(site: Site) -> None:
    """It shows what it is narrowed to, without its password, until it is deleted."""
    equip(site)
    parameters = {
        "Callback": CALLBACK,
        "Method": "GET",
        "ApplicationSid": OURS,
        "Identity": "amy",
        "Direction": "both",
    }
    made = site.ask("POST", f"{OF_ACCOUNT}.json", parameters)
    assert made.status == 201
    assert made.json == {
        "account_sid": ACCOUNT.sid,
        "sid": made.json["sid"],
        "date_created": DATE,
        "callback": SHOWN,
        "method": "GET",
        "application_sid": OURS,
        "identity": "amy",
        "direction": "both",
        "uri": f"{OF_ACCOUNT}/{made.json['sid']}.json",
    }
    uri = made.json["uri"]
    assert site.ask("GET", uri).json == made.json
    listed = site.ask("GET", OF_ACCOUNT).json["user_defined_message_subscriptions"]
    assert listed == [made.json]
    gone = site.ask("DELETE", uri)
    assert (gone.status, gone.body) == (204, b"")
    assert site.ask("GET", uri).status == 404
    assert site.ask("DELETE", uri).status == 404
    assert site.ask("GET", OF_ACCOUNT).json["user_defined_message_subscriptions"] == []


def test_a_standing_subscription_is_to_uplinks_unless_it_says_otherwise(site: Site) -> None:
    """Without filters it covers every call of the account; the newest is listed first."""
    first = site.ask("POST", OF_ACCOUNT, {"Callback": CALLBACK}).json
    assert (first["application_sid"], first["identity"]) == (None, None)
    assert (first["direction"], first["method"]) == ("uplink", "POST")
    second = site.ask("POST", OF_ACCOUNT, {"Callback": CALLBACK, "Direction": "downlink"}).json
    page = site.ask("GET", f"{OF_ACCOUNT}?PageSize=1").json
    assert page["user_defined_message_subscriptions"] == [second]
    rest = site.ask("GET", page["next_page_uri"]).json
    assert rest["user_defined_message_subscriptions"] == [first]


def test_a_repeated_standing_subscription_is_the_first_one(site: Site) -> None:
    """The same key with the same parameters changes nothing; with others it is a conflict."""
    parameters = {"Callback": CALLBACK, "IdempotencyKey": "once"}
    answers = [site.ask("POST", OF_ACCOUNT, parameters) for _ in range(2)]
    assert [answer.status for answer in answers] == [201, 201]
    assert answers[0].body == answers[1].body
    conflict = site.ask("POST", OF_ACCOUNT, {**parameters, "Direction": "both"})
    assert (conflict.status, conflict.json["code"]) == (409, 20409)


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({}, 21205),
        ({"Callback": "example.com"}, 21205),
        ({"Callback": CALLBACK, "Method": "PUT"}, 21403),
        ({"Callback": CALLBACK, "Direction": "up"}, 20001),
        ({"Callback": CALLBACK, "Identity": "a" * 257}, 20001),
        ({"Callback": CALLBACK, "ApplicationSid": "AP1"}, 21218),
        ({"Callback": CALLBACK, "ApplicationSid": "AP" + "9" * 32}, 21420),
        ({"Callback": CALLBACK, "ApplicationSid": NOT_OURS}, 21420),
    ],
)
def test_bad_parameters_subscribe_to_nothing(
    standing: Site, parameters: dict[str, str], code: int
) -> None:
    """Each mistake is refused under the code that names it."""
    equip(standing)
    answer = standing.ask("POST", OF_ACCOUNT, parameters)
    assert (answer.status, answer.json["code"]) == (400, code)
    assert standing.ask("GET", OF_ACCOUNT).json["user_defined_message_subscriptions"] == []


def test_another_accounts_standing_subscription_is_not_found(site: Site) -> None:
    """Its SID opens nothing."""
    sid = site.ask("POST", OF_ACCOUNT, {"Callback": CALLBACK}).json["sid"]
    theirs = f"/2010-04-01/Accounts/{OTHER.sid}/UserDefinedMessageSubscriptions"
    authorization = basic(OTHER.sid, OTHER.auth_token)
    assert site.ask("GET", f"{theirs}/{sid}", authorization=authorization).status == 404
    assert site.ask("DELETE", f"{theirs}/{sid}", authorization=authorization).status == 404
    listed = site.ask("GET", theirs, authorization=authorization).json
    assert listed["user_defined_message_subscriptions"] == []
    assert site.ask("GET", f"{OF_ACCOUNT}/{sid}").status == 200
