"""What a test does at the server by hand, and what it sees there: all of it by the REST API.

Resources are what the API answers: their attributes have the names of Twilio's documentation.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from midcall.testing.api import Api
from midcall.testing.waiting import PATIENCE_SECONDS, Background, Pulse

Resource = dict[str, Any]
Result = TypeVar("Result")

HOLD: Final = '<Response><Pause length="3600"/></Response>'
"""Keeps a call up, and does nothing in it."""

_ALL: Final = "1000"


class Seeing(ABC):
    """The server's side of calls and messages. The emulator has these functions."""

    _api: Api
    _background: Background
    _pulse: Pulse
    _settled: Callable[[], Coroutine[Any, Any, None]]

    @property
    @abstractmethod
    def application_sid(self) -> str:
        """The TwiML application that phones call through."""

    def rest(self, method: str, path: str, **parameters: str) -> Resource:
        """Ask the REST API for something below the account; raise ``ApiRefused``.

        ``path`` is without ``.json``, as in ``rest("GET", "Calls", Status="ringing")``.
        """
        return self._run(self._api.ask(method, path, parameters))

    # --- calls and numbers without any SDK

    def answer_with(self, *, url: str | None = None, twiml: str | None = None) -> None:
        """Say what calls of phones do: ask a URL for TwiML, or follow a document."""
        if (url is None) == (twiml is None):
            raise ValueError("say a url or a twiml")
        self.rest(
            "POST",
            f"Applications/{self.application_sid}",
            VoiceUrl=url or "",
            VoiceTwiml=twiml or "",
        )

    def number(self, number: str, *, url: str = "", twiml: str = "") -> Resource:
        """Have the account own a phone number; calls to it ask ``url`` or follow ``twiml``."""
        return self.rest(
            "POST", "IncomingPhoneNumbers", PhoneNumber=number, VoiceUrl=url, VoiceTwiml=twiml
        )

    def call(
        self,
        to: str,
        *,
        from_: str = "+15005550100",
        twiml: str = HOLD,
        url: str | None = None,
        **parameters: str,
    ) -> Resource:
        """Make a call to ``client:alice`` or to a number; return it at once, queued.

        Who answers follows ``twiml``, or what ``url`` answers. Further ``parameters`` are those of
        the Calls resource, as ``StatusCallback``.
        """
        says = {"Twiml": twiml} if url is None else {"Url": url}
        return self.rest("POST", "Calls", To=to, From=from_, **says, **parameters)

    def place(self, to: str, *, seconds: float = PATIENCE_SECONDS, **how: str) -> Resource:
        """Make a call like ``call``, and wait until it is answered; return it in progress."""
        made = self.call(to, **how)
        return self.wait_for_status(made["sid"], "in-progress", seconds=seconds)

    def hang_up(self, call_sid: str) -> Resource:
        """End a call from the server's side."""
        return self.rest("POST", f"Calls/{call_sid}", Status="completed")

    # --- messages from the server's side

    def send(self, call_sid: str, content: str, **parameters: str) -> str:
        """Send a message, JSON text, to the device of a leg; return its SID."""
        path = f"Calls/{call_sid}/UserDefinedMessages"
        return str(self.rest("POST", path, Content=content, **parameters)["sid"])

    def subscribe(self, call_sid: str, callback: str, **parameters: str) -> str:
        """Subscribe to the messages of a leg; return the subscription's SID."""
        path = f"Calls/{call_sid}/UserDefinedMessageSubscriptions"
        return str(self.rest("POST", path, Callback=callback, **parameters)["sid"])

    # --- what there is

    def calls(self, **filters: str) -> list[Resource]:
        """Return the calls, oldest first; ``filters`` are those of the API, as ``Status``."""
        found = self.rest("GET", "Calls", PageSize=_ALL, **filters)
        return list(reversed(found["calls"]))

    def messages(self, call_sid: str, **filters: str) -> list[Resource]:
        """Return the messages of a leg, oldest first, with their states."""
        return self._run(self._messages(call_sid, filters))

    def wait_for(
        self,
        call_sid: str,
        *,
        state: str,
        message_sid: str | None = None,
        seconds: float = PATIENCE_SECONDS,
    ) -> list[Resource]:
        """Wait until the messages of a leg, or one of them, are in a state; return them.

        States are ``accepted``, ``held``, ``sent``, ``delivered``, ``expired``, ``failed``. Raises
        ``NotInTime``.
        """
        seen: list[Resource] = []

        async def look() -> list[Resource] | None:
            seen[:] = [
                one
                for one in await self._messages(call_sid, {})
                if message_sid in {None, one["sid"]}
            ]
            return seen if seen and all(one["state"] == state for one in seen) else None

        def complaint() -> str:
            return f"messages are {[one['state'] for one in seen]}, not {state}"

        return self._run(self._pulse.until(look, seconds, complaint), seconds + 1)

    def wait_for_status(
        self, call_sid: str, status: str, *, seconds: float = PATIENCE_SECONDS
    ) -> Resource:
        """Wait until a call has a status, as ``in-progress``; return it. Raises ``NotInTime``."""
        seen = ""

        async def look() -> Resource | None:
            nonlocal seen
            call = await self._api.ask("GET", f"Calls/{call_sid}", {})
            seen = call["status"]
            return call if seen == status else None

        def complaint() -> str:
            return f"the call is {seen}, not {status}"

        return self._run(self._pulse.until(look, seconds, complaint), seconds + 1)

    def settle(self) -> None:
        """Return when the server has nothing to do now: what did not come by then does not come.

        What is waited for longer than two seconds, as a callback that is not answered, is left.
        """
        self._run(self._settled())

    # --- small things

    def _run(self, work: Coroutine[Any, Any, Result], seconds: float = PATIENCE_SECONDS) -> Result:
        """Run something in the emulator's event loop."""
        return self._background.run(work, seconds)

    async def _messages(self, call_sid: str, filters: dict[str, str]) -> list[Resource]:
        path = f"Calls/{call_sid}/UserDefinedMessages"
        listed = await self._api.ask("GET", path, {"PageSize": _ALL, **filters})
        return list(reversed(listed["user_defined_messages"]))
