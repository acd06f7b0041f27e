"""``Accounts``: an account sees itself and the accounts that it owns, their tokens included.

Only the account's own token opens this resource.
"""

from msgspec.structs import replace
from starlette.responses import Response

from midcall.core.access import check_own_token, check_status_change, new_sub_account
from midcall.core.ports import AccountFilter, PutAccount
from midcall.model.accounts import AccountStatus
from midcall.rest import operations as op
from midcall.rest.door import Ask, answer, answer_page
from midcall.rest.operations import Field
from midcall.rest.paging import read_page
from midcall.rest.parameters import friendly_name, word
from midcall.wire import resources
from midcall.wire.resources import AccountResource

_NAME = Field(name="FriendlyName")
_STATUS = Field(name="Status", type=AccountStatus)


async def create(ask: Ask) -> Response:
    """Make a sub-account, which the caller's account owns."""
    check_own_token(ask.caller)
    desk, now = ask.desk, ask.desk.clock()
    name = friendly_name(ask.form) or f"SubAccount Created at {now:%Y-%m-%d %I:%M %p}"
    account = new_sub_account(ask.account, name, now, desk.entropy)
    await desk.journal.commit([PutAccount(account)])
    return answer(resources.account(account), 201)


async def fetch(ask: Ask) -> Response:
    """Show an account."""
    check_own_token(ask.caller)
    return answer(resources.account(ask.account))


async def list_page(ask: Ask) -> Response:
    """List the caller's account and the accounts that it owns, newest first."""
    check_own_token(ask.caller)
    page = read_page(ask.query, ask.operation.filters)
    filters = AccountFilter(
        within=ask.caller.account.sid,
        friendly_name=ask.query.find("FriendlyName") or None,
        status=word(ask.query, "Status", AccountStatus),
    )
    found = await ask.desk.store.list_accounts(filters, offset=page.offset, limit=page.size + 1)
    return answer_page(ask, page, found, resources.account)


async def update(ask: Ask) -> Response:
    """Rename an account; suspend, reactivate or close one that the caller's account owns."""
    check_own_token(ask.caller)
    name, status = friendly_name(ask.form), word(ask.form, "Status", AccountStatus)
    async with ask.desk.changing:
        # Read again: another update may have come between.
        account = await ask.desk.store.find_account(ask.account_sid)
        if account is None:
            raise ask.not_found()
        if status is not None:
            check_status_change(ask.caller, account, status)
        changed = replace(
            account,
            friendly_name=account.friendly_name if name is None else name,
            status=status or account.status,
            updated_at=ask.desk.clock(),
        )
        await ask.desk.journal.commit([PutAccount(changed)])
    return answer(resources.account(changed))


CREATE = op.create("CreateAccount", create, AccountResource, _NAME)
LIST = op.lists(
    "ListAccount", list_page, op.Listing(name="accounts", item=AccountResource), _NAME, _STATUS
)
FETCH = op.fetch("FetchAccount", fetch, AccountResource)
UPDATE = op.Operation(
    # Not as a change: an owner must be able to reactivate a suspended account.
    id="UpdateAccount",
    verb=update,
    answer=AccountResource,
    form=(_NAME, _STATUS),
)
