"""``Keys``: API keys, which sign Access Tokens and open this API.

Only the account's own token opens this resource. A secret is shown once, when its key is made.
"""

from msgspec.structs import replace
from starlette.responses import Response

from midcall.core.access import check_own_token, new_api_key
from midcall.core.ports import PutApiKey, RemoveApiKey
from midcall.model.accounts import ApiKey
from midcall.model.sids import KeySid
from midcall.rest.door import Ask, answer
from midcall.rest.paging import read_page, split
from midcall.rest.parameters import friendly_name
from midcall.wire import resources


async def create(ask: Ask) -> Response:
    """Make a key."""
    check_own_token(ask.caller)
    desk = ask.desk
    name = friendly_name(ask.form) or ""
    key = new_api_key(ask.account_sid, name, desk.clock(), desk.entropy)
    await desk.journal.commit([PutApiKey(key)])
    return answer(resources.new_key(key), 201)


async def fetch(ask: Ask) -> Response:
    """Show a key, without its secret."""
    return answer(resources.key(await _get(ask)))


async def list_page(ask: Ask) -> Response:
    """List the account's keys, newest first."""
    check_own_token(ask.caller)
    page = read_page(ask.query)
    found = await ask.desk.store.list_api_keys(
        ask.account_sid, offset=page.offset, limit=page.size + 1
    )
    keys, more = split(found, page)
    path = f"{resources.account_uri(ask.account_sid)}/Keys.json"
    shown = [resources.key(key) for key in keys]
    return answer(resources.listing("keys", path, shown, page, more=more))


async def update(ask: Ask) -> Response:
    """Rename a key."""
    async with ask.desk.changing:
        key = await _get(ask)
        name = friendly_name(ask.form)
        if name is not None:
            key = replace(key, friendly_name=name, updated_at=ask.desk.clock())
            await ask.desk.journal.commit([PutApiKey(key)])
    return answer(resources.key(key))


async def delete(ask: Ask) -> Response:
    """Remove a key: it opens nothing any more, and no token that it signed is taken."""
    async with ask.desk.changing:
        key = await _get(ask)
        await ask.desk.journal.commit([RemoveApiKey(key.sid)])
    return Response(status_code=204)


async def _get(ask: Ask) -> ApiKey:
    check_own_token(ask.caller)
    key = await ask.desk.store.find_api_key(KeySid(ask.sids["KeySid"]))
    if key is None or key.account_sid != ask.account_sid:
        raise ask.not_found()
    return key
