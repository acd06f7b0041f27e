"""A device that says anything at all, in any order, on a socket of a running server.

``SOAK_EXAMPLES`` in the environment sets how many dialogues there are; the default takes a few
seconds.

- Nothing that it says makes a dialogue fail: the socket stays open, or is closed by name.
- Nobody else notices: a call of others goes on.
"""

import asyncio
import json
import os
from collections.abc import Iterator, MutableMapping
from contextlib import AsyncExitStack
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from midcall.gateway import closing
from tests.integration.gateway.inside import Inside, running_inside
from tests.support.softphone import OFFER, Closed, Softphone, new_message_sid

EXAMPLES: Final = int(os.environ.get("SOAK_EXAMPLES", "60"))

JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)

TYPES: Final = (
    "listen register invite answer reinvite reject hangup dtmf message ready connected ack error"
).split()

NAMED: Final = (
    "callsid sdp reconnect reconnectTimeout token media twilio content contenttype messagetype"
    " voiceeventsid dtmf browserinfo"
).split()


class Stage:
    """A server, a call of two others on it, and a loop that all of it lives on."""

    def __init__(self, runner: "asyncio.Runner") -> None:
        self._runner = runner
        self._stack = AsyncExitStack()
        self.site: Inside
        self.alice: Softphone
        self.parent = ""
        self.child = ""

    async def open(self) -> None:
        """Begin the call."""
        self.site = await self._stack.enter_async_context(running_inside())
        bob = await self.site.phone("bob").sign_in()
        self.alice = await self.site.phone("alice", self.site.application_sid).sign_in()
        for phone in (bob, self.alice):
            self._stack.push_async_callback(phone.leave)
        await self.alice.invite("To=bob")
        self.child = (await bob.find("invite"))["callsid"]
        await bob.accept(self.child)
        self.parent = (await self.alice.find("answer"))["callsid"]

    async def close(self) -> None:
        """End everything."""
        await self._stack.aclose()

    def values(self) -> list[Any]:
        """Return values that mean something here, to somebody else perhaps."""
        token = self.site.credentials.token("mallory", self.site.application_sid)
        return [self.parent, self.child, token, OFFER, new_message_sid(), "TJS1", "KX", "", 30]

    def hear_out(self, texts: list[str]) -> list[MutableMapping[str, Any]]:
        """Let mallory say all of it, and leave; return what was logged."""
        with capture_logs() as logs:
            self._runner.run(self._hear_out(texts))
        return logs

    async def _hear_out(self, texts: list[str]) -> None:
        mallory = self.site.phone("mallory", self.site.application_sid)
        async with await mallory.connect():
            await mallory.listen()
            mallory.say_at_once(*texts)
            await mallory.send("register", media={"audio": False})
            while True:
                came = await mallory.next()
                if isinstance(came, Closed):
                    assert came.code != closing.FAILED.code, came
                    break
                if came.type == "offline":
                    break
        sid = await self.alice.message(self.parent, "still here")
        while (ack := await self.alice.find("ack"))["voiceeventsid"] != sid:
            raise AssertionError(ack)


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """Give a server with a call on it."""
    with asyncio.Runner() as runner:
        made = Stage(runner)
        runner.run(made.open())
        yield made
        runner.run(made.close())


def _texts(stage: Stage) -> st.SearchStrategy[str]:
    value = st.sampled_from(stage.values()) | JSON
    payload = st.dictionaries(st.sampled_from(NAMED), value, max_size=8) | JSON
    frame = st.fixed_dictionaries(
        {"type": st.sampled_from(TYPES) | st.text(max_size=8), "payload": payload},
        optional={"version": st.just("1.6") | JSON},
    )
    return frame.map(json.dumps) | JSON.map(json.dumps) | st.text(max_size=40) | st.just("\n")


@settings(
    max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(data=st.data())
def test_whatever_a_device_says_concerns_itself(stage: Stage, data: st.DataObject) -> None:
    """It is answered or refused; no dialogue fails, and a call of others goes on."""
    texts = data.draw(st.lists(_texts(stage), max_size=12))
    logs = stage.hear_out(texts)
    assert [line for line in logs if line["log_level"] in {"error", "critical"}] == []
