"""Every operation that the API describes, driven by the official libraries."""

import http.client
import json
import shutil
import subprocess
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from midcall.core.ports import AddEntry, AddExchange, AddMessage, AddNotification
from midcall.model.exchanges import Exchange
from midcall.model.messages import MessageState
from midcall.model.notifications import Level, Notification
from midcall.model.sids import NotificationSid
from tests.integration.rest.conftest import Site
from tests.integration.rest.records import ACCOUNT, AT, BASE, LIVE, OVER, OWN_TOKEN, owed, uplink

SCRIPT = Path(__file__).parent / "node" / "every_operation.mjs"
NODE = shutil.which("node")
LIBRARY = Path(__file__).parents[3] / "node_modules" / "twilio"

NOTIFICATION = Notification(
    sid=NotificationSid("NO" + "1" * 32),
    account_sid=ACCOUNT.sid,
    call_sid=OVER,
    code=11200,
    level=Level.ERROR,
    text="An attempt to retrieve content failed",
    created_at=AT,
)
EXCHANGE = Exchange(
    account_sid=ACCOUNT.sid,
    call_sid=OVER,
    requested_at=AT,
    method="POST",
    url="https://example.com/voice",
    parameters={"CallSid": OVER},
    duration_ms=12,
    response_code=200,
)
MESSAGE = uplink(1, OVER, state=MessageState.FAILED)
CALLBACK = owed(1, call=OVER)


@pytest.fixture
def eventful(site: Site) -> Site:
    """Serve an account that has something of everything."""
    site.commit(
        AddNotification(NOTIFICATION),
        AddExchange(EXCHANGE),
        AddMessage(MESSAGE),
        AddEntry(CALLBACK),
    )
    return site


def drive_messages(client: Any, site: Site) -> None:
    """Use every operation that the original does not have: the library knows no names for them."""
    api = client.api.v2010
    account, call = f"/Accounts/{ACCOUNT.sid}", f"/Accounts/{ACCOUNT.sid}/Calls/{OVER}"
    messages = f"{call}/UserDefinedMessages"
    (listed,) = api.fetch("GET", f"{messages}.json")["user_defined_messages"]
    assert api.fetch("GET", f"{messages}/{listed['sid']}.json")["state"] == "failed"
    assert len(api.fetch("GET", f"{account}/UserDefinedMessages.json")) > 1
    sent = {"To": "client:amy", "Content": "1"}
    made = api.create("POST", f"{account}/UserDefinedMessages.json", data=sent)
    assert [one["call_sid"] for one in made["results"]] == [LIVE]
    for of in (account, f"{account}/Calls/{LIVE}"):
        many = f"{of}/UserDefinedMessageSubscriptions"
        made = api.create("POST", f"{many}.json", data={"Callback": "https://example.com/"})
        (listed,) = api.fetch("GET", f"{many}.json")["user_defined_message_subscriptions"]
        assert api.fetch("GET", f"{many}/{made['sid']}.json") == listed
        assert api.delete("DELETE", f"{many}/{made['sid']}.json")
    ended = client.request("GET", f"{site.url}/2010-04-01{messages}/Stream.json")
    assert ended.status_code == 204
    for of in (account, f"{account}/Calls/{LIVE}"):
        assert first_line(site, f"{BASE.removesuffix(account)}{of}/UserDefinedMessages/Stream")
    assert len(api.fetch("GET", f"{call}/Timeline.json")["timeline"]) == 3
    (endpoint,) = api.fetch("GET", f"{account}/Endpoints.json")["endpoints"]
    assert (endpoint["host"], endpoint["requests"], endpoint["dead"]) == ("example.com", 1, 1)
    callbacks = f"{account}/Callbacks"
    (dead,) = api.fetch("GET", f"{callbacks}.json")["callbacks"]
    path = f"{callbacks}/{dead['id']}.json"
    assert api.fetch("GET", path)["state"] == "dead"
    assert api.update("POST", path, data={"State": "pending"})["state"] == "pending"
    assert api.update("POST", f"{callbacks}/Redrive.json") == {"redriven": 0}


def first_line(site: Site, path: str) -> bytes:
    """Return what a stream begins with, and leave it."""
    with closing(http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)) as connection:
        connection.request("GET", path, headers={"Authorization": OWN_TOKEN})
        return connection.getresponse().readline()


def drive_calls(client: Any) -> None:
    """Use every operation of calls and of what belongs to them."""
    live = client.calls(LIVE)
    live.user_defined_messages.create(content="{}")
    subscriptions = live.user_defined_message_subscriptions
    made = subscriptions.create(callback="https://example.com/messages")
    assert subscriptions(made.sid).delete()
    call = client.calls.create(to="client:amy", from_="shop", twiml="<Response/>")
    client.calls(call.sid).update(status="canceled")
    assert client.calls.list(start_time=date(2026, 5, 4))
    over = client.calls(OVER)
    assert over.fetch().sid == OVER
    assert over.events.list()
    assert over.notifications.list()
    assert over.notifications(NOTIFICATION.sid).fetch().error_code == "11200"
    assert client.notifications.list(message_date=date(2026, 5, 4))
    assert client.notifications(NOTIFICATION.sid).fetch().log == "0"
    assert client.monitor.v1.alerts.list()
    assert client.monitor.v1.alerts(NOTIFICATION.sid).fetch().log_level == "error"
    assert over.delete()


def drive_the_rest(client: Any) -> None:
    """Use every operation of applications, numbers, keys, accounts and credentials."""
    numbers = client.incoming_phone_numbers
    for many, given in (
        (numbers, {"area_code": "415"}),
        (numbers.local, {"phone_number": "+14155550199"}),
        (numbers.mobile, {"phone_number": "+491715550199"}),
        (numbers.toll_free, {"phone_number": "+18005550199"}),
    ):
        made = many.create(**given)
        assert made.sid in {one.sid for one in many.list()}
    changeable = ((client.applications, client.applications), (numbers, numbers))
    keys = ((client.new_keys, client.keys), (client.new_signing_keys, client.signing_keys))
    for news, olds in (*changeable, *keys):
        made = news.create(area_code="510") if news is numbers else news.create()
        assert olds(made.sid).fetch().sid == made.sid
        assert olds(made.sid).update(friendly_name="x").friendly_name == "x"
        assert made.sid in {one.sid for one in olds.list()}
        assert olds(made.sid).delete()
    accounts = client.api.v2010.accounts
    sub = accounts.create()
    assert accounts(sub.sid).fetch().sid == sub.sid
    assert accounts(sub.sid).update(status="closed").status == "closed"
    assert len(accounts.list()) == 2
    assert client.tokens.create().ttl == "86400"


def test_the_official_python_library_drives_every_operation(eventful: Site) -> None:
    """Each one that is described succeeds with it."""
    client = eventful.official()
    drive_messages(client, eventful)
    drive_calls(client)
    drive_the_rest(client)
    assert eventful.witness.succeeded == eventful.witness.operation_ids


@pytest.mark.skipif(not (NODE and LIBRARY.is_dir()), reason="the Node library is not installed")
def test_the_official_node_library_drives_every_operation(eventful: Site) -> None:
    """Each one that is described succeeds with it, and says what it should."""
    site = {
        "url": eventful.url,
        "accountSid": ACCOUNT.sid,
        "authToken": ACCOUNT.auth_token,
        "live": LIVE,
        "over": OVER,
        "notification": NOTIFICATION.sid,
    }
    assert NODE is not None
    done = subprocess.run(
        [NODE, str(SCRIPT), json.dumps(site)],
        check=False,
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert done.returncode == 0, done.stderr
    assert eventful.witness.succeeded == eventful.witness.operation_ids
