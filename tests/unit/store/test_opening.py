"""What a store's URL means."""

from pathlib import Path

import pytest

from midcall.store.faults import StoreInUse, UnknownStoreUrl
from midcall.store.opening import location


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///midcall.db", Path("midcall.db")),
        ("sqlite:///some/where/midcall.db", Path("some/where/midcall.db")),
        ("sqlite:////var/lib/midcall/midcall.db", Path("/var/lib/midcall/midcall.db")),
        ("sqlite:///a%20b.db", Path("a b.db")),
        ("sqlite:///:memory:", None),
    ],
)
def test_a_url_names_a_file_or_memory(url: str, path: Path | None) -> None:
    """Three slashes and a relative path, four and an absolute one, or memory."""
    assert location(url) == path


@pytest.mark.parametrize(
    "url",
    [
        "",
        "midcall.db",
        "sqlite:",
        "sqlite://",
        "sqlite:///",
        "sqlite://midcall.db",
        "sqlite:///midcall.db?mode=ro",
        "sqlite+aiosqlite:///midcall.db",
        "postgresql://user:secret@host/base",
        "mysql://user:secret@host/base",
    ],
)
def test_any_other_url_is_refused_without_repeating_it(url: str) -> None:
    """The refusal says what is understood, and keeps what may be a password to itself."""
    with pytest.raises(UnknownStoreUrl) as refusal:
        location(url)
    assert "sqlite:///" in str(refusal.value)
    assert "secret" not in str(refusal.value)


def test_a_file_in_use_is_named_with_its_owner() -> None:
    """The operator reads which file it is, and which process has it."""
    sentence = str(StoreInUse(Path("/srv/midcall.db"), "4711"))
    assert "/srv/midcall.db" in sentence
    assert "4711" in sentence
    assert "process" not in str(StoreInUse(Path("/srv/midcall.db"), ""))
