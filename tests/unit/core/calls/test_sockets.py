"""Sockets come and go: which legs wait for their device, how long, and what a restart leaves."""

from datetime import timedelta

import msgspec
import pytest

from midcall.core import effects as do
from midcall.core.calls import events as ev
from midcall.core.calls import timers
from midcall.model.calls import CallStatus
from midcall.model.endpoints import Endpoint
from midcall.model.families import Family, SessionId
from midcall.model.twiml import Dial, Pause
from tests.unit.core.calls.stage import PARENT, Stage, clients, timer

BOB = Dial(nouns=clients("bob"))


def test_an_answered_caller_is_waited_for() -> None:
    """The leg stays in progress while its device is away, until the time is over."""
    stage = Stage(BOB)
    bob = stage.answer("bob")
    lost_at = stage.now
    stage.lose(keep_seconds=30)
    away = stage.device()
    assert away.detached_at == lost_at
    assert stage.family.timers[timer(timers.AWAY, away.id)] == lost_at + timedelta(seconds=30)
    stage.wait(29)
    assert stage.status() is stage.status(bob) is CallStatus.IN_PROGRESS
    stage.wait(1)
    assert stage.status() is stage.status(bob) is CallStatus.COMPLETED


def test_an_answered_callee_is_waited_for() -> None:
    """A child in progress is kept as a parent is; its end resumes the TwiML."""
    stage = Stage(BOB, Pause(length_seconds=100))
    bob = stage.answer("bob", "b1")
    stage.lose("b1")
    stage.wait(30)
    assert stage.status(bob) is CallStatus.COMPLETED
    assert stage.status() is CallStatus.IN_PROGRESS


def test_a_device_that_comes_back_is_welcome() -> None:
    """Its leg has a session again and no timer; it is told so and gets its messages."""
    stage = Stage(BOB)
    bob = stage.answer("bob", "b1")
    stage.lose("b1")
    stage.attach(bob, "b2")
    back = stage.device(bob)
    assert back.session == "b2"
    assert back.detached_at is None
    assert timer(timers.AWAY, back.id) not in stage.family.timers
    assert stage.effects == (
        do.WelcomeBack(call_sid=bob, device=back),
        do.RelayDownlinks(bob),
    )
    stage.wait(100)
    assert stage.status(bob) is CallStatus.IN_PROGRESS


def test_the_loss_of_a_socket_that_was_replaced_means_nothing() -> None:
    """A device may be back before its old socket is given up."""
    stage = Stage(BOB)
    bob = stage.answer("bob", "b1")
    stage.attach(bob, "b2")
    before = stage.family
    stage.lose("b1")
    assert stage.family is before
    stage.lose("b2")
    assert stage.device(bob).detached_at is not None


def test_a_socket_that_is_lost_twice_is_waited_for_anew() -> None:
    """Each loss gives the whole time; what counts as the beginning is the first."""
    stage = Stage(Pause(length_seconds=1000))
    stage.lose(keep_seconds=30)
    first = stage.device().detached_at
    stage.wait(20)
    stage.lose(keep_seconds=30)
    assert stage.device().detached_at == first
    stage.wait(29)
    assert stage.status() is CallStatus.IN_PROGRESS
    stage.wait(1)
    assert stage.status() is CallStatus.COMPLETED


def test_a_caller_who_is_lost_before_the_answer_cancels() -> None:
    """It has no reconnect token yet, so it cannot come back for this call."""
    stage = Stage(Dial(nouns=clients("bob"), answer_on_bridge=True))
    bob = stage.ring("bob", "b1")
    stage.lose()
    assert stage.status() is stage.status(bob) is CallStatus.CANCELED


def test_a_device_that_is_lost_while_it_rings_does_not_answer() -> None:
    """The others ring on; without any the child is not answered."""
    stage = Stage(BOB)
    bob = stage.ring("bob", "b1", "b2")
    stage.lose("b1")
    assert [device.session for device in stage.leg(bob).devices] == ["b2"]
    assert stage.status(bob) is CallStatus.RINGING
    stage.lose("b2")
    assert stage.status(bob) is CallStatus.NO_ANSWER


def test_a_leg_that_rings_cannot_be_taken_up_again() -> None:
    """Only an answered leg waits for its device: to take one that rings would answer nothing."""
    stage = Stage(BOB)
    bob = stage.ring("bob", "b1")
    before = stage.family
    stage.attach(bob)
    assert stage.family is before
    assert not stage.effects


def test_a_leg_that_ended_cannot_be_taken_up_again() -> None:
    """Coming back too late changes nothing."""
    stage = Stage(BOB)
    caller = stage.device()
    stage.lose()
    stage.wait(30)
    stage.step(
        ev.DeviceAttached(call_sid=PARENT, device=caller.id, session=SessionId("another tab"))
    )
    assert stage.family.over
    assert not stage.effects


def test_hanging_up_while_away_ends_the_wait() -> None:
    """A ``hangup`` that the SDK flushes before it re-attaches counts."""
    stage = Stage(BOB, Pause(length_seconds=1000))
    bob = stage.answer("bob", "b1")
    stage.lose("b1")
    stage.hang_up(bob)
    assert set(stage.family.timers) == {timer(timers.PAUSE)}
    stage.lose()
    stage.hang_up()
    assert stage.family.over
    assert not stage.family.timers


def test_nobody_waits_for_a_device_whose_leg_was_ended() -> None:
    """The time limit is over while the callee is away: its own timer goes with it."""
    dial = Dial(nouns=clients("bob"), time_limit_seconds=10)
    stage = Stage(dial, Pause(length_seconds=1000))
    bob = stage.answer("bob", "b1")
    stage.lose("b1", keep_seconds=60)
    stage.wait(10)
    assert stage.status(bob) is CallStatus.COMPLETED
    assert set(stage.family.timers) == {timer(timers.PAUSE)}


@pytest.mark.parametrize(
    "name",
    [
        "",
        "ring",
        "away:",
        "away:CA1.2",
        *(f"{kind}:{PARENT}" for kind in ("ring", "limit", "pause")),
    ],
)
def test_a_timer_that_nobody_set_changes_nothing(name: str) -> None:
    """An old timer's event may still be on its way."""
    stage = Stage()
    before = stage.family
    stage.step(ev.TimerFired(name=name))
    assert stage.family is before


def test_a_timer_that_was_set_anew_does_not_come_early() -> None:
    """The event of the first wish arrives after the second was made."""
    stage = Stage(BOB)
    stage.lose(keep_seconds=30)
    name = timer(timers.AWAY, stage.device().id)
    stage.wait(29)
    stage.lose(keep_seconds=30)
    before = stage.family
    stage.step(ev.TimerFired(name=name))
    assert stage.family is before


# --- the server was away ------------------------------------------------------------------------


def _restart(stage: Stage, keep_seconds: int = 60) -> None:
    """Keep only what the store keeps, then tell the family that the server is back."""
    kept = msgspec.json.encode(stage.family)
    stage.family = msgspec.json.decode(kept, type=Family)
    stage.step(ev.ServerRestarted(keep_seconds=keep_seconds))


def test_a_talk_survives_a_restart() -> None:
    """Both devices are waited for, each comes back with its token, nothing else changes."""
    stage = Stage(BOB)
    bob = stage.answer("bob", "b1")
    tokens = stage.device().reconnect_token, stage.device(bob).reconnect_token
    _restart(stage)
    assert stage.status() is stage.status(bob) is CallStatus.IN_PROGRESS
    assert {stage.device().detached_at, stage.device(bob).detached_at} == {stage.now}
    stage.attach(PARENT, "ann again")
    stage.attach(bob, "bob again")
    assert (stage.device().reconnect_token, stage.device(bob).reconnect_token) == tokens
    assert set(stage.family.timers) == {timer(timers.LIMIT, bob)}


def test_a_device_that_does_not_come_back_after_a_restart_ends_its_leg() -> None:
    """Its time counts from the restart, also if it was away before."""
    stage = Stage(BOB, Pause(length_seconds=1000))
    bob = stage.answer("bob", "b1")
    stage.lose("b1", keep_seconds=30)
    stage.wait(29)
    _restart(stage, keep_seconds=60)
    stage.attach(PARENT, "ann again")
    stage.wait(59)
    assert stage.status(bob) is CallStatus.IN_PROGRESS
    stage.wait(1)
    assert stage.status(bob) is CallStatus.COMPLETED


def test_a_fetch_is_repeated_with_its_token() -> None:
    """The customer can tell the repeat; the answer to it is the one that counts."""
    stage = Stage(Dial(nouns=clients("bob"), action=Endpoint("/next")))
    stage.ring("bob")
    token = stage.fetching.token
    _restart(stage)
    assert stage.fetching.token == token
    assert do.FetchDocument(PARENT, stage.fetching) in stage.effects
    stage.document(Pause())
    assert stage.status() is CallStatus.IN_PROGRESS


def test_what_rang_is_not_answered_after_a_restart() -> None:
    """Nobody who rang can know of the call any more; the dial goes on without them."""
    stage = Stage(Dial(nouns=clients("bob", "cat")), Pause(length_seconds=1000))
    bob = stage.ring("bob", "b1")
    cat = stage.child("cat").sid  # still looked for
    _restart(stage)
    assert stage.status(bob) is stage.status(cat) is CallStatus.NO_ANSWER
    assert stage.status() is CallStatus.IN_PROGRESS
    assert timer(timers.PAUSE) in stage.family.timers


def test_a_caller_who_was_not_answered_is_gone_after_a_restart() -> None:
    """The call is cancelled, and nothing is fetched for it any more."""
    stage = Stage()
    _restart(stage)
    assert stage.status() is CallStatus.CANCELED
    assert not stage.done(do.FetchDocument)


def test_a_pause_that_ended_meanwhile_ends_at_once() -> None:
    """Timers that came due while nobody looked are due."""
    stage = Stage(Pause(length_seconds=5), Pause(length_seconds=7))
    stage.now += timedelta(seconds=6)
    _restart(stage)
    stage.attach(PARENT)
    stage.wait(0)
    assert stage.family.timers[timer(timers.PAUSE)] == stage.now + timedelta(seconds=7)
