"""Phones with more to choose: the line that they are on, the token, how the page is opened.

``Callers`` gives everybody a browser of their own; so do these.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from playwright.async_api import BrowserContext
from twilio.rest import Client

from tests.acceptance.support.browsers import Chromium, Tab
from tests.acceptance.support.customer import Customer, Endpoint, Reply
from tests.acceptance.support.lines import Line
from tests.acceptance.support.phones import Callers, Phone
from tests.acceptance.support.processes import eventually
from tests.acceptance.support.servers import Midcall


class OwnPhone(Phone):
    """A phone page at any origin, with a token that the test made."""

    def __init__(
        self,
        chromium: Chromium,
        context: BrowserContext,
        *,
        origin: str,
        token: str,
        identity: str = "",
        registers: bool = True,
    ) -> None:
        asked = f"?identity={quote(identity)}" if identity else ""
        Tab.__init__(self, chromium, context, f"{origin}/phone{asked}#token={token}")
        self.identity = identity
        self.until("window.phone?.device")
        if registers:
            self.until("window.phone.device.state === 'registered'")

    def connect(self, options: dict[str, Any]) -> None:
        """Let the SDK connect with options of any kind."""
        self.evaluate(
            """async (options) => {
                const { phone } = window;
                phone.take(await phone.device.connect(options), 'somebody');
            }""",
            options,
        )


class People(Callers):
    """The people of a test who have something special about them."""

    def __init__(self, chromium: Chromium, midcall: Midcall) -> None:
        super().__init__(chromium, midcall)
        self._own_hosts: set[str] = set()

    def own_phone(
        self,
        token: str,
        identity: str = "",
        *,
        line: Line | None = None,
        registers: bool = True,
        context: BrowserContext | None = None,
    ) -> OwnPhone:
        """Open a phone with this token; ``context`` is the browser of somebody who has one."""
        origin = line.url if line is not None else self._midcall.url
        self._own_hosts.add(urlsplit(origin).netloc)
        return OwnPhone(
            self._chromium,
            context or self.browser(),
            origin=origin,
            token=token,
            identity=identity,
            registers=registers,
        )

    def browser(self) -> BrowserContext:
        """Open a browser for somebody."""
        return self._context((900, 800), "light")

    def strangers(self) -> set[str]:
        """Return the hosts that were asked and are neither this server nor a line to it."""
        return super().strangers() - self._own_hosts


@dataclass(frozen=True, slots=True)
class Caller:
    """A phone that calls again and again, and the address where the TwiML of its calls is."""

    phone: Phone
    voice: Endpoint

    def call(self, twiml: str, parameters: dict[str, str] | None = None) -> None:
        """Call, and be led by this document."""
        reply = Reply(twiml.encode())
        self.voice.answering = lambda _request: reply
        self.phone.evaluate("() => { window.phone.errors.length = 0; }")
        self.phone.evaluate(
            "(parameters) => window.phone.dial('whoever', parameters)", parameters or {}
        )


def make_caller(people: Callers, client: Client, customer: Customer, identity: str) -> Caller:
    """Open the phone of somebody who calls again and again."""
    voice = customer.endpoint()
    app = client.applications.create(voice_url=voice.url)
    return Caller(people.phone(identity, application_sid=app.sid), voice)


def set_free(phone: Phone) -> None:
    """End whatever a phone is doing."""
    phone.evaluate(
        """() => {
            const { device } = window.phone;
            device.calls.slice().forEach((call) => call.reject());
            device.disconnectAll();
        }"""
    )
    phone.until("window.phone.call === null")


def wait_for_event(phone: Phone, event: str, number: int = 1) -> None:
    """Wait until the phone's last call has emitted an event so often."""
    eventually(lambda: phone.events().count(event) >= number, f"{event} x {number}")


def sids(phone: Phone, kind: str = "received") -> list[str]:
    """Return the SIDs of the messages of a phone, ``received`` or ``sent``, in order."""
    found = phone.evaluate(f"() => window.phone.{kind}.map(({{voiceEventSid}}) => voiceEventSid)")
    assert isinstance(found, list)
    return found
