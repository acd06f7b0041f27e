"""TURN credentials: what a server with the same secret takes."""

import base64
import hmac
import json
from datetime import UTC, datetime

import msgspec

from midcall.model.sids import AccountSid
from midcall.wire import turn

ACCOUNT_SID = AccountSid("AC" + "a" * 32)
AT = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
SECRET = "a shared secret"


def test_credentials_are_those_of_the_mechanism() -> None:
    """By the pair that ``openssl dgst -sha1 -hmac north`` makes of ``1700000000:amy``."""
    username, password = turn.credentials("north", "amy", datetime.fromtimestamp(1.7e9, UTC))
    assert username == "1700000000:amy"
    assert password == "bFSyEGx7dCip+rM9n2ZARl4Osgk="


def test_a_server_with_the_secret_computes_the_same() -> None:
    """The password is the user name's HMAC, the user name begins with its expiry."""
    servers = turn.TurnServers(urls=("turn:turn.example.com",), secret=SECRET)
    token = turn.token(ACCOUNT_SID, servers, AT, 60)
    assert token.username == f"{int(AT.timestamp()) + 60}:{ACCOUNT_SID}"
    digest = hmac.digest(SECRET.encode(), token.username.encode(), "sha1")
    assert base64.b64decode(token.password or "") == digest
    assert token.ttl == "60"


def test_only_relays_come_with_credentials() -> None:
    """A STUN server answers everybody; the list is what ``RTCPeerConnection`` takes."""
    urls = ("stun:turn.example.com", "turns:turn.example.com?transport=tcp")
    token = turn.token(ACCOUNT_SID, turn.TurnServers(urls=urls, secret=SECRET), AT, 60)
    stun, relay = json.loads(msgspec.json.encode(token))["ice_servers"]
    assert stun == {"url": urls[0], "urls": urls[0]}
    assert relay == {
        "url": urls[1],
        "urls": urls[1],
        "username": token.username,
        "credential": token.password,
    }


def test_a_site_without_servers_has_nothing_to_open() -> None:
    """No server, no name and no password."""
    token = turn.token(ACCOUNT_SID, turn.TurnServers(), AT, 60)
    assert (token.ice_servers, token.username, token.password) == ([], None, None)


def test_the_secret_is_not_shown() -> None:
    """What a log shows of the servers has no secret in it."""
    assert SECRET not in repr(turn.TurnServers(urls=("turn:a",), secret=SECRET))
