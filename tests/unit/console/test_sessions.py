"""Sessions and one-time keys, with time and chance in a test's hand."""

from datetime import UTC, datetime, timedelta

import pytest

from midcall.console import sessions as module
from midcall.console.sessions import GUESSES, KEY, SESSION, Guesses, Sessions
from midcall.model.sids import AccountSid

AT = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
OURS = AccountSid("AC" + "1" * 32)
THEIRS = AccountSid("AC" + "2" * 32)


class Office:
    """Sessions at a time that passes when told."""

    def __init__(self) -> None:
        self.now = AT
        self.drawn = 0
        self.sessions = Sessions(lambda: self.now, self._draw)
        self.guesses = Guesses(lambda: self.now)

    def _draw(self, size: int, /) -> bytes:
        self.drawn += 1
        return self.drawn.to_bytes(size, "big")


def test_a_session_is_its_accounts_until_it_is_over() -> None:
    """Its token is 256 bits, and says nothing of whom it stands for."""
    office = Office()
    ours, theirs = office.sessions.open(OURS), office.sessions.open(THEIRS)
    assert len(bytes.fromhex(ours.token)) == 32
    assert (ours.account_sid, ours.expires_at) == (OURS, AT + SESSION)
    assert office.sessions.find(ours.token) == OURS
    assert office.sessions.find(theirs.token) == THEIRS
    office.now += SESSION
    assert office.sessions.find(ours.token) is None


@pytest.mark.parametrize("token", ["", "0" * 64, "\ud800"])
def test_a_token_of_nobodys_is_nobodys(token: str) -> None:
    """Whatever it is made of; ending it changes nothing."""
    office = Office()
    opened = office.sessions.open(OURS)
    assert office.sessions.find(token) is None
    office.sessions.close(token)
    assert office.sessions.find(opened.token) == OURS


def test_whoever_logs_out_is_out() -> None:
    """At once; another session of the same account goes on."""
    office = Office()
    first, second = office.sessions.open(OURS), office.sessions.open(OURS)
    office.sessions.close(first.token)
    assert office.sessions.find(first.token) is None
    assert office.sessions.find(second.token) == OURS


def test_only_digests_are_kept() -> None:
    """Neither a token nor a key is anywhere in what the sessions hold."""
    office = Office()
    told = office.sessions.open(OURS).token, office.sessions.issue_key(OURS)
    held = repr(vars(office.sessions))
    assert not any(one in held or repr(bytes.fromhex(one))[2:-1] in held for one in told)


def test_a_key_is_good_once() -> None:
    """Whoever comes second with it, or a day later, is nobody; it is no token either."""
    office = Office()
    first, second = office.sessions.issue_key(OURS), office.sessions.issue_key(THEIRS)
    assert office.sessions.find(first) is None
    assert office.sessions.redeem(first) == OURS
    assert office.sessions.redeem(first) is None
    office.now += KEY
    assert office.sessions.redeem(second) is None


def test_there_are_so_many_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is over goes first, and then the oldest."""
    monkeypatch.setattr(module, "MOST", 2)
    office = Office()
    over = office.sessions.open(OURS)
    office.now += SESSION
    old, new, newest = (office.sessions.open(OURS) for _ in range(3))
    assert len(office.sessions) == 2
    found = [office.sessions.find(one.token) for one in (over, old, new, newest)]
    assert found == [None, None, OURS, OURS]


def test_guessing_is_slowed_down() -> None:
    """Ten wrong log-ins at once from an address, and then one now and then; others may try."""
    office = Office()
    assert [office.guesses.take("192.0.2.1") for _ in range(GUESSES.burst + 2)] == [
        *[True] * GUESSES.burst,
        False,
        False,
    ]
    assert office.guesses.take("192.0.2.2")
    office.now += timedelta(seconds=60)
    assert sum(office.guesses.take("192.0.2.1") for _ in range(GUESSES.burst + 2)) == GUESSES.burst


def test_whoever_is_right_guesses_nothing() -> None:
    """However often somebody logs in, and nobody gains tries by it."""
    office = Office()
    for _ in range(3 * GUESSES.burst):
        assert office.guesses.take("192.0.2.1")
        office.guesses.was_right("192.0.2.1")
    office.guesses.was_right("192.0.2.1")
    assert sum(office.guesses.take("192.0.2.1") for _ in range(GUESSES.burst + 2)) == GUESSES.burst


def test_no_more_addresses_are_remembered_than_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that was quiet for longest is forgotten first."""
    monkeypatch.setattr(module, "ADDRESSES", 2)
    office = Office()
    for _ in range(GUESSES.burst):
        office.guesses.take("192.0.2.1")
        office.guesses.take("192.0.2.2")
    office.guesses.take("192.0.2.3")
    assert office.guesses.take("192.0.2.1")
    assert len(vars(office.guesses)["_buckets"]) == 2
