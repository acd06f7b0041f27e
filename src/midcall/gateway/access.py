"""Who a device is: its Access Token, checked against the key that it names."""

from midcall.core.ports import Clock, Store
from midcall.model.errors import NoValidAccount, TokenMissing
from midcall.wire import tokens


class TokenCheck:
    """Checks Access Tokens against the keys in the store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(self, text: str) -> tokens.AccessToken:
        """Return what the token says; raise the fault that the device is told."""
        if not text:
            raise TokenMissing()
        origin = tokens.peek(text)
        key = await self._store.find_api_key(origin.key_sid)
        if key is None or key.account_sid != origin.account_sid:
            raise NoValidAccount()
        return tokens.verify(text, key.secret, self._clock())
