"""Access Tokens: the JWT by which a device says who it is and what it may do.

The token of the original, in both directions (docs "Access Tokens", and what the official helper
libraries write): header ``typ``, ``alg``, ``cty: twilio-fpa;v=1``; claims ``jti``, ``iss`` (the API
key), ``sub`` (the account), ``exp``, ``nbf`` and ``grants``; signed with the key's secret.

Invariants:

- nothing of a token is believed before its signature is; ``peek`` returns only what is needed to
  find the key;
- only HMAC signatures count, so that ``alg: none`` and a public key used as a secret are refused
  before anything is compared;
- time is an argument, and whatever a stranger sends ends in a fault of ``model.errors``, never in
  another exception.
"""

import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, cast

import jwt
import msgspec
from jwt.types import Options

from midcall.model.errors import (
    InvalidIdentity,
    TokenExpired,
    TokenInvalid,
    TokenLifetimeTooLong,
    TokenSignatureInvalid,
)
from midcall.model.sids import (
    ACCOUNT,
    APPLICATION,
    KEY,
    AccountSid,
    ApplicationSid,
    KeySid,
    is_sid,
)
from midcall.model.twiml import IDENTITY_CHARACTERS

CONTENT_TYPE: Final = "twilio-fpa;v=1"
"""The header's ``cty``: what tells an Access Token from any other JWT of the same key."""

DEFAULT_LIFETIME_SECONDS: Final = 3_600
"""How long a token lives unless told otherwise, as in the official libraries."""

MAX_LIFETIME_SECONDS: Final = 86_400
"""The longest life of a token: 24 hours, the ceiling of the original (error 31207)."""

NOT_BEFORE_LEEWAY_SECONDS: Final = 10
"""How far ahead the clock of the server that made the token may be."""

TOKEN_CHARACTERS: Final = 16_384
"""The longest token that is looked at. Honest ones have some hundred characters."""

_FARTHEST_TIME: Final = 1e15
"""Seconds that are still a time; a million times past what a ``datetime`` holds."""

_ALGORITHMS: Final = ["HS256", "HS384", "HS512"]

# RFC 2396 section 2.4.3, "delims" and "unwise": what error 31105 forbids beside control characters
# and spaces.
_FORBIDDEN: Final = frozenset('<>#%"{}|\\^[]`')

_TRUSTING: Final[Options] = {"verify_signature": False}

# The library would ask the wall clock; times and claims are checked below instead.
_SIGNATURE_ONLY: Final[Options] = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}


class AccessToken(msgspec.Struct, frozen=True, kw_only=True):
    """What a verified token says.

    ``identity`` is empty where the token names none: such a device can call but not be called.
    ``outgoing_application_sid`` is ``None`` where it may not call; ``outgoing_params`` are
    parameters that every call of the device carries.
    """

    account_sid: AccountSid
    key_sid: KeySid
    identity: str
    expires_at: datetime
    incoming_allowed: bool = False
    outgoing_application_sid: ApplicationSid | None = None
    outgoing_params: dict[str, str] = {}


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Who a token says that it comes from. Unverified: good for a look-up and nothing else."""

    account_sid: AccountSid
    key_sid: KeySid


def mint(  # noqa: PLR0913 - the claims are keywords, one each
    *,
    account_sid: AccountSid,
    key_sid: KeySid,
    secret: str,
    now: datetime,
    identity: str | None = None,
    lifetime_seconds: int = DEFAULT_LIFETIME_SECONDS,
    incoming_allowed: bool = False,
    outgoing_application_sid: ApplicationSid | None = None,
    outgoing_params: Mapping[str, str] | None = None,
) -> str:
    """Make an Access Token with the header and claims that the official libraries give it.

    Grants that are not given are left out of the token, as they are there.
    """
    issued = int(now.timestamp())
    grants: dict[str, object] = {}
    if identity:
        grants["identity"] = identity
    grants["voice"] = _voice_grant(incoming_allowed, outgoing_application_sid, outgoing_params)
    claims = {
        "jti": f"{key_sid}-{issued}",
        "iss": key_sid,
        "sub": account_sid,
        "nbf": issued,
        "exp": issued + lifetime_seconds,
        "grants": grants,
    }
    return jwt.encode(claims, secret, algorithm="HS256", headers={"cty": CONTENT_TYPE})


def _voice_grant(
    incoming_allowed: bool,
    application_sid: ApplicationSid | None,
    params: Mapping[str, str] | None,
) -> dict[str, object]:
    voice: dict[str, object] = {}
    if incoming_allowed:
        voice["incoming"] = {"allow": True}
    if application_sid is not None:
        outgoing: dict[str, object] = {"application_sid": application_sid}
        if params:
            outgoing["params"] = dict(params)
        voice["outgoing"] = outgoing
    return voice


def peek(text: str) -> Origin:
    """Read, without believing it, which account and key a token names.

    Raises ``TokenInvalid`` if it is no Access Token.
    """
    claims = _decode(text, secret=None)
    return _origin(claims)


def verify(
    text: str,
    secret: str,
    now: datetime,
    leeway_seconds: int = NOT_BEFORE_LEEWAY_SECONDS,
    max_lifetime_seconds: int = MAX_LIFETIME_SECONDS,
) -> AccessToken:
    """Check a token's signature, times and grants; return what it says.

    ``leeway_seconds`` forgives a clock that is ahead of ours: it moves ``nbf`` but not ``exp``,
    because a token that is over must be over at the moment that the device was told.

    Raises ``TokenSignatureInvalid`` (31202), ``TokenInvalid`` (31204; a token that is not valid
    yet, too), ``TokenExpired`` (31205), ``TokenLifetimeTooLong`` (31207), ``InvalidIdentity``
    (31105).
    """
    claims = _decode(text, secret)
    origin = _origin(claims)
    expires_at = _check_times(claims, now, leeway_seconds, max_lifetime_seconds)
    grants = _mapping(claims, "grants")
    voice = _mapping(grants, "voice")
    outgoing = _mapping(voice, "outgoing")
    return AccessToken(
        account_sid=origin.account_sid,
        key_sid=origin.key_sid,
        identity=_identity(grants),
        expires_at=expires_at,
        incoming_allowed=_mapping(voice, "incoming").get("allow") is True,
        outgoing_application_sid=_application_sid(outgoing),
        outgoing_params=_params(outgoing),
    )


def check_identity(identity: str) -> str:
    """Return ``identity`` if it can name a client.

    Raises ``InvalidIdentity`` (error 31105: at most 256 characters, no control characters, spaces,
    delimiters or unwise characters in the sense of RFC 2396 section 2.4.3).
    """
    if len(identity) > IDENTITY_CHARACTERS:
        raise InvalidIdentity(f"{len(identity)} characters, the limit is {IDENTITY_CHARACTERS}")
    for character in identity:
        # Categories C (control, format, surrogate, unassigned) and Z (separators) of Unicode.
        if character in _FORBIDDEN or unicodedata.category(character)[0] in "CZ":
            raise InvalidIdentity(f"the character U+{ord(character):04X} is not allowed")
    return identity


def _decode(text: str, secret: str | None) -> dict[str, object]:
    """Return a token's claims, its signature checked if there is a ``secret``."""
    if len(text) > TOKEN_CHARACTERS:
        raise TokenInvalid(f"{len(text)} characters are too many")
    try:
        _check_header(jwt.get_unverified_header(text))
        claims = (
            jwt.decode(text, options=_TRUSTING)
            if secret is None
            else jwt.decode(text, secret, algorithms=_ALGORITHMS, options=_SIGNATURE_ONLY)
        )
    except jwt.InvalidSignatureError:
        raise TokenSignatureInvalid from None
    except (jwt.PyJWTError, ValueError):
        # The library's texts may quote the token. ValueError: half of a character, out of JSON.
        raise TokenInvalid("it cannot be decoded") from None
    return cast("dict[str, object]", claims)


def _check_header(header: Mapping[str, object]) -> None:
    if header.get("alg") not in _ALGORITHMS:
        raise TokenInvalid("the header's alg is not HS256, HS384 or HS512")
    if header.get("cty") != CONTENT_TYPE:
        raise TokenInvalid(f"the header's cty is not {CONTENT_TYPE}")


def _origin(claims: Mapping[str, object]) -> Origin:
    issuer, subject = claims.get("iss"), claims.get("sub")
    if not isinstance(issuer, str) or not is_sid(KEY, issuer):
        raise TokenInvalid("the issuer is not the SID of an API key")
    if not isinstance(subject, str) or not is_sid(ACCOUNT, subject):
        raise TokenInvalid("the subject is not the SID of an account")
    return Origin(account_sid=AccountSid(subject), key_sid=KeySid(issuer))


def _check_times(
    claims: Mapping[str, object], now: datetime, leeway_seconds: int, max_lifetime_seconds: int
) -> datetime:
    """Return when the token ends, if it is valid now and not for too long."""
    expiry = _time(claims, "exp")
    if expiry is None:
        raise TokenInvalid("exp is missing")
    not_before, issued = _time(claims, "nbf"), _time(claims, "iat")
    present = now.timestamp()
    if expiry <= present:  # RFC 7519 section 4.1.4: not accepted "on or after"
        raise TokenExpired
    if max(not_before or present, issued or present) > present + leeway_seconds:
        raise TokenInvalid("it is not valid yet")
    # Libraries write iat, nbf, both or neither. Measured from the earliest moment that the token
    # admits to, so that an iat in the future buys no time.
    begin = min(issued if issued is not None else not_before or present, present)
    if expiry - begin > max_lifetime_seconds:
        raise TokenLifetimeTooLong(max_lifetime_seconds)
    return datetime.fromtimestamp(0, UTC) + timedelta(seconds=expiry)


def _time(claims: Mapping[str, object], name: str) -> float | None:
    """Return a NumericDate (RFC 7519 section 2) in seconds, or ``None`` if there is none."""
    value = claims.get(name)
    if value is None:
        return None
    # Python takes True for 1, and reads NaN, Infinity and numbers without end in JSON.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenInvalid(f"{name} is not a time")
    if not -_FARTHEST_TIME < value < _FARTHEST_TIME:
        raise TokenInvalid(f"{name} is not a time")
    return value


def _mapping(parent: Mapping[str, object], name: str) -> Mapping[str, object]:
    """Return an object inside ``parent``; an absent one is empty."""
    value = parent.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TokenInvalid(f"{name} is not an object")
    return value


def _identity(grants: Mapping[str, object]) -> str:
    value = grants.get("identity")
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TokenInvalid("the identity is not a string")
    return check_identity(value)


def _application_sid(outgoing: Mapping[str, object]) -> ApplicationSid | None:
    value = outgoing.get("application_sid")
    if value is None:
        return None
    if not isinstance(value, str) or not is_sid(APPLICATION, value):
        raise TokenInvalid("application_sid is not the SID of an application")
    return ApplicationSid(value)


def _params(outgoing: Mapping[str, object]) -> dict[str, str]:
    """Return the grant's parameters as text: they travel as form fields, which know nothing else.

    Numbers and truth values are written as JSON writes them; anything deeper has no agreed form.
    """
    params: dict[str, str] = {}
    for name, value in _mapping(outgoing, "params").items():
        match value:
            case str():
                params[name] = value
            case bool() | int() | float():
                params[name] = msgspec.json.encode(value).decode()
            case _:
                raise TokenInvalid("params has a value that is not a string, number or truth value")
    return params
