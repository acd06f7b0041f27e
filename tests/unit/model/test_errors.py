"""The catalogue of faults."""

import inspect

import pytest

from midcall.model import errors
from midcall.model.calls import CallStatus
from midcall.model.messages import MessageState
from midcall.model.notifications import NO_EVIDENCE, Evidence
from midcall.model.sids import CallSid, MessageSid

EVERY = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.Fault)
]
FACTS = {
    int: 77_777,
    float: 7.5,
    str: "a fact",
    CallStatus: CallStatus.BUSY,
    CallSid: CallSid("CA1"),
    list[CallSid]: [CallSid("CA1")],
    MessageSid: MessageSid("KX1"),
    MessageState: MessageState.SENT,
    Evidence: NO_EVIDENCE,
}
RENAMED = {
    (errors.TwimlFault, "code"): "twiml_code",
    (errors.ParameterRefused, "documented_code"): "code",
}


def _made(kind: type[errors.Fault]) -> errors.Fault:
    if kind.__init__ is errors.Fault.__init__:
        return kind()
    parameters = list(inspect.signature(kind).parameters.values())
    return kind(*(FACTS[parameter.annotation] for parameter in parameters))


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.__name__)
def test_a_fault_says_what_it_is(kind: type[errors.Fault]) -> None:
    """Code and status are numbers of their kind, the sentence is composed, facts are attributes."""
    fault = _made(kind)
    assert 10_000 <= fault.code <= 99_999
    assert 400 <= fault.http_status <= 599
    assert str(fault)
    assert not str(fault).endswith(".")
    assert kind.__doc__
    for name in inspect.signature(kind).parameters if fault.args else ():
        stored = RENAMED.get((kind, name), name)
        assert hasattr(fault, stored)


@pytest.mark.parametrize(
    ("kind", "code", "http_status"),
    [
        (errors.AuthenticationRequired, 20003, 401),
        (errors.NotFound, 20404, 404),
        (errors.MethodNotAllowed, 20004, 405),
        (errors.BodyTooLarge, 20413, 413),
        (errors.IdempotencyConflict, 20409, 409),
        (errors.CallNotActive, 21220, 400),
        (errors.InvalidContent, 32702, 400),
        (errors.ContentTooLong, 32703, 400),
        (errors.InvalidUrl, 21205, 400),
        (errors.InvalidMethod, 21403, 400),
        (errors.RateExceeded, 31206, 429),
        (errors.Unavailable, 20503, 503),
    ],
)
def test_the_rest_codes_are_the_documented_ones(
    kind: type[errors.Fault], code: int, http_status: int
) -> None:
    """The helper libraries read code and status."""
    assert (kind.code, kind.http_status) == (code, http_status)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.ApplicationNotFound, 31001),
        (errors.MalformedFrame, 31100),
        (errors.InvalidReconnectToken, 31107),
        (errors.TokenSignatureInvalid, 31202),
        (errors.TokenInvalid, 31204),
        (errors.TokenExpired, 31205),
        (errors.RateExceeded, 31206),
        (errors.TokenLifetimeTooLong, 31207),
        (errors.InvalidMessageType, 31210),
        (errors.UnexpectedCallState, 31211),
        (errors.PayloadTooLarge, 31212),
    ],
)
def test_the_signalling_codes_are_the_documented_ones(kind: type[errors.Fault], code: int) -> None:
    """The SDK turns them into its errors."""
    assert kind.code == code


def test_what_may_succeed_later_says_so() -> None:
    """Temporary is what a client may try again."""
    temporary = {kind.__name__ for kind in EVERY if kind.temporary}
    assert temporary == {
        "BodyTooSlow",
        "RateExceeded",
        "TooManyLogIns",
        "TooManyRequests",
        "TooManySockets",
        "TooManyStreams",
        "TooManyWaiting",
        "Unavailable",
    }


def test_a_fault_of_twiml_keeps_its_own_code() -> None:
    """The device is told a code that it knows, the debugger the documented one."""
    fault = errors.TwimlFault(12100, "not XML", "https://x.example/")
    assert (fault.code, fault.twiml_code, fault.url) == (31005, 12100, "https://x.example/")
