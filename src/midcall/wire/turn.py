"""TURN credentials, and the ``Token`` resource that hands them out.

A TURN server and this one share a secret; whoever holds credentials made with it may relay until
they expire, and neither server keeps a list of them. The form is that of the TURN REST API draft
(draft-uberti-behave-turn-rest-00, section 2.2), which coturn takes with ``use-auth-secret``: the
user name is ``<expiry, in seconds of the epoch>:<name>``, the password the Base64 of the user
name's HMAC-SHA1 under the secret.
"""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta

import msgspec

from midcall.model.sids import AccountSid
from midcall.wire.dates import format_rfc2822
from midcall.wire.shapes import AccountSidText, DateText, DigitsText


class TurnServers(msgspec.Struct, frozen=True, kw_only=True):
    """The STUN and TURN servers of the site. ``urls`` are those of RFC 7064 and RFC 7065."""

    urls: tuple[str, ...] = ()
    secret: str = ""

    def __repr__(self) -> str:
        """Leave the secret out, for logs."""
        return f"TurnServers(urls={self.urls!r})"


class IceServer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One server, as ``RTCPeerConnection`` takes it. A STUN server needs no credentials."""

    url: str
    urls: str
    username: str | msgspec.UnsetType = msgspec.UNSET
    credential: str | msgspec.UnsetType = msgspec.UNSET


class TokenResource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``Token``. Without a TURN server there is nothing to open: no name and no password."""

    account_sid: AccountSidText
    date_created: DateText
    date_updated: DateText
    ice_servers: list[IceServer]
    password: str | None
    ttl: DigitsText
    username: str | None


def credentials(secret: str, name: str, expires_at: datetime) -> tuple[str, str]:
    """Return the user name and password that open a TURN server until ``expires_at``."""
    username = f"{int(expires_at.timestamp())}:{name}"
    # SHA-1 is what the mechanism says; an HMAC does not need it to resist collisions.
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode()


def token(
    account_sid: AccountSid, servers: TurnServers, now: datetime, ttl_seconds: int
) -> TokenResource:
    """Show new credentials for every server, which expire ``ttl_seconds`` from now.

    The account's SID is the name in them, so that the TURN server's quotas and logs tell accounts
    apart.
    """
    expires_at = now + timedelta(seconds=ttl_seconds)
    username, password = credentials(servers.secret, account_sid, expires_at)
    return TokenResource(
        account_sid=account_sid,
        date_created=format_rfc2822(now),
        date_updated=format_rfc2822(now),
        ice_servers=[_ice_server(url, username, password) for url in servers.urls],
        password=password if servers.secret else None,
        ttl=str(ttl_seconds),
        username=username if servers.secret else None,
    )


def _ice_server(url: str, username: str, password: str) -> IceServer:
    if url.startswith("stun"):
        return IceServer(url=url, urls=url)
    return IceServer(url=url, urls=url, username=username, credential=password)
