"""Logging in and out, asked without a socket."""

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from midcall.console.session import BODY_BYTES
from midcall.console.sessions import GUESSES
from midcall.model.accounts import AccountStatus
from midcall.model.sids import AccountSid
from midcall.store.faults import ReadFailed
from tests.unit.console.server import ACCOUNT, Server

SESSION = "/console/session"
RIGHT = {"account_sid": ACCOUNT.sid, "auth_token": ACCOUNT.auth_token}
SUB = replace(ACCOUNT, sid=AccountSid("AC" + "b" * 32), owner_sid=ACCOUNT.sid)
OF_SUB = {"account_sid": SUB.sid, "auth_token": SUB.auth_token}


async def test_somebody_logs_in_with_account_and_token() -> None:
    """They get a token that is their session's, and nobody may keep the answer."""
    server = Server()
    answer = await server.ask("POST", SESSION, RIGHT)
    assert answer.status == 201
    assert answer.headers["cache-control"] == "no-store"
    found = answer.json()
    assert (found["account_sid"], found["expires_at"]) == (ACCOUNT.sid, "2026-05-04T15:02:01.000Z")
    assert server.sessions.find(found["token"]) == ACCOUNT.sid


async def test_the_one_time_link_logs_in_once() -> None:
    """Whoever finds the link in a history finds it used."""
    server = Server()
    key = server.sessions.issue_key(ACCOUNT.sid)
    first = await server.ask("POST", SESSION, {"key": key})
    assert (first.status, first.json()["account_sid"]) == (201, ACCOUNT.sid)
    assert (await server.ask("POST", SESSION, {"key": key})).status == 401


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"account_sid": ACCOUNT.sid},
        {"account_sid": ACCOUNT.sid, "auth_token": "2" * 32},
        {"account_sid": "AC" + "9" * 32, "auth_token": ACCOUNT.auth_token},
        {"account_sid": "amy", "auth_token": ACCOUNT.auth_token},
        {"key": "0" * 64},
        {"key": "0" * 64, **RIGHT},
    ],
)
async def test_what_is_wrong_logs_nobody_in(given: dict[str, str]) -> None:
    """The answer is the same for every mistake, and asks no browser for a password."""
    server = Server()
    with capture_logs() as lines:
        answer = await server.ask("POST", SESSION, given)
    assert (answer.status, answer.json()["code"]) == (401, 20003)
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert len(server.sessions) == 0
    secrets = [text for name, text in given.items() if name != "account_sid"]
    assert not any(secret in str(lines) for secret in secrets)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"key": 1}', b"\xff", b'{"key": "' + b"a" * 999])
async def test_what_is_no_log_in_is_refused(body: bytes) -> None:
    """Before anything is looked up."""
    answer = await Server().ask("POST", SESSION, body)
    assert (answer.status, answer.json()["code"]) == (400, 20001)


async def test_a_log_in_has_a_limit() -> None:
    """The rest of a large body is not read."""
    answer = await Server().ask("POST", SESSION, b" " * (BODY_BYTES + 1))
    assert (answer.status, answer.headers["connection"]) == (413, "close")


async def test_guessing_is_slowed_down() -> None:
    """After ten wrong log-ins the right one is not looked at either; others may log in."""
    server = Server()
    for _ in range(GUESSES.burst):
        assert (await server.ask("POST", SESSION, {"key": "0"})).status == 401
    refused = await server.ask("POST", SESSION, RIGHT)
    assert (refused.status, refused.headers["retry-after"]) == (429, "60")
    assert (await server.ask("POST", SESSION, RIGHT, address="192.0.2.2")).status == 201


async def test_logging_in_often_is_no_guessing() -> None:
    """Somebody with many tabs is let in with each."""
    server = Server()
    for _ in range(GUESSES.burst + 1):
        assert (await server.ask("POST", SESSION, RIGHT)).status == 201


@pytest.mark.parametrize("status", [AccountStatus.SUSPENDED, AccountStatus.CLOSED])
async def test_an_account_that_may_not_be_used_logs_in_nowhere(status: AccountStatus) -> None:
    """Nor does an account that it owns."""
    server = Server(replace(ACCOUNT, status=status), SUB)
    for given in (RIGHT, OF_SUB, {"key": server.sessions.issue_key(SUB.sid)}):
        answer = await server.ask("POST", SESSION, given)
        assert (answer.status, answer.json()["code"]) == (403, 20005)
    assert len(server.sessions) == 0


async def test_an_owned_account_logs_in_for_itself() -> None:
    """The session is its own, and not its owner's."""
    answer = await Server(ACCOUNT, SUB).ask("POST", SESSION, OF_SUB)
    assert answer.json()["account_sid"] == SUB.sid


async def test_somebody_logs_out() -> None:
    """Their token is worth nothing from then on; logging out twice is no error."""
    server = Server()
    token = (await server.ask("POST", SESSION, RIGHT)).json()["token"]
    for _ in range(2):
        assert (await server.ask("DELETE", SESSION, token=token)).status == 204
        assert server.sessions.find(token) is None
    assert (await server.ask("DELETE", SESSION)).status == 204


@pytest.mark.parametrize(
    ("failure", "status"), [(ReadFailed("SQLITE_IOERR"), 503), (RuntimeError("confidential"), 500)]
)
async def test_a_failing_store_is_no_wrong_password(failure: Exception, status: int) -> None:
    """What failed is said without details."""
    server = Server()
    server.failure = failure
    with capture_logs() as lines:
        answer = await server.ask("POST", SESSION, RIGHT)
    assert answer.status == status
    assert b"confidential" not in answer.body
    assert "confidential" not in str(lines)
