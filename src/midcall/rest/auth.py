"""HTTP Basic authentication (RFC 7617): an account and its token, or an API key and its secret."""

import base64
import binascii

from midcall.core.access import Caller, authenticate
from midcall.core.ports import Store
from midcall.model.errors import AuthenticationRequired
from midcall.model.sids import ACCOUNT, KEY, AccountSid, KeySid, is_sid

CHALLENGE = 'Basic realm="midcall", charset="UTF-8"'
"""What ``WWW-Authenticate`` says on every 401."""


async def identify(header: str | None, store: Store) -> Caller:
    """Return who a request's ``Authorization`` header speaks for.

    Raises ``AuthenticationRequired``, whatever is wrong with it.
    """
    username, password = _credentials(header)
    if is_sid(ACCOUNT, username):
        return authenticate(password, account=await store.find_account(AccountSid(username)))
    if is_sid(KEY, username):
        key = await store.find_api_key(KeySid(username))
        account = None if key is None else await store.find_account(key.account_sid)
        return authenticate(password, account=account, key=key)
    raise AuthenticationRequired


def _credentials(header: str | None) -> tuple[str, str]:
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        raise AuthenticationRequired
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        raise AuthenticationRequired from None
    username, colon, password = text.partition(":")
    if not colon:
        raise AuthenticationRequired
    return username, password
