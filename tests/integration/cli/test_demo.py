"""``midcall demo``: the whole product in a second, and an exit code that can be trusted."""

import json

import pytest

from midcall.cli import demo
from midcall.client import Call
from midcall.model.errors import Unavailable
from tests.integration.cli.conftest import Run


def test_the_demo_works(run: Run) -> None:
    """It tells of the call, the messages both ways, the callback and the receipt, in order."""
    ended = run("demo")
    assert (ended.code, ended.err) == (0, "")
    told = [
        "is ready at",
        "alice       is registered",
        "alice       calls bob: CA",
        "bob         has answered",
        "is told of it, rightly signed",
        "alice       is told",
        "has the receipt: delivered",
        "bob         hangs up",
        "has completed both legs",
        "All of it worked.",
    ]
    places = [ended.out.find(text) for text in told]
    assert -1 not in places, ended.out
    assert places == sorted(places)
    assert "\x1b" not in ended.out


def test_the_demo_tells_programs(run: Run) -> None:
    """As one object, with every step."""
    ended = run("demo", "--json")
    answer = json.loads(ended.out)
    assert (ended.code, answer["worked"]) == (0, True)
    assert {step["who"] for step in answer["steps"]} == {"server", "alice", "bob", "application"}


def test_a_demo_that_fails_says_where(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit code is not 0, and nothing claims that it worked."""

    async def lose(self: Call, content: object) -> str:
        raise TimeoutError

    monkeypatch.setattr(Call, "send_message", lose)
    ended = run("demo")
    assert ended.code == 1
    assert "the demo failed behind 'application subscribes to alice's messages" in ended.err
    assert "worked" not in ended.out


def test_a_message_that_was_changed_on_its_way_is_no_success(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What arrives is compared with what was sent."""
    text = demo._text
    monkeypatch.setattr(demo, "_text", lambda content: text(content).replace("29.7", "30"))
    ended = run("demo", "--json")
    assert ended.code == 1
    assert "the message is not what it should be" in ended.err
    assert json.loads(ended.out)["worked"] is False


def test_a_server_that_refuses_ends_the_demo(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a sentence, not in a trace."""

    async def refuse(self: object, *_: object, **__: object) -> None:
        raise Unavailable

    monkeypatch.setattr("midcall.core.messages.service.MessageService.subscribe", refuse)
    ended = run("demo")
    assert ended.code == 1
    assert "Traceback" not in ended.err
