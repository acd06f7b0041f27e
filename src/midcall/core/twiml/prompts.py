"""What a leg hears and the keys it presses: ``<Say>``, ``<Play>`` and ``<Gather>``.

A playing has a token, and its end is only heard of with it: what was interrupted and ends late ends
nothing else.
"""

import msgspec

from midcall.core import effects as do
from midcall.core.calls import timers
from midcall.core.calls.turn import Turn
from midcall.core.twiml.links import absolute
from midcall.model.families import Gathering, Speaking
from midcall.model.sids import CallSid
from midcall.model.twiml import Gather, Pause, Play, Prompt, Say


class Waiting(msgspec.Struct, frozen=True):
    """It goes on."""


class Over(msgspec.Struct, frozen=True):
    """The next verb follows."""


class Keys(msgspec.Struct, frozen=True):
    """Keys were collected; another document is asked for with these parameters."""

    gather: Gather
    parameters: dict[str, str]


Outcome = Waiting | Over | Keys


def speak(turn: Turn, sid: CallSid, prompt: Say | Play) -> None:
    """Begin ``<Say>`` or ``<Play>``."""
    turn.put_activity(sid, Speaking(token=_hear(turn, sid, prompt)))


def gather(turn: Turn, sid: CallSid, verb: Gather) -> Outcome:
    """Begin ``<Gather>``."""
    return _next_prompt(turn, sid, Gathering(gather=verb, prompts=verb.prompts))


def prompt_ended(turn: Turn, sid: CallSid, token: str) -> Outcome:
    """Go on after a prompt, if it is the one that is being heard."""
    match turn.program(sid).activity:
        case Speaking(token=heard) if heard == token:
            turn.put_activity(sid, None)
            return Over()
        case Gathering(token=heard) as gathering if heard == token:
            turn.stop_timer(timers.QUIET, sid)
            return _next_prompt(turn, sid, gathering)
        case _:
            return Waiting()


def quiet_ended(turn: Turn, sid: CallSid) -> Outcome:
    """Go on after a ``<Pause>`` among the prompts."""
    activity = turn.program(sid).activity
    if isinstance(activity, Gathering) and activity.token:
        return prompt_ended(turn, sid, activity.token)
    return Waiting()


def digit_pressed(turn: Turn, sid: CallSid, digit: str) -> Outcome:
    """Take a key, if keys are being collected: it ends the prompts."""
    activity = turn.program(sid).activity
    if not isinstance(activity, Gathering):
        return Waiting()
    stop(turn, sid)
    verb = activity.gather
    if digit == verb.finish_on_key:
        return _close(turn, sid, activity, digit)
    pressed = msgspec.structs.replace(
        activity, prompts=(), token="", digits=activity.digits + digit
    )
    if verb.num_digits is not None and len(pressed.digits) >= verb.num_digits:
        return _close(turn, sid, pressed)
    turn.put_activity(sid, pressed)
    turn.set_timer(timers.GATHER, sid, verb.timeout_seconds)
    return Waiting()


def gather_timed_out(turn: Turn, sid: CallSid) -> Outcome:
    """Close ``<Gather>`` with what was pressed."""
    activity = turn.program(sid).activity
    return _close(turn, sid, activity) if isinstance(activity, Gathering) else Waiting()


def stop(turn: Turn, sid: CallSid) -> None:
    """End what is being heard, and every wait that belongs to it."""
    match turn.program(sid).activity:
        case Speaking(token=token) | Gathering(token=token) if token:
            for endpoint in turn.legs[sid].endpoints:
                turn.do(do.StopPrompt(device=endpoint))
        case _:
            pass
    for kind in (timers.PAUSE, timers.GATHER, timers.QUIET):
        turn.stop_timer(kind, sid)


def resume(turn: Turn, sid: CallSid) -> Outcome:
    """Go on after the server was away: what was being heard then is not heard again."""
    match turn.program(sid).activity:
        case Speaking(token=token) | Gathering(token=token) if token:
            if turn.has_timer(timers.QUIET, sid):
                return Waiting()  # a pause is over when its time is
            return prompt_ended(turn, sid, token)
        case _:
            return Waiting()


def _next_prompt(turn: Turn, sid: CallSid, gathering: Gathering) -> Outcome:
    if not gathering.prompts:
        turn.put_activity(sid, msgspec.structs.replace(gathering, token=""))
        turn.set_timer(timers.GATHER, sid, gathering.gather.timeout_seconds)
        return Waiting()
    prompt, *rest = gathering.prompts
    token = _hear(turn, sid, prompt)
    turn.put_activity(sid, msgspec.structs.replace(gathering, prompts=tuple(rest), token=token))
    return Waiting()


def _hear(turn: Turn, sid: CallSid, prompt: Prompt) -> str:
    token = turn.token()
    if isinstance(prompt, Pause):
        turn.set_timer(timers.QUIET, sid, prompt.length_seconds)
        return token
    if isinstance(prompt, Play) and prompt.url:
        prompt = msgspec.structs.replace(prompt, url=absolute(turn, sid, prompt.url))
    # Whoever hears something was answered, and has one endpoint since.
    (endpoint,) = turn.legs[sid].endpoints
    turn.do(do.PlayPrompt(call_sid=sid, device=endpoint, prompt=prompt, token=token))
    return token


def _close(turn: Turn, sid: CallSid, gathering: Gathering, finished_on: str = "") -> Outcome:
    stop(turn, sid)
    turn.put_activity(sid, None)
    verb = gathering.gather
    if not gathering.digits and not verb.action_on_empty_result:
        return Over()
    return Keys(verb, {"Digits": gathering.digits, "FinishedOnKey": finished_on})
