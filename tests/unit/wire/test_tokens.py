"""Access Tokens: those of the official library, our own, and those that must be refused."""

import base64
import contextlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.jwt.access_token import AccessToken as OfficialToken
from twilio.jwt.access_token.grants import VoiceGrant

from midcall.model.errors import (
    InvalidIdentity,
    TokenExpired,
    TokenInvalid,
    TokenLifetimeTooLong,
    TokenSignatureInvalid,
)
from midcall.model.sids import AccountSid, ApplicationSid, KeySid
from midcall.model.twiml import IDENTITY_CHARACTERS
from midcall.wire import tokens

ACCOUNT = AccountSid("AC" + "a" * 32)
KEY = KeySid("SK" + "b" * 32)
APPLICATION = ApplicationSid("AP" + "c" * 32)
SECRET = "s" * 32
NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


def official(
    *, identity: str | None = "alice", ttl: int = 3600, grant: VoiceGrant | None = None
) -> str:
    """Return a token that the official library made just now."""
    token = OfficialToken(ACCOUNT, KEY, SECRET, identity=identity, ttl=ttl)
    token.add_grant(
        grant
        or VoiceGrant(
            incoming_allow=True,
            outgoing_application_sid=APPLICATION,
            outgoing_application_params={"plan": "gold"},
        )
    )
    made: str = token.to_jwt()
    return made


def signed(
    claims: Mapping[str, object] | None = None,
    *,
    secret: str = SECRET,
    algorithm: str = "HS256",
    header: Mapping[str, object] | None = None,
) -> str:
    """Return a token with good claims, but for those that are given."""
    good = {
        "iss": KEY,
        "sub": ACCOUNT,
        "exp": NOW.timestamp() + 60,
        "grants": {"identity": "alice"},
    }
    chosen = {name: value for name, value in {**good, **(claims or {})}.items() if value != "none"}
    headers = {"cty": tokens.CONTENT_TYPE, **(header or {})}
    # Not jwt.encode: that refuses to sign some of the claims that a test needs.
    payload = json.dumps(chosen).encode()
    return jwt.PyJWS().encode(payload, secret, algorithm=algorithm, headers=headers)


def raw(header: object, claims: object, signature: bytes = b"x") -> str:
    """Return a token that no library would make."""
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def decoded(text: str) -> tuple[dict[str, object], dict[str, object]]:
    """Return a token's header and claims."""
    return jwt.get_unverified_header(text), jwt.decode(text, options={"verify_signature": False})


def test_a_token_of_the_official_library_is_understood() -> None:
    """Everything that the official library puts into a token comes out again."""
    token = tokens.verify(official(), SECRET, datetime.now(UTC))
    assert token.account_sid == ACCOUNT
    assert token.key_sid == KEY
    assert token.identity == "alice"
    assert token.incoming_allowed
    assert token.outgoing_application_sid == APPLICATION
    assert token.outgoing_params == {"plan": "gold"}
    assert timedelta(minutes=59) < token.expires_at - datetime.now(UTC) <= timedelta(hours=1)


def test_our_tokens_are_what_the_official_library_makes() -> None:
    """A minted token has the header and the claims of an official one, name by name."""
    theirs = official()
    their_header, their_claims = decoded(theirs)
    issued = datetime.fromtimestamp(float(str(their_claims["nbf"])), UTC)
    ours = tokens.mint(
        account_sid=ACCOUNT,
        key_sid=KEY,
        secret=SECRET,
        now=issued,
        identity="alice",
        incoming_allowed=True,
        outgoing_application_sid=APPLICATION,
        outgoing_params={"plan": "gold"},
    )
    assert decoded(ours) == (their_header, their_claims)


def test_a_minted_token_is_read_back_by_the_official_library() -> None:
    """The official library accepts our signature."""
    ours = tokens.mint(
        account_sid=ACCOUNT, key_sid=KEY, secret=SECRET, now=datetime.now(UTC), identity="bob"
    )
    read = OfficialToken.from_jwt(ours, SECRET)
    assert read.payload["grants"] == {"identity": "bob", "voice": {}}


@given(
    identity=st.text("abcXYZ019_.-@+öü", min_size=1, max_size=IDENTITY_CHARACTERS),
    incoming=st.booleans(),
    params=st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=5), max_size=3),
)
def test_what_is_minted_is_verified(identity: str, incoming: bool, params: dict[str, str]) -> None:
    """Whatever a token grants, verifying returns it."""
    text = tokens.mint(
        account_sid=ACCOUNT,
        key_sid=KEY,
        secret=SECRET,
        now=NOW,
        identity=identity,
        incoming_allowed=incoming,
        outgoing_application_sid=APPLICATION,
        outgoing_params=params,
        lifetime_seconds=60,
    )
    token = tokens.verify(text, SECRET, NOW)
    assert token == tokens.AccessToken(
        account_sid=ACCOUNT,
        key_sid=KEY,
        identity=identity,
        expires_at=NOW + timedelta(seconds=60),
        incoming_allowed=incoming,
        outgoing_application_sid=APPLICATION,
        outgoing_params=params,
    )


def test_a_token_without_identity_can_only_call() -> None:
    """A token needs no identity; it is empty then."""
    text = official(identity=None, grant=VoiceGrant(outgoing_application_sid=APPLICATION))
    token = tokens.verify(text, SECRET, datetime.now(UTC))
    assert (token.identity, token.incoming_allowed) == ("", False)


def test_peeking_names_the_key_without_believing() -> None:
    """Peek reads account and key from a token, whoever signed it."""
    origin = tokens.peek(signed(secret="f" * 32))
    assert (origin.account_sid, origin.key_sid) == (ACCOUNT, KEY)


def test_a_forged_token_is_refused() -> None:
    """A token that another secret signed has no valid signature."""
    with pytest.raises(TokenSignatureInvalid):
        tokens.verify(signed(secret="f" * 32), SECRET, NOW)


def test_a_changed_token_is_refused() -> None:
    """Claims that were changed after signing invalidate the signature."""
    header, _, signature = signed().split(".")
    _, other, _ = signed({"grants": {"identity": "mallory"}}).split(".")
    with pytest.raises(TokenSignatureInvalid):
        tokens.verify(f"{header}.{other}.{signature}", SECRET, NOW)


def test_an_unsigned_token_is_refused() -> None:
    """``alg: none`` is no signature."""
    _, claims = decoded(signed())
    text = raw({"typ": "JWT", "alg": "none", "cty": tokens.CONTENT_TYPE}, claims, b"")
    with pytest.raises(TokenInvalid):
        tokens.verify(text, SECRET, NOW)
    with pytest.raises(TokenInvalid):
        tokens.peek(text)


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_every_hmac_of_the_family_is_taken(algorithm: str) -> None:
    """The three HMAC algorithms verify."""
    text = signed(secret="s" * 64, algorithm=algorithm)
    assert tokens.verify(text, "s" * 64, NOW).identity == "alice"


def test_a_token_of_another_kind_is_refused() -> None:
    """A JWT of the same key that is no Access Token opens nothing."""
    with pytest.raises(TokenInvalid):
        tokens.verify(signed(header={"cty": "twilio-sat;v=1"}), SECRET, NOW)


def test_a_token_is_over_at_its_end() -> None:
    """At ``exp`` a token is expired, a moment before it is not."""
    text = signed({"exp": NOW.timestamp()})
    tokens.verify(text, SECRET, NOW - timedelta(seconds=1))
    with pytest.raises(TokenExpired):
        tokens.verify(text, SECRET, NOW)


def test_an_expired_forgery_does_not_say_that_it_is_expired() -> None:
    """The signature is judged before the times."""
    with pytest.raises(TokenSignatureInvalid):
        tokens.verify(signed({"exp": 1}, secret="f" * 32), SECRET, NOW)


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_a_token_of_the_future_is_not_valid_yet(claim: str) -> None:
    """A clock that is a little ahead is forgiven, more is not."""
    begin = NOW.timestamp() + tokens.NOT_BEFORE_LEEWAY_SECONDS
    tokens.verify(signed({claim: begin}), SECRET, NOW)
    with pytest.raises(TokenInvalid, match="not valid yet"):
        tokens.verify(signed({claim: begin + 1}), SECRET, NOW)


@pytest.mark.parametrize(
    "begin",
    [{}, {"nbf": 0}, {"nbf": -3600}, {"iat": -3600}, {"iat": 5}, {"nbf": -7200, "iat": -3600}],
    ids=str,
)
def test_a_token_lives_a_day_at_most(begin: dict[str, float]) -> None:
    """The life is measured from ``iat``, else ``nbf``, else now, and never from the future."""
    times = {name: NOW.timestamp() + offset for name, offset in begin.items()}
    born = min(begin.get("iat", begin.get("nbf", 0)), 0)
    end = NOW.timestamp() + born + tokens.MAX_LIFETIME_SECONDS
    tokens.verify(signed({**times, "exp": end}), SECRET, NOW)
    with pytest.raises(TokenLifetimeTooLong) as refused:
        tokens.verify(signed({**times, "exp": end + 1}), SECRET, NOW)
    assert refused.value.limit_seconds == tokens.MAX_LIFETIME_SECONDS


def test_a_life_beyond_all_dates_is_too_long() -> None:
    """Milliseconds where seconds belong are a life too long, not a crash."""
    with pytest.raises(TokenLifetimeTooLong):
        tokens.verify(signed({"exp": NOW.timestamp() * 1000}), SECRET, NOW)


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": "none"},
        {"exp": True},
        {"exp": "soon"},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"exp": 10**400},
        {"nbf": []},
        {"iss": ACCOUNT},
        {"iss": 5},
        {"sub": KEY},
        {"sub": "none"},
        {"grants": []},
        {"grants": {"identity": 5}},
        {"grants": {"voice": "yes"}},
        {"grants": {"voice": {"outgoing": {"application_sid": "none of ours"}}}},
        {"grants": {"voice": {"outgoing": {"params": ["a"]}}}},
        {"grants": {"voice": {"outgoing": {"params": {"a": {}}}}}},
    ],
    ids=str,
)
def test_claims_that_make_no_sense_are_refused(claims: dict[str, object]) -> None:
    """A signed token with a claim of the wrong kind is invalid."""
    with pytest.raises(TokenInvalid):
        tokens.verify(signed(claims), SECRET, NOW)


@pytest.mark.parametrize("allow", [False, "true", 1, None])
def test_only_a_true_allow_allows_incoming_calls(allow: object) -> None:
    """``allow`` must be the truth value itself."""
    text = signed({"grants": {"identity": "a", "voice": {"incoming": {"allow": allow}}}})
    assert not tokens.verify(text, SECRET, NOW).incoming_allowed


def test_plain_parameters_become_text() -> None:
    """Numbers and truth values among the parameters are written as JSON writes them."""
    outgoing = {"application_sid": APPLICATION, "params": {"a": 1, "b": True, "c": 1.5}}
    text = signed({"grants": {"voice": {"outgoing": outgoing}}})
    params = tokens.verify(text, SECRET, NOW).outgoing_params
    assert params == {"a": "1", "b": "true", "c": "1.5"}


@pytest.mark.parametrize(
    "identity",
    ["a" * 257, "a b", "a\tb", "a\x00b", "a<b", 'a"b', "50%", "a{b", "a|b", "a\u2028b", "a\u00a0b"],
    ids=repr,
)
def test_some_identities_can_name_nobody(identity: str) -> None:
    """Control characters, spaces, delimiters, unwise characters and more than 256 are refused."""
    with pytest.raises(InvalidIdentity):
        tokens.verify(signed({"grants": {"identity": identity}}), SECRET, NOW)


@pytest.mark.parametrize("identity", ["a" * 256, "alice@example.com", "José", "+4930123456", "李"])
def test_most_identities_can_name_somebody(identity: str) -> None:
    """Addresses, numbers and names in any script are identities."""
    assert tokens.check_identity(identity) == identity


@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*", fullmatch=True))
def test_garbage_is_an_invalid_token(text: str) -> None:
    """Any text that is no token raises ``TokenInvalid`` and nothing else."""
    with pytest.raises(TokenInvalid):
        tokens.verify(text, SECRET, NOW)
    with pytest.raises(TokenInvalid):
        tokens.peek(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@given(header=JSON, claims=JSON)
def test_any_json_in_a_token_is_refused_by_a_fault(header: object, claims: object) -> None:
    """Whatever JSON a stranger puts into a token, the answer is ``TokenInvalid``."""
    with pytest.raises(TokenInvalid):
        tokens.verify(raw(header, claims), SECRET, NOW)


@given(
    claims=st.fixed_dictionaries({}, optional=dict.fromkeys(("exp", "nbf", "iat", "grants"), JSON))
)
def test_any_signed_claims_are_refused_by_a_fault(claims: dict[str, object]) -> None:
    """Whatever claims the key's owner signs, there is a token or a fault of ours."""
    refusals = (TokenInvalid, TokenExpired, TokenLifetimeTooLong, InvalidIdentity)
    with contextlib.suppress(*refusals):
        tokens.verify(signed(claims), SECRET, NOW)


def test_bottomless_json_is_an_invalid_token() -> None:
    """JSON nested thousands deep does not exhaust the stack."""
    header = base64.urlsafe_b64encode(b"[" * 9000).decode().rstrip("=")
    with pytest.raises(TokenInvalid):
        tokens.peek(f"{header}.e30.eA")


@pytest.mark.parametrize("text", ["\ud800", "a.\udfff.b"])
def test_half_a_character_is_an_invalid_token(text: str) -> None:
    """JSON can hold a lone surrogate, which no encoding can."""
    with pytest.raises(TokenInvalid):
        tokens.peek(text)


def test_an_enormous_token_is_not_looked_at() -> None:
    """A token past the limit is refused, even if its signature were good."""
    text = signed({"grants": {"identity": "a" * tokens.TOKEN_CHARACTERS}})
    with pytest.raises(TokenInvalid, match="too many"):
        tokens.verify(text, SECRET, NOW)


def test_a_refusal_does_not_repeat_the_token() -> None:
    """No fault's text contains what was sent: it goes to logs."""
    with pytest.raises(TokenInvalid) as refused:
        tokens.peek("secret-looking.text.here")
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None
