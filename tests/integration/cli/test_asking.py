"""The commands that ask a running server, as the account that its settings name."""

import asyncio
import json
from typing import Any

import pytest

from tests.integration.cli.conftest import Ended, Run
from tests.support.customer import Customer
from tests.support.site import MIDCALL, Site
from tests.support.softphone import PATIENCE_SECONDS, Softphone

HOLD = '<Response><Pause length="600"/></Response>'


class Ask:
    """Runs commands against the site, while everything else goes on."""

    def __init__(self, run: Run, site: Site) -> None:
        self._run = run
        credentials = site.credentials
        self._where = (
            *("--public-url", site.url, "--tls", "off", "--media", "none"),
            *("--account-sid", credentials.account_sid, "--auth-token", credentials.auth_token),
        )

    async def __call__(self, *words: str) -> Ended:
        """Run a command."""
        return await asyncio.to_thread(self._run, *words, *self._where)

    async def told(self, *words: str) -> str:
        """Run a command that succeeds; return what it printed."""
        ended = await self(*words)
        assert (ended.code, ended.err) == (0, "")
        return ended.out

    async def json(self, *words: str) -> Any:
        """Run a command that prints JSON."""
        return json.loads(await self.told(*words, "--json"))


@pytest.fixture
def ask(run: Run, site: Site) -> Ask:
    """Give a way to ask the site."""
    return Ask(run, site)


async def _call(site: Site, customer: Customer, identity: str) -> tuple[Softphone, str]:
    """Let somebody call, and be answered by a pause."""
    customer.documents["/voice"] = HOLD
    application = await site.application(customer.url("/voice"))
    phone = await site.phone(identity, application).sign_in()
    await phone.invite()
    call = (await phone.find("answer"))["callsid"]
    return phone, call


async def test_a_message_is_sent_from_the_terminal(
    ask: Ask, site: Site, customer: Customer
) -> None:
    """To a call, to an identity; the same key sends nothing twice; an answer is waited for."""
    phone, call = await _call(site, customer, "sender")
    sent = await ask.json("send", call, '{"k": 1}', "--key", "once")
    came = await phone.find("message")
    assert (came["voiceeventsid"], came["content"]) == (sent["sid"], {"k": 1})
    assert await ask.json("send", call, '{"k": 1}', "--key", "once") == sent
    told = await ask.told("send", "client:sender", "7")
    assert (await phone.find("message"))["content"] == 7
    assert call in told
    waiting = asyncio.create_task(ask.told("send", call, '"?"', "--reply", "30"))
    question = (await phone.find("message"))["voiceeventsid"]
    await phone.message(call, {"inReplyTo": question, "answer": "yes"})
    assert '"answer":"yes"' in await waiting
    await phone.leave()


async def test_what_cannot_be_sent_is_said(ask: Ask) -> None:
    """In the server's words, with the code; the exit code tells programs."""
    ended = await ask("send", "CA" + "f" * 32, "{}")
    assert ended.code == 1
    assert "was not found (20404)" in ended.err


async def test_calls_are_shown(ask: Ask, site: Site, customer: Customer) -> None:
    """As a table, as JSON, and one with everything that happened to it."""
    phone, call = await _call(site, customer, "caller")
    await site.send(call, "{}")
    listed = await ask.json("calls", "--status", "in-progress")
    assert call in [one["sid"] for one in listed]
    table = await ask.told("calls")
    assert call in table
    assert "client:caller" in table
    assert len(await ask.json("calls", "--limit", "1")) == 1
    whole = await ask.json("call", call)
    assert whole["call"]["sid"] == call
    kinds = {one["kind"] for one in whole["timeline"]}
    assert {"status", "verb", "request", "message"} <= kinds
    page = await ask.told("call", call)
    assert "in-progress" in page
    assert "Pause" in page
    await phone.leave()


async def test_subscriptions_are_shown(ask: Ask, site: Site, customer: Customer) -> None:
    """Those of the account, and those of a call."""
    phone, call = await _call(site, customer, "subscriber")
    assert await ask.json("subscriptions", call) == []
    await site.subscribe(call, customer.url("/messages"))
    assert customer.url("/messages") in await ask.told("subscriptions", call)
    await site.rest(
        "POST", "UserDefinedMessageSubscriptions", Callback=customer.url("/all"), Identity="nobody"
    )
    assert customer.url("/all") in await ask.told("subscriptions")
    await phone.leave()


async def test_what_was_given_up_is_shown_and_sent_again(
    ask: Ask, site: Site, customer: Customer
) -> None:
    """By its id, by its call, or all of it."""
    assert await ask.told("dead") == "Nothing was given up.\n"
    phone, call = await _call(site, customer, "forgotten")
    customer.statuses["/messages"] = 410
    await site.subscribe(call, customer.url("/messages"))
    sids = [await phone.message(call, number) for number in range(3)]
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(dead := await ask.json("dead", "--call", call)) < len(sids):
            pass
    assert [one["message_sid"] for one in dead] == sids[::-1]
    assert customer.url("/messages") in await ask.told("dead")
    del customer.statuses["/messages"]
    assert await ask.told("redrive", dead[-1]["id"]) == "One was sent again.\n"
    assert await ask.told("redrive", "--call", call) == "2 were sent again.\n"
    arrived = await customer.arrived("/messages", 6)
    assert [one.fields["Sid"] for one in arrived[3:]] == sids
    assert await ask.told("redrive", "--all") == "0 were sent again.\n"
    ended = await ask("redrive", dead[0]["id"])
    assert ended.code == 1
    assert "was not given up" in ended.err
    for words in (("redrive",), ("redrive", dead[0]["id"], "--all")):
        ended = await ask(*words)
        assert ended.code == 1
        assert "--all" in ended.err
    await phone.leave()


async def test_keys_and_applications_are_made_and_removed(ask: Ask) -> None:
    """A key's secret is shown once."""
    made = await ask.json("keys", "create", "terminal")
    assert len(made["secret"]) >= 32
    listed = await ask.told("keys")
    assert made["sid"] in listed
    assert made["secret"] not in listed
    assert await ask.told("keys", "remove", made["sid"]) == "Removed.\n"
    assert made["sid"] not in await ask.told("keys")
    app = await ask.json("apps", "create", "http://127.0.0.1:9/voice", "--name", "terminal")
    assert app["sid"] in await ask.told("apps")
    assert "http://127.0.0.1:9/voice" in await ask.told("apps")
    await ask.told("apps", "remove", app["sid"])
    assert app["sid"] not in await ask.told("apps")


async def test_nobody_answers(run: Run) -> None:
    """The command says where it asked."""
    account = ("--account-sid", "AC" + "0a" * 16, "--auth-token", "a1" * 16)
    ended = await asyncio.to_thread(run, "calls", "--public-url", "http://127.0.0.1:9", *account)
    assert ended.code == 1
    assert "no answer from http://127.0.0.1:9" in ended.err


async def test_a_command_needs_an_account(run: Run) -> None:
    """Without one, and without a store that has one, it says how to name one."""
    ended = await asyncio.to_thread(run, "calls")
    assert ended.code == 1
    assert "--account-sid" in ended.err


async def test_a_machine_is_looked_at(run: Run, site: Site) -> None:
    """What a server needs is there, or is named; a port that is taken fails."""
    port = ("--host", "127.0.0.1", "--tls", "off")
    ended = await asyncio.to_thread(run, "check", *port, "--port", str(site.port))
    assert ended.code == 1
    assert f"no port {site.port}" in ended.out
    found = await asyncio.to_thread(run, "check", *port, "--port", "0", "--json")
    assert found.code == 2  # no server listens on port 0
    assert "MIDCALL_PORT" in found.err
    store = ("--store", "sqlite:///nowhere/midcall.db")
    ended = await asyncio.to_thread(run, "check", *store, "--json")
    (wrong,) = [one for one in json.loads(ended.out) if one["what"] == "store"]
    assert (ended.code, wrong["verdict"]) == (1, "wrong")


async def test_a_store_is_brought_up_to_date(run: Run) -> None:
    """It is made if there is none, and left as it is if there is nothing to do."""
    for _ in range(2):
        ended = await asyncio.to_thread(run, "migrate")
        assert (ended.code, ended.err) == (0, "")
        assert "midcall.db are up to date" in ended.out
    ended = await asyncio.to_thread(run, "migrate", "--store", "sqlite://")
    assert ended.code == 1


async def test_messages_are_watched_as_they_come(site: Site, customer: Customer) -> None:
    """Each as it comes, until the command is interrupted; in JSON a line for each."""
    phone, call = await _call(site, customer, "watched")
    credentials = site.credentials
    watching = await asyncio.create_subprocess_exec(
        *(MIDCALL, "tail", call, "--json", "--public-url", site.url, "--tls", "off"),
        *("--account-sid", credentials.account_sid, "--auth-token", credentials.auth_token),
        stdout=asyncio.subprocess.PIPE,
    )
    assert watching.stdout is not None
    seen: dict[str, Any] = {}
    async with asyncio.timeout(PATIENCE_SECONDS):
        reading = asyncio.create_task(watching.stdout.readline())
        while not reading.done():
            # It hears what comes after it has begun to listen; nobody says when that is.
            await phone.message(call, "now")
            await asyncio.wait([reading], timeout=0.1)
        seen = json.loads(await reading)
    assert (seen["call_sid"], seen["content"], seen["direction"]) == (call, "now", "uplink")
    watching.terminate()
    await watching.wait()
    await phone.leave()
