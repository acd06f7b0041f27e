"""UserDefinedMessages and their subscriptions over HTTP, with the official library and without."""

import json

import pytest
from twilio.base.exceptions import TwilioRestException

from tests.integration.rest.conftest import Site
from tests.integration.rest.records import ACCOUNT, BASE, DATE, LIVE, OVER, OWN_KEY, THEIRS

MESSAGES = f"{BASE}/Calls/{LIVE}/UserDefinedMessages"
SUBSCRIPTIONS = f"{BASE}/Calls/{LIVE}/UserDefinedMessageSubscriptions"
CALLBACK = "https://example.com/messages"


def test_the_official_library_sends_a_message(site: Site) -> None:
    """The library reads every property of the message that it created, which is in the store."""
    content = json.dumps({"text": "Grüße 👋"})
    message = site.official().calls(LIVE).user_defined_messages.create(content=content)
    assert (message.account_sid, message.call_sid) == (ACCOUNT.sid, LIVE)
    assert message.date_created.isoformat() == "2026-05-04T03:02:01+00:00"
    kept = site.run(site.desk.store.find_message(LIVE, message.sid))
    assert kept is not None
    assert kept.content == content


def test_the_official_library_subscribes_and_unsubscribes(site: Site) -> None:
    """A subscription that the library created can be deleted once, and is unknown then."""
    call = site.official().calls(LIVE)
    made = call.user_defined_message_subscriptions.create(callback=CALLBACK, method="GET")
    assert made.uri == f"{SUBSCRIPTIONS}/{made.sid}.json"
    (kept,) = site.run(site.desk.store.subscriptions(LIVE))
    assert (kept.sid, kept.callback.url, kept.callback.method) == (made.sid, CALLBACK, "GET")
    assert call.user_defined_message_subscriptions(made.sid).delete()
    assert site.run(site.desk.store.subscriptions(LIVE)) == []
    with pytest.raises(TwilioRestException) as refused:
        call.user_defined_message_subscriptions(made.sid).delete()
    assert (refused.value.status, refused.value.code) == (404, 20404)


def test_a_key_sends_a_message(site: Site) -> None:
    """An API key of the account opens the calls."""
    answer = site.ask("POST", f"{MESSAGES}.json", {"Content": "{}"}, authorization=OWN_KEY)
    assert answer.status == 201
    assert list(answer.json) == ["account_sid", "call_sid", "sid", "date_created"]
    assert answer.json["date_created"] == DATE


def test_the_bare_path_is_the_same_resource(site: Site) -> None:
    """Without ``.json`` the answer is JSON as well."""
    answer = site.ask("POST", MESSAGES, {"Content": "{}"})
    assert (answer.status, answer.headers["Content-Type"]) == (201, "application/json")


@pytest.mark.parametrize("path", [MESSAGES, SUBSCRIPTIONS])
def test_a_repeat_gives_the_first_answer(site: Site, path: str) -> None:
    """The same key with the same parameters changes nothing; with others it is a conflict."""
    first = {"Content": "1", "Callback": CALLBACK, "IdempotencyKey": "once"}
    answers = [site.ask("POST", f"{path}.json", first) for _ in range(2)]
    assert [answer.status for answer in answers] == [201, 201]
    assert answers[0].body == answers[1].body
    other = {**first, "Content": "2", "Callback": f"{CALLBACK}/2"}
    conflict = site.ask("POST", f"{path}.json", other)
    assert (conflict.status, conflict.json["code"]) == (409, 20409)


def test_the_longest_content_fits_in_a_form(site: Site) -> None:
    """Ten thousand characters of four bytes each, escaped, are under the cap of the body."""
    content = json.dumps("𝄞" * 9_998, ensure_ascii=False)
    assert len(content) == 10_000
    answer = site.ask("POST", f"{MESSAGES}.json", {"Content": content, "IdempotencyKey": "k" * 256})
    assert answer.status == 201


@pytest.mark.parametrize(
    ("path", "parameters", "status", "code"),
    [
        (MESSAGES, {}, 400, 32702),
        (MESSAGES, {"Content": ""}, 400, 32702),
        (MESSAGES, {"Content": "not JSON"}, 400, 32702),
        (MESSAGES, {"Content": '"' + "a" * 9_999 + '"'}, 400, 32703),
        (SUBSCRIPTIONS, {}, 400, 21205),
        (SUBSCRIPTIONS, {"Callback": "example.com"}, 400, 21205),
        (SUBSCRIPTIONS, {"Callback": "https://a_b.example.com"}, 400, 21205),
        (SUBSCRIPTIONS, {"Callback": CALLBACK, "Method": "PUT"}, 400, 21403),
    ],
)
def test_bad_parameters_have_their_codes(
    standing: Site, path: str, parameters: dict[str, str], status: int, code: int
) -> None:
    """Each mistake is refused under the code that names it, in the original's shape."""
    answer = standing.ask("POST", f"{path}.json", parameters)
    assert (answer.status, answer.json["code"]) == (status, code)
    assert list(answer.json) == ["code", "message", "more_info", "status"]
    assert answer.json["status"] == status
    assert answer.json["more_info"] == f"https://www.twilio.com/docs/errors/{code}"


def test_a_call_that_is_over_takes_no_message(standing: Site) -> None:
    """The refusal names the call's status."""
    path = f"{BASE}/Calls/{OVER}/UserDefinedMessages.json"
    answer = standing.ask("POST", path, {"Content": "{}"})
    assert (answer.status, answer.json["code"]) == (400, 21220)
    assert "completed" in answer.json["message"]


@pytest.mark.parametrize("call", ["CA" + "9" * 32, THEIRS, "CA123", "KX" + "1" * 32, "%00"])
@pytest.mark.parametrize("resource", ["UserDefinedMessages", "UserDefinedMessageSubscriptions"])
def test_a_call_that_is_not_the_accounts_is_not_found(
    standing: Site, call: str, resource: str
) -> None:
    """Unknown, another account's and malformed SIDs look the same; the path is in the message."""
    path = f"{BASE}/Calls/{call}/{resource}"
    answer = standing.ask("POST", path, {"Content": "{}", "Callback": CALLBACK})
    assert (answer.status, answer.json["code"]) == (404, 20404)
    if "%" not in call:
        assert answer.json["message"] == f"The requested resource {path} was not found"


def test_a_malformed_sid_is_not_found_whatever_is_sent(standing: Site) -> None:
    """There is nothing at such a path, so nothing is said of the parameters."""
    answer = standing.ask("POST", f"{BASE}/Calls/CA1/UserDefinedMessages", {})
    assert (answer.status, answer.json["code"]) == (404, 20404)


def test_a_subscription_of_another_call_is_not_found(site: Site) -> None:
    """Its SID alone is not enough to end a subscription."""
    made = site.ask("POST", f"{SUBSCRIPTIONS}.json", {"Callback": CALLBACK})
    sid = made.json["sid"]
    elsewhere = f"{BASE}/Calls/{OVER}/UserDefinedMessageSubscriptions/{sid}.json"
    assert site.ask("DELETE", elsewhere).status == 404
    gone = site.ask("DELETE", f"{SUBSCRIPTIONS}/{sid}.json")
    assert (gone.status, gone.body) == (204, b"")
