"""How much of the server one client may have."""

import http.client
from collections.abc import Iterator
from contextlib import closing

import pytest

from midcall.core.messages.rate import Rate
from midcall.rest.desk import RestLimits
from tests.integration.rest.conftest import Site
from tests.integration.rest.records import ACCOUNT, BASE, LIVE, OTHER, OWN_KEY, OWN_TOKEN, basic

MESSAGES = f"{BASE}/Calls/{LIVE}/UserDefinedMessages.json"
CALLS = f"{BASE}/Calls.json"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def strict(database: str) -> Iterator[Site]:
    """Serve with limits that are soon reached."""
    limits = RestLimits(body_seconds=0.05, account_rate=Rate(1, 3))
    running = Site(database, limits)
    yield running
    running.stop()


def test_a_body_that_does_not_come_is_not_waited_for(strict: Site) -> None:
    """Past the deadline the answer is 408."""
    headers = {"Authorization": OWN_TOKEN, "Content-Type": FORM, "Content-Length": "20"}
    with closing(http.client.HTTPConnection("127.0.0.1", strict.port, timeout=30)) as connection:
        connection.request("POST", MESSAGES, iter([b"Content"]), headers)
        answer = connection.getresponse()
    assert (answer.status, answer.headers["Connection"]) == (408, "close")


def test_an_account_asks_as_often_as_it_may(strict: Site) -> None:
    """Over it the answer is 429, whatever is asked; another account is not concerned."""
    asked = [CALLS, MESSAGES, f"{BASE}/Calls/CA1.json"]
    assert [strict.ask("GET", path).status for path in asked] == [200, 200, 404]
    answer = strict.ask("GET", CALLS)
    assert (answer.status, answer.json["code"], answer.headers["Retry-After"]) == (429, 20429, "1")
    assert strict.ask("GET", CALLS, authorization=OWN_KEY).status == 429
    assert strict.ask("POST", MESSAGES, b"%").status == 429
    others = f"/2010-04-01/Accounts/{OTHER.sid}/Calls.json"
    theirs = basic(OTHER.sid, OTHER.auth_token)
    assert strict.ask("GET", others, authorization=theirs).status == 200


def test_requests_without_credentials_take_nothing_from_an_account(strict: Site) -> None:
    """Whoever guesses at a token does not keep its owner out."""
    guesses = [strict.ask("GET", CALLS, authorization=basic(ACCOUNT.sid, "1")) for _ in range(5)]
    assert {guess.status for guess in guesses} == {401}
    assert strict.ask("GET", CALLS).status == 200
