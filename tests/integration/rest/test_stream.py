"""The stream of message events: order, coming back, and how it ends."""

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from msgspec.structs import replace

from midcall.core.messages.rate import Rate
from midcall.core.ports import (
    AddMessage,
    Change,
    MarkMessage,
    PutAccount,
    PutFamily,
    RemoveApiKey,
    RemoveCall,
)
from midcall.model.accounts import AccountStatus
from midcall.model.calls import CallStatus
from midcall.model.messages import MessageState
from midcall.rest import stream
from midcall.rest.desk import RestLimits
from tests.integration.rest.conftest import Site
from tests.integration.rest.records import (
    ACCOUNT,
    AT,
    BASE,
    KEY,
    LIVE,
    OTHER,
    OVER,
    OWN_KEY,
    OWN_TOKEN,
    THEIRS,
    family,
    uplink,
)

STREAM = f"{BASE}/UserDefinedMessages/Stream"
OF_CALL = f"{BASE}/Calls/{LIVE}/UserDefinedMessages/Stream"


class Ear:
    """A client of a stream, which reads when it is told to."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self._response = response

    def block(self) -> dict[str, str]:
        """Read up to an empty line: an event's fields by their names; none at the end."""
        fields: dict[str, str] = {}
        while (line := self._response.readline().decode()) not in {"\n", ""}:
            name, _, text = line.rstrip("\n").partition(":")
            fields[name] = text.removeprefix(" ")
        return fields

    def event(self) -> tuple[int, str, dict[str, Any]]:
        """Read an event: its id, its name and the message."""
        fields = self.block()
        return int(fields["id"]), fields["event"], json.loads(fields["data"])

    def ends(self) -> bool:
        """Read to the end, past heartbeats; tell whether there was no event any more."""
        return "data" not in self._response.read().decode()


Listen = Callable[..., Ear]


@pytest.fixture
def listen(site: Site) -> Iterator[Listen]:
    """Give streams of the server, and leave them at the end."""
    with ExitStack() as stack:

        def open_one(path: str = STREAM, authorization: str = OWN_TOKEN, **headers: str) -> Ear:
            connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
            stack.enter_context(closing(connection))
            named = {name.replace("_", "-"): text for name, text in headers.items()}
            connection.request("GET", path, headers={"Authorization": authorization, **named})
            response = connection.getresponse()
            assert response.status == 200
            assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
            assert response.headers["Cache-Control"] == "no-store"
            assert response.headers["X-Accel-Buffering"] == "no"
            return Ear(response)

        yield open_one


def settled(number: int, state: MessageState = MessageState.DELIVERED) -> MarkMessage:
    """Return the end of a device's message."""
    return MarkMessage(LIVE, uplink(number).sid, state, AT)


def test_a_stream_begins_now(site: Site, listen: Listen) -> None:
    """What came before is not told; what comes then is, each with its name and state."""
    site.commit(AddMessage(uplink(1)))
    ear = listen(f"{STREAM}.json")
    began = int(ear.block()["id"])
    site.commit(AddMessage(uplink(2)))
    first, name, message = ear.event()
    assert first > began
    assert (name, message["sid"], message["state"]) == ("message", uplink(2).sid, "held")
    site.commit(settled(2, MessageState.FAILED))
    second, name, message = ear.event()
    assert second > first
    assert (name, message["sid"], message["state"]) == ("receipt", uplink(2).sid, "failed")


def test_a_downlink_is_told_of_when_it_is_settled(site: Site, listen: Listen) -> None:
    """A receipt, whole as the message is shown elsewhere."""
    made = site.ask("POST", f"{BASE}/Calls/{LIVE}/UserDefinedMessages", {"Content": "1"}).json
    ear = listen()
    ear.block()
    site.commit(MarkMessage(LIVE, made["sid"], MessageState.DELIVERED, AT))
    _, name, message = ear.event()
    assert name == "receipt"
    assert message == listed(site, made["sid"])


def listed(site: Site, sid: str) -> dict[str, Any]:
    """Return a message as the list shows it."""
    found = site.ask("GET", f"{BASE}/UserDefinedMessages.json").json["user_defined_messages"]
    (one,) = [one for one in found if one["sid"] == sid]
    return dict(one)


def test_a_client_that_comes_back_misses_nothing(site: Site, listen: Listen) -> None:
    """Behind the event that it saw last, all that came meanwhile, over many pages, in order."""
    numbers = range(1, 2 * stream.PAGE_EVENTS + 8)
    site.commit(*(AddMessage(uplink(number)) for number in numbers))
    ear = listen(Last_Event_ID="0")
    assert ear.block() == {"id": "0"}
    events = [ear.event() for _ in numbers]
    assert [message["sequence_number"] for _, _, message in events] == list(numbers)
    ids = [id for id, _, _ in events]
    assert ids == sorted(set(ids))
    again = listen(Last_Event_ID=str(ids[-3]))
    again.block()
    assert [again.event()[0] for _ in range(2)] == ids[-2:]
    # Nothing is told twice, and what is new follows at once.
    site.commit(AddMessage(uplink(len(numbers) + 1)))
    assert again.event()[2]["sequence_number"] == len(numbers) + 1


def test_the_position_may_be_in_the_query(site: Site, listen: Listen) -> None:
    """For clients that cannot set headers; the header, which a client updates, wins."""
    site.commit(AddMessage(uplink(1)), AddMessage(uplink(2)))
    ear = listen(f"{STREAM}?LastEventId=0")
    assert ear.block() == {"id": "0"}
    first = ear.event()[0]
    ear = listen(f"{STREAM}?LastEventId=0", Last_Event_ID=str(first))
    assert ear.block() == {"id": str(first)}
    assert ear.event()[2]["sid"] == uplink(2).sid


def test_a_position_to_come_is_now(site: Site, listen: Listen) -> None:
    """A client whose server was put back to an earlier state hears what is new."""
    ear = listen(Last_Event_ID="9" * 18)
    ear.block()
    site.commit(AddMessage(uplink(1)))
    assert ear.event()[2]["sid"] == uplink(1).sid


@pytest.mark.parametrize("text", ["x", "-1", "1.5", "9" * 19, "٣"])
def test_what_is_no_position_is_refused(standing: Site, text: str) -> None:
    """400, and no stream."""
    headers = {"Last-Event-ID": text} if text.isascii() else {}
    query = "" if text.isascii() else "?LastEventId=%D9%A3"
    answer = standing.ask("GET", f"{STREAM}{query}", headers=headers)
    assert (answer.status, answer.json["code"]) == (400, 20001)


def test_an_account_hears_of_its_own_messages_only(site: Site, listen: Listen) -> None:
    """And a call's stream of those of the call."""
    ears = listen(), listen(OF_CALL)
    for ear in ears:
        ear.block()
    site.commit(
        AddMessage(uplink(1, THEIRS, account=OTHER.sid)),
        AddMessage(uplink(2, OVER)),
        AddMessage(uplink(3)),
    )
    of_account, of_call = ears
    assert [of_account.event()[2]["call_sid"] for _ in range(2)] == [OVER, LIVE]
    assert of_call.event()[2]["call_sid"] == LIVE


def test_the_stream_of_a_call_ends_with_it(site: Site, listen: Listen) -> None:
    """When the call is over and its last message settled; then there is nothing to come back for.

    A callback of the call may still be under way when it ends, and its receipt is told as well.
    """
    site.commit(AddMessage(uplink(1, state=MessageState.ACCEPTED)))
    ear = listen(OF_CALL, Last_Event_ID="0")
    ear.block()
    assert ear.event()[1] == "message"
    site.commit(PutFamily(family(LIVE, ACCOUNT.sid, CallStatus.COMPLETED)))
    site.commit(settled(1))
    last, name, _ = ear.event()
    assert name == "receipt"
    assert ear.ends()
    back = site.ask("GET", OF_CALL, headers={"Last-Event-ID": str(last)})
    assert (back.status, back.body) == (204, b"")
    # One that saw less hears the rest first.
    late = listen(OF_CALL, Last_Event_ID=str(last - 1))
    late.block()
    assert late.event()[0] == last
    assert late.ends()


def test_the_stream_of_a_call_that_is_removed_ends(
    site: Site, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is nothing to be told any more."""
    ear = listen(OF_CALL)
    ear.block()
    site.commit(PutFamily(family(LIVE, ACCOUNT.sid, CallStatus.COMPLETED)), RemoveCall(LIVE))
    assert ear.ends()
    assert site.ask("GET", OF_CALL).status == 404


def test_a_quiet_stream_has_a_heartbeat(listen: Listen, monkeypatch: pytest.MonkeyPatch) -> None:
    """A comment, so that nobody between takes the connection for dead."""
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.02)
    ear = listen()
    ear.block()
    assert [ear.block() for _ in range(2)] == [{"": ""}, {"": ""}]


def test_a_server_that_stops_ends_its_streams(site: Site, listen: Listen) -> None:
    """They come to an end as they should, and are not cut off."""
    ear = listen()
    ear.block()
    site.close_feeds()
    assert ear.ends()


@pytest.mark.parametrize(
    ("authorization", "change"),
    [
        (OWN_TOKEN, PutAccount(replace(ACCOUNT, status=AccountStatus.SUSPENDED))),
        (OWN_KEY, RemoveApiKey(KEY.sid)),
    ],
    ids=["account", "key"],
)
def test_whoever_would_not_be_let_in_any_more_is_not_told_more(
    site: Site,
    listen: Listen,
    monkeypatch: pytest.MonkeyPatch,
    authorization: str,
    change: Change,
) -> None:
    """A heartbeat after the account is suspended, or the key removed, the stream ends."""
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.02)
    ear = listen(authorization=authorization)
    ear.block()
    site.commit(change)
    assert ear.ends()


def test_whoever_logs_out_is_not_told_more(
    site: Site, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A heartbeat after the session is over, the stream ends."""
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.02)
    site.bearers["a session"] = ACCOUNT.sid
    ear = listen(authorization="Bearer a session")
    ear.block()
    del site.bearers["a session"]
    assert ear.ends()


def test_a_client_that_leaves_costs_nothing_more(site: Site, listen: Listen) -> None:
    """Its feed is closed."""
    with closing(http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)) as connection:
        connection.request("GET", STREAM, headers={"Authorization": OWN_TOKEN})
        connection.getresponse().readline()
        assert len(site.bell) == 1
    while len(site.bell):
        pass  # The server hears of it soon; the test's deadline is the limit.
    assert site.desk.streams[ACCOUNT.sid] == 0


def test_head_opens_no_stream(site: Site) -> None:
    """It has the headers, and an end."""
    answer = site.ask("HEAD", STREAM)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert len(site.bell) == 0


def test_an_account_has_so_many_streams(database: str) -> None:
    """One more is 429, until one has ended; another account is not concerned."""
    limits = RestLimits(account_streams=1, account_rate=Rate(1, 1_000_000))
    site = Site(database, limits)
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)) as connection:
            connection.request("GET", STREAM, headers={"Authorization": OWN_TOKEN})
            connection.getresponse().readline()
            refused = site.ask("GET", OF_CALL)
            assert (refused.status, refused.json["code"]) == (429, 20429)
        while site.ask("HEAD", STREAM).status == 429:
            pass  # The server hears soon that the client has left.
    finally:
        site.stop()


@pytest.mark.parametrize(
    "path",
    [
        f"{BASE}/Calls/{THEIRS}/UserDefinedMessages/Stream",
        f"/2010-04-01/Accounts/{OTHER.sid}/UserDefinedMessages/Stream",
        f"{BASE}/Calls/CA1/UserDefinedMessages/Stream.json",
    ],
)
def test_what_is_not_the_accounts_is_not_streamed(standing: Site, path: str) -> None:
    """It is refused before anything is told."""
    assert standing.ask("GET", path).status == 404
    assert standing.ask("GET", path, authorization=None).status == 401
