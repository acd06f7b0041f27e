"""What serves those who look: the console's pages and sessions, and word that something changed."""

from collections.abc import Callable

from starlette.routing import BaseRoute

from midcall.console import advice, pages, session
from midcall.console.live import Live
from midcall.console.sessions import Guesses, Sessions
from midcall.core.ports import Clock, Feed, Store
from midcall.rest.events import EventStream


def console_routes(
    *, sessions: Sessions, store: Store, clock: Clock, listen: Callable[[], Feed]
) -> list[BaseRoute]:
    """Return the routes of the console. ``listen`` begins to listen for whatever is committed."""
    live = Live(find_session=sessions.find, store=store, listen=listen, respond=EventStream)
    return [
        *session.routes(sessions, Guesses(clock), store),
        *live.routes(),
        *advice.routes(),
        *pages.routes(),
    ]
