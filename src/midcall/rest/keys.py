"""``Keys`` and ``SigningKeys``: API keys, which sign Access Tokens and open this API.

``SigningKeys`` is the older name; both show the same keys.

Only the account's own token opens this resource. A secret is shown once, when its key is made.
"""

from msgspec.structs import replace
from starlette.responses import Response

from midcall.core.access import check_own_token, new_api_key
from midcall.core.ports import PutApiKey, RemoveApiKey
from midcall.model.accounts import ApiKey
from midcall.model.sids import KeySid
from midcall.rest import operations as op
from midcall.rest.door import Ask, answer, answer_page
from midcall.rest.operations import Field, Operation
from midcall.rest.paging import read_page
from midcall.rest.parameters import friendly_name
from midcall.wire import resources
from midcall.wire.resources import KeyResource, NewKeyResource


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
    return answer_page(ask, page, found, resources.key)


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
    key = await ask.desk.store.find_api_key(KeySid(ask.named["KeySid"]))
    if key is None or key.account_sid != ask.account_sid:
        raise ask.not_found()
    return key


def many(name: str, listed_as: str) -> dict[str, Operation]:
    """Return what can be done with the keys together, under either name."""
    return {
        "GET": op.lists(f"List{name}", list_page, op.Listing(name=listed_as, item=KeyResource)),
        "POST": op.create(f"CreateNew{name}", create, NewKeyResource, Field(name="FriendlyName")),
    }


def one(name: str) -> dict[str, Operation]:
    """Return what can be done with a key, under either name."""
    return {
        "GET": op.fetch(f"Fetch{name}", fetch, KeyResource),
        "POST": op.update(f"Update{name}", update, KeyResource, Field(name="FriendlyName")),
        "DELETE": op.delete(f"Delete{name}", delete),
    }
