"""Who a device is: its Access Token, checked against the key that it names."""

from midcall.core.ports import Clock, Store
from midcall.model.accounts import AccountStatus
from midcall.model.errors import NoValidAccount, TokenMissing
from midcall.model.sids import AccountSid
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
        token = tokens.verify(text, key.secret, self._clock())
        await self._check_account(token.account_sid)
        return token

    async def _check_account(self, sid: AccountSid) -> None:
        """Raise ``NoValidAccount`` unless an account, and the one that owns it, may be used."""
        account = await self._store.find_account(sid)
        if account is None or account.status is not AccountStatus.ACTIVE:
            raise NoValidAccount()
        if account.owner_sid is not None:
            await self._check_account(account.owner_sid)
