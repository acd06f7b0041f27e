"""The phone page as a person, and a script, uses it."""

from typing import Any, Literal
from urllib.parse import quote

from playwright.async_api import BrowserContext

from tests.acceptance.support.browsers import Chromium, Tab, Traffic
from tests.acceptance.support.libraries import make_token
from tests.acceptance.support.servers import Midcall

MESSAGE_BOX = "Message, as JSON or plain text"


class Phone(Tab):
    """A phone page that is registered."""

    def __init__(
        self,
        chromium: Chromium,
        context: BrowserContext,
        midcall: Midcall,
        identity: str,
        token: str | None = None,
    ) -> None:
        fragment = f"#token={token}" if token else ""
        super().__init__(
            chromium, context, f"{midcall.url}/phone?identity={quote(identity)}{fragment}"
        )
        self.identity = identity
        self.until("window.phone?.device?.state === 'registered'")

    def story(self) -> str:
        """Tell what the page shows, and what the SDK said."""
        events = self.evaluate(
            """() => (window.phone?.calls ?? []).map(({call, events}) => ({
                sid: call.parameters.CallSid, status: call.status(), events}))"""
        )
        errors = self.evaluate("() => (window.phone?.errors ?? []).map(String)")
        return f"{super().story()}\ncalls: {events}\nerrors: {errors}"

    # --- calls

    def dial(self, callee: str, parameters: dict[str, str] | None = None) -> None:
        """Type whom to call, and press the button."""
        if parameters:
            self.evaluate(
                "() => { document.querySelector('.dial details').open = true; }",
            )
            lines = "\n".join(f"{name}={value}" for name, value in parameters.items())
            self._chromium.run(self.page.locator('[data-part="parameters"]').fill(lines))
        self.write("Call", callee)
        self.click("Call")

    def wait_until(self, status: str) -> None:
        """Wait until the call on the screen has a status, in the SDK's words."""
        self.until(f"window.phone.call?.status() === '{status}'")

    def wait_until_over(self) -> None:
        """Wait until there is no call on the screen any more."""
        self.until("window.phone.calls.length > 0 && window.phone.call === null")

    def accept(self) -> None:
        """Accept the call that rings."""
        self.wait_until("pending")
        self.click("Accept")

    def reject(self) -> None:
        """Reject the call that rings."""
        self.wait_until("pending")
        self.click("Reject")

    def hang_up(self) -> None:
        """End the call."""
        self.click("Hang up")

    @property
    def call_sid(self) -> str:
        """The CallSid of the call on the screen."""
        sid = self.until("window.phone.call?.parameters.CallSid")
        assert isinstance(sid, str)
        return sid

    @property
    def last_call_sid(self) -> str:
        """The CallSid of the last call, over or not."""
        sid = self.until("window.phone.calls.at(-1)?.call.parameters.CallSid")
        assert isinstance(sid, str)
        return sid

    def events(self) -> list[str]:
        """Return what the SDK's last call has emitted."""
        events = self.evaluate("() => window.phone.calls.at(-1)?.events ?? []")
        assert isinstance(events, list)
        return events

    def custom_parameters(self) -> dict[str, str]:
        """Return the custom parameters of the call on the screen."""
        found = self.evaluate("() => Object.fromEntries(window.phone.call.customParameters)")
        assert isinstance(found, dict)
        return found

    # --- messages

    def received(self, sid: str) -> dict[str, Any]:
        """Wait for the message of this SID; return what the SDK gave the app."""
        return self._record("received", sid)

    def say(self, text: str) -> str:
        """Type a message and press Enter; return its SID."""
        before = self.evaluate("() => window.phone.sent.length")
        self.write(MESSAGE_BOX, text)
        self.press(MESSAGE_BOX, "Enter")
        sid = self.until(f"window.phone.sent[{before}]?.voiceEventSid")
        assert isinstance(sid, str)
        return sid

    def send(self, content: Any) -> str:
        """Send content with the SDK; return its SID."""
        sid = self.evaluate("(content) => window.phone.send(content)", content)
        assert isinstance(sid, str), self.story()
        return sid

    def wait_until_acknowledged(self, sid: str) -> None:
        """Wait until ``messageSent`` fired for this SID."""
        self.until(
            "window.phone.sent.some(({voiceEventSid, state}) => "
            f"voiceEventSid === '{sid}' && state === 'acknowledged')"
        )

    def wait_for_error(self, code: int) -> dict[str, Any]:
        """Wait until the SDK reported this code; return the error."""
        found = self.until(
            f"""(() => {{
                const error = window.phone.errors.find(({{code}}) => code === {code});
                return error && {{code: error.code, message: error.message,
                                  original: error.originalError ?? null}};
            }})()"""
        )
        assert isinstance(found, dict)
        return found

    # --- the SDK's own socket

    def say_on_the_socket(self, text: str) -> None:
        """Write text on the SDK's own signalling socket."""
        self.evaluate("(text) => window.sockets.at(-1).send(text)", text)

    def frames(self, kind: str) -> list[dict[str, Any]]:
        """Return the payloads of every frame of a type that came on the SDK's socket."""
        found = self.evaluate(
            """(kind) => window.sockets.at(-1).heard.filter((text) => text.trim())
                .map((text) => JSON.parse(text)).filter(({type}) => type === kind)
                .map(({payload}) => payload)""",
            kind,
        )
        assert isinstance(found, list)
        return found

    def _record(self, kind: str, sid: str) -> dict[str, Any]:
        record = self.until(
            f"""(() => {{
                const found = window.phone.{kind}.find(
                    ({{voiceEventSid}}) => voiceEventSid === '{sid}');
                return found && JSON.parse(JSON.stringify(found));
            }})()"""
        )
        assert isinstance(record, dict)
        return record


class Callers:
    """The people of one test, each with a browser of their own."""

    def __init__(self, chromium: Chromium, midcall: Midcall) -> None:
        self._chromium = chromium
        self._midcall = midcall
        self._contexts: list[BrowserContext] = []
        self.traffic = Traffic()

    def phone(
        self,
        identity: str,
        *,
        application_sid: str | None = None,
        size: tuple[int, int] = (900, 800),
        scheme: Literal["light", "dark"] = "light",
    ) -> Phone:
        """Open somebody's phone; with an application of its own if one is named."""
        context = self._context(size, scheme)
        token = None
        if application_sid:
            token = make_token(self._midcall.credentials, identity, application_sid)
        return Phone(self._chromium, context, self._midcall, identity, token)

    def tab(self, url: str) -> Tab:
        """Open any page."""
        return Tab(self._chromium, self._context((900, 800), "light"), url)

    def _context(self, size: tuple[int, int], scheme: Literal["light", "dark"]) -> BrowserContext:
        context = self._chromium.context(self.traffic, size=size, scheme=scheme)
        self._contexts.append(context)
        return context

    def leave(self) -> None:
        """Close everything."""
        for context in self._contexts:
            self._chromium.run(context.close())

    def strangers(self) -> set[str]:
        """Return the hosts that were asked and are neither this server nor on loopback."""
        own = {self._midcall.host, f"eventgw.{self._midcall.host}"}
        return {host for host in self.traffic.hosts() - own if not host.startswith("127.0.0.1")}


class SideBySide(Tab):
    """Two phones on one page."""

    def __init__(
        self, chromium: Chromium, context: BrowserContext, midcall: Midcall, *identities: str
    ) -> None:
        asked = "&".join(f"identity={quote(identity)}" for identity in identities)
        super().__init__(chromium, context, f"{midcall.url}/phone?{asked}")
        self._identities = identities
        self.until("window.phones.every(({device}) => device?.state === 'registered')")

    def call(self) -> None:
        """Let the first call the second, with a click on either side."""
        dial = self.page.get_by_label("Call", exact=True).first
        self._chromium.run(dial.fill(self._identities[1]))
        self._chromium.run(self.page.get_by_role("button", name="Call", exact=True).first.click())
        self.until("window.phones[1].call?.status() === 'pending'")
        self.click("Accept")
        self.until("window.phones.every(({call}) => call?.status() === 'open')")

    def call_sids(self) -> list[str]:
        """Return the CallSids, in the order of the phones."""
        sids = self.evaluate("() => window.phones.map(({call}) => call.parameters.CallSid)")
        assert isinstance(sids, list)
        return sids

    def receive(self, index: int, sid: str | None) -> None:
        """Wait until a phone shows a message."""
        self.until(f"window.phones[{index}].received.some((one) => one.voiceEventSid === '{sid}')")

    def say(self, index: int, text: str) -> None:
        """Type a message on a phone, and wait until it is acknowledged."""
        box = self.page.get_by_label(MESSAGE_BOX, exact=True).nth(index)
        self._chromium.run(box.fill(text))
        self._chromium.run(box.press("Enter"))
        self.until(f"window.phones[{index}].sent.at(-1)?.state === 'acknowledged'")

    def step_back(self) -> None:
        """Take the hands off keyboard and mouse."""
        self._chromium.run(self.page.mouse.move(0, 0))
        self.evaluate("() => document.activeElement.blur()")

    def wait_until_loud(self) -> None:
        """Wait until every level meter shows something: the fake microphone beeps."""
        self.until(
            "[...document.querySelectorAll('meter')].every(({value}) => value > 0.15)"
            " && [...document.querySelectorAll('[data-part=duration]')]"
            ".every(({textContent}) => textContent > '0:02')"
        )
