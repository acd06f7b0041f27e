"""The console in a browser, used as a person uses it, while softphones talk."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from typing import Literal

import pytest
from twilio.rest import Client

from tests.acceptance.support.browsers import Chromium
from tests.acceptance.support.console import VIEWS, NewCall, Softphones, Watchers
from tests.acceptance.support.customer import Customer, Reply
from tests.acceptance.support.libraries import make_client
from tests.acceptance.support.servers import Midcall


@pytest.fixture(scope="module")
def midcall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Midcall]:
    """Give a server without audio, which gives a callback up after two attempts."""
    settings = {"MIDCALL_MEDIA": "none", "MIDCALL_CALLBACK_RETRIES": "0.1"}
    server = Midcall(tmp_path_factory.mktemp("console"), settings=settings).start()
    yield server
    assert server.stop() == 0, server.program.output


@pytest.fixture(scope="module")
def client(midcall: Midcall) -> Client:
    """Give the official Python library, pointed at the server."""
    return make_client(midcall)


@pytest.fixture
def watchers(chromium: Chromium, midcall: Midcall) -> Iterator[Watchers]:
    """Give people with consoles; whatever they do, nothing may leave the site."""
    people = Watchers(chromium, midcall)
    yield people
    people.leave()
    assert people.strangers() == set()


@pytest.fixture
def call(midcall: Midcall, client: Client) -> Iterator[NewCall]:
    """Give a maker of calls between two devices."""
    made: list[Softphones] = []
    app = client.applications.list(friendly_name="midcall dev")[0]

    def make(*identities: str) -> Softphones:
        phones = Softphones(midcall, str(app.sid), *identities)
        made.append(phones)
        phones.call()
        return phones

    yield make
    for phones in made:
        phones.leave()


def shown(selector: str) -> str:
    """Compose the list of the texts of what there is to see of these elements."""
    return (
        f"[...document.querySelectorAll('{selector}')]"
        ".filter((each) => each.checkVisibility()).map((each) => each.textContent)"
    )


def test_a_person_logs_in_and_out_with_the_account_and_its_token(
    watchers: Watchers, midcall: Midcall
) -> None:
    """A wrong token is refused in place; a right one stays for this tab, until it is given up."""
    console = watchers.console("#/debugger")
    console.log_in("0" * 32)
    console.reads("The server knows no account with this SID and this token.")
    assert console.evaluate("() => document.activeElement.name") == "token"
    console.log_in()
    console.until("document.querySelector('h1').textContent === 'Debugger'")
    console.reads("Live", "Errors and warnings")
    console.reload()
    console.reads("Live", "Errors and warnings")

    console.follow("Start")
    console.reads(midcall.credentials.account_sid, midcall.url)
    assert midcall.credentials.auth_token not in console.text()
    console.click("Show the auth token")
    console.reads(midcall.credentials.auth_token)
    for library in ("Node", "Python", "Java", "C#", "PHP", "Go", "Twilio CLI", "curl", "Browser"):
        console.press_on(console.page.get_by_role("tab", name=library, exact=True))
        code = console.evaluate("() => document.querySelector('[role=tabpanel] code').textContent")
        assert library == "Twilio CLI" or str(midcall.port) in code
    console.write("Name of a new key", "a key of the console's")
    console.click("Make a key")
    console.reads("is shown this once", "a key of the console's")

    console.click("Log out")
    console.reads("You are logged out.")
    console.reload()
    assert console.heading == "Log in"
    assert console.complaints == []


def test_the_link_that_midcall_dev_prints_logs_in_once(
    watchers: Watchers, midcall: Midcall
) -> None:
    """The link's key is used, and gone from the address; for the next one it is of no use."""
    printed = re.search(r"/console(#key=\w+)", midcall.program.output)
    assert printed is not None
    console = watchers.console(printed[1])
    console.reads("Credentials", midcall.credentials.account_sid)
    assert "key" not in console.evaluate("() => location.href")
    second = watchers.console(printed[1])
    second.reads("This link was used already")
    assert second.heading == "Log in"
    assert console.complaints + second.complaints == []


def test_a_call_is_watched_from_its_beginning_to_its_end(
    watchers: Watchers, call: NewCall, customer: Customer, client: Client
) -> None:
    """Without a reload: it appears, talks, fails, is mended and ended, all from the console."""
    console = watchers.console("#/calls")
    console.log_in()
    console.reads("Nobody is on the phone.", "Live")
    phones = call("alice", "bob")
    _, child = phones.sids
    console.reads("alice → bob", "in progress")
    console.until("document.querySelector('[data-child] a')")
    assert console.evaluate("() => document.querySelector('[data-child] a').hash") == (
        f"#/calls/{child}"
    )

    console.follow("alice → bob")
    console.until("document.querySelector('h1').textContent === 'alice → bob'")
    assert console.focused == "alice → bob"
    console.reads("<Dial>", "invite", "from the device")
    console.write("Content", "hello")
    console.click("Send")
    assert phones.hear(0) == {"text": "hello"}
    console.reads("To the device", '{"text": "hello"}', "delivered")

    broken = customer.endpoint(Reply(status=500, body=b"out of order", content_type="text/plain"))
    console.write("Callback", broken.url)
    console.click("Subscribe")
    console.reads("Subscribed as ZY", "Subscriptions", f"POST {broken.url}")
    phones.say(0, {"seat": "window"})
    broken.wait(2)
    console.reads("From the device", '{"seat": "window"}', "failed", "Given up", "given up")
    console.until("document.getElementById('announcer').textContent.includes('device')")
    console.unfold()
    console.reads("out of order", "Answered 500:")

    broken.answering = lambda _request: Reply(status=204)
    console.click(f"Send again: {broken.url}")
    broken.wait(3)
    console.until(f"!({shown('h2')}).includes('Given up')")
    console.until(f"({shown('[data-name=uplink] .badge')}).includes('delivered')")

    console.press_on(console.page.get_by_role("button", name=re.compile("^Messages")))
    console.until(
        "location.hash.includes('show=') && !document.querySelector('[data-kind=message]')"
    )
    console.click("End the call")
    console.click("End it")
    phones.hear_the_end(1)
    console.reads("completed", "The call is over")
    assert console.evaluate("() => document.querySelector('textarea').disabled")

    console.go("debugger")
    console.reads("32711", "User-defined message: subscription callback failed")
    fix = console.evaluate("() => document.querySelector('.fix').textContent")
    assert len(fix) > 20
    console.follow("Look at the call")
    console.until("document.querySelector('h1').textContent === 'alice → bob'")
    console.back()
    console.until("document.querySelector('h1').textContent === 'Debugger'")

    console.go("endpoints")
    console.reads(broken.url.split("/")[2], "works again")
    console.go("messages")
    console.write("Text in the content", "window")
    console.until("document.querySelectorAll('.timeline > li').length === 1")
    console.reads('{"seat": "window"}', "1 found")
    assert "search=window" in console.evaluate("() => location.hash")
    console.write("Text in the content", "no such words")
    console.reads("No message is like that.")
    assert console.complaints == []


@pytest.mark.long
def test_the_command_beside_an_action_does_what_the_action_does(
    watchers: Watchers, call: NewCall, midcall: Midcall
) -> None:
    """What is shown works in a shell that has the token, which is not in it."""
    phones = call("carol", "dave")
    console = watchers.console(f"#/calls/{phones.sids[1]}")
    console.log_in()
    console.until("document.querySelector('h1').textContent === 'carol → dave'")
    console.write(
        "Content",
        '{"it\'s": "$HOME & \\"so on\\" = 100 %"}',
    )
    command = console.evaluate(
        "() => document.querySelector('textarea').form.querySelector('.command code').textContent"
    )
    assert midcall.credentials.auth_token not in command
    assert "$TWILIO_AUTH_TOKEN" in command
    words = shlex.split(command)
    assert words[0] == "curl"
    environment = {
        **{name: text for name, text in os.environ.items() if "proxy" not in name.lower()},
        "CURL_CA_BUNDLE": str(midcall.ca),
        "TWILIO_AUTH_TOKEN": midcall.credentials.auth_token,
    }
    subprocess.run(["bash", "-c", command], env=environment, check=True, capture_output=True)
    assert phones.hear(1) == {"it's": '$HOME & "so on" = 100 %'}
    console.reads("$HOME & ", "delivered")


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.long)])
def test_every_view_is_for_everybody(
    watchers: Watchers, call: NewCall, client: Client, scheme: Literal["light", "dark"]
) -> None:
    """At desk and phone width axe finds nothing, and nothing is cut off; keys lead everywhere."""
    phones = call(f"erin-{scheme}", f"frank-{scheme}")
    sid = phones.sids[1]
    client.calls(sid).user_defined_message_subscriptions.create(callback="http://127.0.0.1:9/")
    phones.say(1, {"nobody": "is there"})
    client.calls(sid).user_defined_messages.create(content='{"to": "the device"}')
    phones.hear(1)
    console = watchers.console(size=(360, 740), scheme=scheme)
    assert console.violations() == []
    console.log_in()
    console.reads("Credentials")
    console.wait_until_live()
    for view in (*VIEWS, f"calls/{sid}"):
        console.go(view)
        console.unfold()
        for size in ((1280, 800), (360, 740)):
            console.resize(*size)
            assert console.violations() == []
            assert not console.is_wider_than_the_window()
    console.evaluate("() => document.activeElement.blur()")
    console.reload()
    console.reads("Live")
    console.key("Tab")
    assert console.focused == "Skip to the content"
    console.key("Enter")
    assert console.evaluate("() => document.activeElement.id") == "main"
    assert console.complaints == []


@pytest.mark.long
def test_two_phones_stand_in_the_console_while_it_shows_something_else(
    watchers: Watchers,
) -> None:
    """The phones of the demo register, and stay when another view is opened."""
    console = watchers.console("#/phone")
    console.log_in()
    console.click("Open both here")
    registered = """(({ phones }) => phones?.length === 2
        && phones.every(({ device }) => device?.state === 'registered')
    )(document.querySelector('#demo iframe').contentWindow)"""
    console.until(registered)
    console.follow("Calls")
    console.reads("Over")
    console.until(registered)
    assert console.evaluate("() => document.getElementById('demo').hidden")
    console.follow("Phone")
    console.click("Close the phones")
    assert not console.evaluate("() => document.querySelector('#demo iframe')")
