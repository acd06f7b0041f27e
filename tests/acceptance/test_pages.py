"""What the pages load and whom they talk to; and the SDK outside of our page."""

import json

import pytest
from playwright.async_api import Request
from twilio.rest import Client

from tests.acceptance.support.customer import Customer, Reply
from tests.acceptance.support.libraries import make_token
from tests.acceptance.support.phones import Callers
from tests.acceptance.support.processes import REPOSITORY, eventually
from tests.acceptance.support.servers import Midcall

SDK = REPOSITORY / "node_modules" / "@twilio" / "voice-sdk" / "dist" / "twilio.min.js"


def test_nothing_that_a_page_does_leaves_the_site(callers: Callers, midcall: Midcall) -> None:
    """Through a whole call, pages ask this server and its insights host, and nobody else."""
    alice, bob = callers.phone("alice-stays"), callers.phone("bob-stays")
    alice.dial("bob-stays")
    bob.accept()
    alice.wait_until("open")
    bob.wait_for_audio()
    alice.send({"stay": "here"})
    alice.hang_up()
    bob.wait_until_over()
    hosts = callers.traffic.hosts()
    assert midcall.host in hosts
    assert f"eventgw.{midcall.host}" in hosts
    assert hosts == {midcall.host, f"eventgw.{midcall.host}"}


def test_the_sdks_insights_are_taken_by_this_server(callers: Callers, midcall: Midcall) -> None:
    """The posts carry the Access Token, so they go to this server, which answers them 200."""
    alice = callers.phone("alice-insights")
    taken: list[tuple[str, int, bool]] = []

    async def keep(request: Request) -> None:
        if "/EndpointEvents" in request.url and request.method == "POST":
            response = await request.response()
            has_token = "x-twilio-token" in await request.all_headers()
            taken.append((request.url, response.status if response else 0, has_token))

    alice.page.context.on("requestfinished", keep)
    alice.dial("nobody")
    alice.wait_until_over()
    url, status, has_token = eventually(lambda: taken[:1], "an insights post")[0]
    assert url.startswith(f"https://eventgw.{midcall.host}/insights?")
    assert status == 200
    assert has_token
    assert alice.evaluate("() => window.phone.device.home") == f"{midcall.host}/insights?"


def test_the_unmodified_sdk_works_on_any_page(
    callers: Callers, midcall: Midcall, client: Client, customer: Customer
) -> None:
    """A bare page of the customer's needs the SDK, a token and the name of this host."""
    script = customer.endpoint(Reply(SDK.read_bytes(), content_type="text/javascript"))
    app = client.applications.list(friendly_name="midcall dev")[0]
    token = make_token(midcall.credentials, "carol-bare", app.sid)
    page = customer.endpoint(
        Reply(
            f"""<!doctype html><title>bare</title>
            <script src="{script.url}"></script>
            <script>
              window.device = new Twilio.Device({json.dumps(token)}, {{
                chunderw: {json.dumps(midcall.host)},
                sounds: Object.fromEntries(['incoming', 'outgoing', 'disconnect',
                    ...[...'0123456789sh'].map((key) => 'dtmf' + key)]
                  .map((name) => [name, {json.dumps(script.url)}])),
              }});
              window.got = [];
              window.call = async () => {{
                window.line = await device.connect({{ params: {{ To: 'dave-phone' }} }});
                line.on('messageReceived', (message) => got.push(message));
                line.on('messageSent', (message) => got.push(message));
              }};
              device.register();
            </script>""".encode(),
            content_type="text/html; charset=utf-8",
        )
    )
    dave = callers.phone("dave-phone")
    carol = callers.tab(page.url)
    carol.until("device.state === 'registered'")
    carol.evaluate("() => window.call()")
    dave.accept()
    carol.until("line.status() === 'open'")
    dave.wait_until("open")
    carol.wait_for_audio()
    dave.wait_for_audio()

    sid = carol.until("line.parameters.CallSid")
    made = client.calls(sid).user_defined_messages.create(content='{"bare": true}')
    got = carol.until("got[0]")
    assert got["voiceEventSid"] == made.sid
    assert got["content"] == {"bare": True}

    callback = customer.endpoint()
    client.calls(sid).user_defined_message_subscriptions.create(callback=callback.url)
    carol.evaluate(
        """() => line.sendMessage({
            content: { from: 'carol' }, messageType: 'user-defined-message' })"""
    )
    assert json.loads(callback.wait(1)[0].json()["Content"]) == {"from": "carol"}
    carol.until("got.length === 2")


def test_a_phone_takes_its_token_from_the_fragment_and_hides_it(
    callers: Callers, client: Client
) -> None:
    """A token in the URL's fragment is used, and is gone from the address."""
    app = client.applications.list(friendly_name="midcall dev")[0]
    phone = callers.phone("erin-fragment", application_sid=app.sid)
    assert "token" not in phone.evaluate("() => location.href")
    assert "Ready for calls" in phone.text()


def test_a_bad_token_is_explained_and_another_can_be_pasted(
    callers: Callers, midcall: Midcall
) -> None:
    """The page says what is wrong, with the code, and takes a better token."""
    forged = make_token(midcall.credentials, "frank", secret="0" * 32)
    tab = callers.tab(f"{midcall.url}/phone#token={forged}")
    tab.until("document.querySelector('[role=alert]').innerText.includes('31202')")
    tab.write("Access Token", make_token(midcall.credentials, "frank"))
    tab.click("Use this token")
    tab.until("window.phone.device.state === 'registered'")
    assert "frank" in tab.text()


@pytest.mark.long
def test_a_page_without_an_identity_asks_for_one(callers: Callers, midcall: Midcall) -> None:
    """Without ``?identity=`` the page asks who is there."""
    tab = callers.tab(f"{midcall.url}/phone")
    tab.write("Identity", "grace")
    tab.click("Open the phone")
    tab.until("window.phone?.device?.state === 'registered'")
    assert "grace" in tab.text()


@pytest.mark.long
def test_what_starts_like_json_and_is_none_is_not_sent(callers: Callers) -> None:
    """A slip in JSON is said, and nothing is sent."""
    alice, bob = callers.phone("alice-slips"), callers.phone("bob-waits")
    alice.dial("bob-waits")
    bob.accept()
    alice.wait_until("open")
    alice.write("Message, as JSON or plain text", '{"broken": ')
    alice.click("Send")
    alice.until("document.querySelector('[role=alert]').innerText.includes('JSON')")
    assert alice.evaluate("() => window.phone.sent.length") == 0
    alice.click("Dismiss this message")
    assert "JSON but" not in alice.text()


def test_the_page_fits_a_phone_and_can_be_used_with_the_keyboard(
    callers: Callers,
) -> None:
    """At phone width nothing is cut off sideways, and every control has a name."""
    phone = callers.phone("heidi-narrow", size=(360, 700))
    wide = phone.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0
    nameless = phone.evaluate(
        """() => [...document.querySelectorAll('input, textarea, button, meter')]
            .filter((each) => !(each.labels?.length && each.labels[0].textContent.trim())
                && !each.getAttribute('aria-label') && !each.textContent.trim())
            .map((each) => each.outerHTML)"""
    )
    assert nameless == []
    phone.press("Call", "Tab")
    assert phone.evaluate("() => document.activeElement.textContent") in {"Call", "Parameters"}
