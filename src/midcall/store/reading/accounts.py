"""Questions about accounts and what they own."""

from typing import Final

import sqlalchemy as sa
from msgspec.structs import asdict

from midcall.core.ports import AccountFilter, NumberFilter
from midcall.model.accounts import Account, ApiKey, Application
from midcall.model.numbers import PhoneNumber
from midcall.model.sids import AccountSid, ApplicationSid, KeySid, PhoneNumberSid
from midcall.store import rows, schema
from midcall.store.reading.asking import Asking
from midcall.store.reading.queries import Listing, bind, newest_first, of, paged
from midcall.store.sealing import Seal
from midcall.store.threads import Threads

_accounts = schema.accounts.c
ACCOUNT: Final = of(rows.ACCOUNT, schema.accounts.c.sid == bind("sid"))
ACCOUNTS: Final = Listing(
    rows.ACCOUNT,
    {
        "within": sa.or_(_accounts.sid == bind("within"), _accounts.owner_sid == bind("within")),
        "friendly_name": _accounts.friendly_name == bind("friendly_name"),
        "status": _accounts.status == bind("status"),
    },
)
API_KEY: Final = of(rows.API_KEY, schema.api_keys.c.sid == bind("sid"))
API_KEYS: Final = paged(
    of(rows.API_KEY, schema.api_keys.c.account_sid == bind("account")),
    newest_first(schema.api_keys),
)
APPLICATION: Final = of(rows.APPLICATION, schema.applications.c.sid == bind("sid"))
APPLICATIONS: Final = Listing(
    rows.APPLICATION,
    {"friendly_name": schema.applications.c.friendly_name == bind("friendly_name")},
    of_account=True,
)
_numbers = schema.phone_numbers.c
PHONE_NUMBER: Final = of(rows.PHONE_NUMBER, _numbers.sid == bind("sid"))
NUMBER: Final = of(rows.PHONE_NUMBER, _numbers.number == bind("number"))
PHONE_NUMBERS: Final = Listing(
    rows.PHONE_NUMBER,
    {
        "number": _numbers.number == bind("number"),
        "friendly_name": _numbers.friendly_name == bind("friendly_name"),
    },
    of_account=True,
)


class AccountReading(Asking):
    """Who may use the server, and with what. ``seal`` opens the secrets that are sealed."""

    def __init__(self, threads: Threads, seal: Seal | None = None) -> None:
        super().__init__(threads)
        self._seal = seal

    async def find_account(self, sid: AccountSid) -> Account | None:
        """Find an account."""
        found = await self._find(ACCOUNT, sid=sid)
        return self._seal.opened_account(found) if self._seal and found else found

    async def list_accounts(
        self, filters: AccountFilter, *, offset: int, limit: int
    ) -> list[Account]:
        """List the accounts."""
        found = await self._page(ACCOUNTS, asdict(filters), offset=offset, limit=limit)
        return [self._seal.opened_account(one) for one in found] if self._seal else found

    async def find_api_key(self, sid: KeySid) -> ApiKey | None:
        """Find an API key of any account."""
        found = await self._find(API_KEY, sid=sid)
        return self._seal.opened_key(found) if self._seal and found else found

    async def list_api_keys(self, account: AccountSid, *, offset: int, limit: int) -> list[ApiKey]:
        """List an account's API keys."""
        found = await self._list(API_KEYS, account=account, offset=offset, limit=limit)
        return [self._seal.opened_key(one) for one in found] if self._seal else found

    async def find_application(self, sid: ApplicationSid) -> Application | None:
        """Find an application of any account."""
        return await self._find(APPLICATION, sid=sid)

    async def list_applications(
        self, account: AccountSid, *, friendly_name: str | None, offset: int, limit: int
    ) -> list[Application]:
        """List an account's applications, of one name if ``friendly_name`` is given."""
        filters = {"friendly_name": friendly_name}
        return await self._page(APPLICATIONS, filters, account=account, offset=offset, limit=limit)

    async def find_phone_number(self, sid: PhoneNumberSid) -> PhoneNumber | None:
        """Find a phone number of any account."""
        return await self._find(PHONE_NUMBER, sid=sid)

    async def find_number(self, number: str) -> PhoneNumber | None:
        """Find who owns a number in E.164."""
        return await self._find(NUMBER, number=number)

    async def list_phone_numbers(
        self, account: AccountSid, filters: NumberFilter, *, offset: int, limit: int
    ) -> list[PhoneNumber]:
        """List an account's phone numbers."""
        return await self._page(
            PHONE_NUMBERS, asdict(filters), account=account, offset=offset, limit=limit
        )
