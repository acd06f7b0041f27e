"""Looking at a call while it happens: its history, its SDK's reports, the console's sessions."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from midcall.model.sids import AccountSid
from tests.integration.gateway.inside import Inside, running_inside
from tests.integration.gateway.test_held import Ringing
from tests.support.softphone import OFFER, PATIENCE_SECONDS

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site() -> AsyncIterator[Inside]:
    """Give a server."""
    async with running_inside() as site:
        yield site


@pytest_asyncio.fixture(loop_scope="module")
async def ringing(site: Inside) -> AsyncIterator[Ringing]:
    """Give a call that rings; both leave at the end."""
    call = Ringing(site)
    yield await call.begin()
    await call.alice.hang_up(call.parent)
    for phone in (call.alice, call.bob):
        await phone.leave()


async def history(site: Inside, call: str) -> list[dict[str, Any]]:
    """Return what happened to a call so far; what still waits to be written is written first."""
    site.server.tracing.flush()
    found: list[dict[str, Any]] = (await site.rest("GET", f"Calls/{call}/Timeline"))["timeline"]
    return found


def told(items: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return the kinds and names of what happened."""
    return [(item["kind"], item["name"]) for item in items]


async def reaches(site: Inside, call: str, *last: tuple[str, str]) -> list[dict[str, Any]]:
    """Look at the history of a call until it ends so; return it."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while told(items := await history(site, call))[-len(last) :] != list(last):
            pass
    return items


async def post(site: Inside, body: Any, token: str | None) -> int:
    """Post a report as the SDK does; return the status of the answer."""
    url = f"{site.url}/insights?.twilio.com/v4/EndpointEvents"
    headers = {} if token is None else {"X-Twilio-Token": token}
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, json=body, headers=headers) as response,
    ):
        return response.status


async def test_a_call_is_told_from_its_first_frame_to_its_end(
    site: Inside, ringing: Ringing
) -> None:
    """Frames, statuses, verbs and messages, in the order in which they happened."""
    await ringing.bob.accept(ringing.child)
    await site.reaches(ringing.child, "in-progress")
    sid = await site.send(ringing.child, '"confidential"')
    await ringing.bob.find("message")
    await ringing.bob.send("dtmf", callsid=ringing.child, dtmf="12")
    await ringing.bob.hang_up(ringing.child)
    await site.reaches(ringing.child, "completed")
    child = await reaches(site, ringing.child, ("status", "completed"))
    assert told(child) == [
        ("status", "queued"),
        ("sent", "invite"),
        ("status", "ringing"),
        ("received", "answer"),
        ("status", "in-progress"),
        ("message", "downlink"),
        ("received", "dtmf"),
        ("received", "hangup"),
        ("status", "completed"),
    ]
    (message,) = (item for item in child if item["kind"] == "message")
    assert (message["sid"], message["details"]["state"]) == (sid, "delivered")
    parent = await history(site, ringing.parent)
    assert told(parent)[:2] == [("received", "invite"), ("status", "ringing")]
    assert ("verb", "Dial") in told(parent)
    (dial,) = (item for item in parent if item["name"] == "Dial")
    assert dial["details"]["to"] == f"client:{ringing.name}"
    traces = [item for item in (*parent, *child) if item["kind"] != "message"]
    assert all(secret not in str(traces) for secret in (OFFER, ringing.reconnect, "confidential"))


async def test_a_device_that_comes_back_is_told_of(site: Inside, ringing: Ringing) -> None:
    """With the frames of its new socket, and no token in them."""
    await ringing.bob.accept(ringing.child)
    await site.reaches(ringing.child, "in-progress")
    await ringing.bob.connect()
    await ringing.bob.listen()
    await ringing.bob.reattach(ringing.child, ringing.reconnect)
    await ringing.bob.find("answer")
    items = await reaches(site, ringing.child, ("received", "invite"), ("sent", "answer"))
    first, again, answered = (
        next(item for item in items if item["kind"] == "sent"),
        *items[-2:],
    )
    assert again["details"]["reconnect"] == "true"
    assert again["details"]["session"] == answered["details"]["session"]
    assert again["details"]["session"] != first["details"]["session"]


async def test_whoever_has_no_part_in_a_call_leaves_nothing_in_it(
    site: Inside, ringing: Ringing
) -> None:
    """Another device may name its SID, and is refused."""
    mallory = await site.phone("mallory").sign_in()
    await mallory.hang_up(ringing.child)
    await mallory.send("dtmf", callsid=ringing.child, dtmf="1")
    await mallory.nothing()
    await mallory.leave()
    assert not [item for item in await history(site, ringing.child) if item["kind"] == "received"]


async def test_what_the_sdk_reports_is_told(site: Inside, ringing: Ringing) -> None:
    """Samples of the audio and what went wrong, if the token is that of a device in the call."""
    feedback = {
        "group": "feedback",
        "name": "received",
        "level": "INFO",
        "payload": {"call_sid": ringing.child, "quality_score": 5},
    }
    samples = [
        {"call_sid": ringing.child, "jitter": n, "timestamp": f"2026-05-04T03:02:0{n}Z"}
        for n in range(5)
    ]
    metrics = {"group": "quality-metrics-samples", "payload": samples}
    for token in (None, "confidential", site.credentials.token("mallory")):
        assert await post(site, feedback, token) == 200
    token = site.credentials.token(ringing.name)
    assert [await post(site, body, token) for body in (metrics, feedback)] == [200, 200]
    items = await reaches(
        site, ringing.child, ("quality", "quality"), ("report", "feedback/received")
    )
    assert items[-2]["details"] == {"jitter": "2"}
    assert items[-1]["details"] == {"level": "info", "quality_score": "5"}
    assert len([item for item in items if item["kind"] == "report"]) == 1


async def test_somebody_logs_in_and_sees_what_changes(site: Inside, ringing: Ringing) -> None:
    """By the one-time key; the session opens the REST API and the stream, until it is ended."""
    key = site.server.sessions.issue_key(AccountSid(site.credentials.account_sid))
    async with aiohttp.ClientSession(site.url) as browser:
        async with browser.post("/console/session", json={"key": key}) as response:
            assert response.status == 201
            session = await response.json()
        bearer = {"Authorization": f"Bearer {session['token']}"}
        calls = f"/2010-04-01/Accounts/{session['account_sid']}/Calls.json"
        async with browser.get(calls, headers=bearer) as response:
            sids = [call["sid"] for call in (await response.json())["calls"]]
        assert {ringing.parent, ringing.child} <= set(sids)
        async with (
            browser.get("/console/live", headers=bearer) as live,
            asyncio.timeout(PATIENCE_SECONDS),
        ):
            assert live.headers["Content-Type"].startswith("text/event-stream")
            assert await live.content.readline() == b":\n"
            await ringing.bob.accept(ringing.child)
            while await live.content.readline() != b"event: change\n":
                pass
            assert await live.content.readline() == b"data: {}\n"
        async with browser.delete("/console/session", headers=bearer) as response:
            assert response.status == 204
        for path in (calls, "/console/live"):
            async with browser.get(path, headers=bearer) as response:
                assert response.status == 401
                assert response.headers["WWW-Authenticate"].startswith("Bearer")


async def test_the_console_is_served(site: Inside) -> None:
    """Its page and its advice, to anybody: they say nothing of any account."""
    async with aiohttp.ClientSession(site.url) as browser:
        for path in ("/console", "/console/advice.json"):
            async with browser.get(path) as response:
                assert response.status == 200
