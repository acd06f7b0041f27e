"""``Accounts``: an account sees itself, its token included.

Only the account's own token opens this resource.
"""

from starlette.responses import Response

from midcall.core.access import check_own_token
from midcall.rest.door import Ask, answer
from midcall.wire import resources


async def fetch(ask: Ask) -> Response:
    """Show the account."""
    check_own_token(ask.caller)
    return answer(resources.account(ask.caller.account))
