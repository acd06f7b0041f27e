"""The adapters fulfil the port. mypy checks the signatures, the test that none is missing."""

from midcall.core.ports import MediaEngine
from midcall.media.engine import AiortcEngine
from midcall.media.none import NoMedia


def methods_of(port: type[MediaEngine]) -> set[str]:
    """Return the names of the port's methods."""
    return {name for name in vars(port) if not name.startswith("_")}


async def test_both_engines_have_every_method_of_the_port() -> None:
    """Whatever the port asks for, audio or no audio."""
    engines: list[MediaEngine] = [AiortcEngine(), NoMedia()]
    for engine in engines:
        assert {name for name in methods_of(MediaEngine) if not hasattr(engine, name)} == set()
