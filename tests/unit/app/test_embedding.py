"""The settings of a server inside a program."""

import pytest
from pydantic import ValidationError

from midcall.app.embedding import listen_anywhere, settings_for
from midcall.app.sockets import close_all


def test_a_program_gets_what_it_wrote(monkeypatch: pytest.MonkeyPatch) -> None:
    """On its own sockets, in memory, without audio; nothing comes from the environment."""
    monkeypatch.setenv("MIDCALL_MEDIA", "aiortc")
    monkeypatch.setenv("MIDCALL_HELD_MESSAGES", "3")
    listeners = listen_anywhere()
    try:
        settings = settings_for(listeners, callback_retries="1, 2", held_seconds=5)
        port = listeners[0].getsockname()[1]
    finally:
        close_all(listeners)
    assert (settings.port, settings.public_url) == (port, f"http://127.0.0.1:{port}")
    assert (settings.media, settings.store_path, settings.held_messages) == ("none", None, 1000)
    assert (settings.callback_retries, settings.held_seconds) == ((1, 2), 5)


@pytest.mark.parametrize("stated", [{"held_messages": "many"}, {"speed": 5}])
def test_a_setting_that_cannot_be_is_refused(stated: dict[str, object]) -> None:
    """A wrong value, or a name that is none."""
    listeners = listen_anywhere()
    try:
        with pytest.raises(ValidationError):
            settings_for(listeners, **stated)
    finally:
        close_all(listeners)
