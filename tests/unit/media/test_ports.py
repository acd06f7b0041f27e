"""The adapters fulfil the port. mypy checks the signatures, the test that none is missing."""

from midcall.core.ports import MediaEngine
from midcall.media.engine import AiortcEngine
from midcall.media.none import NoMedia


async def test_both_engines_have_every_method_of_the_port() -> None:
    """Whatever the port asks for, audio or no audio."""
    engines: list[MediaEngine] = [AiortcEngine(), NoMedia()]
    asked = {name for name in vars(MediaEngine) if not name.startswith("_")}
    for engine in engines:
        assert {name for name in asked if not hasattr(engine, name)} == set()
