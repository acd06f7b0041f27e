"""The forms of calls: what is asked for, and what is refused under which code."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.model.calls import CallEvent, CallStatus
from midcall.model.endpoints import Endpoint, Method
from midcall.model.errors import Fault
from midcall.model.sids import ApplicationSid
from midcall.model.twiml import Parameter
from midcall.rest.call_forms import has_both, read_request, read_update
from midcall.wire.forms import Form

APPLICATION = "AP" + "a" * 32
URL = "https://example.com/voice"


def form(**fields: str) -> Form:
    """Return a form; ``From_`` stands for ``From``."""
    return Form(tuple((name.rstrip("_"), value) for name, value in fields.items()))


def asking(**fields: str) -> Form:
    """Return a form that asks for a call, changed in some fields."""
    return form(**{"To": "client:amy", "From_": "shop", "Url": URL, **fields})


def test_a_call_with_nothing_said_is_as_documented() -> None:
    """It rings for a minute, lasts four hours at most, and tells of its end."""
    request = read_request(asking())
    assert (request.to_address, request.from_address) == ("client:amy", "shop")
    assert request.voice == Endpoint(URL, Method.POST)
    assert (request.timeout_seconds, request.time_limit_seconds) == (60, 14_400)
    assert request.status_callback is None
    assert request.status_callback_events == {CallEvent.COMPLETED}


def test_a_call_says_everything() -> None:
    """Each parameter has its place."""
    request = read_request(
        asking(
            To="+1 (500) 555-0006",
            From_="+15005550001",
            Method="GET",
            FallbackUrl=f"{URL}/fallback",
            StatusCallback=f"{URL}/status",
            StatusCallbackMethod="GET",
            StatusCallbackEvent="ringing answered",
            Timeout="600",
            TimeLimit="5",
            SendDigits="ww12#",
        )
    )
    assert (request.to_address, request.from_address) == ("+15005550006", "+15005550001")
    assert request.voice == Endpoint(URL, Method.GET)
    assert request.fallback == Endpoint(f"{URL}/fallback")
    assert request.status_callback == Endpoint(f"{URL}/status", Method.GET)
    assert request.status_callback_events == {CallEvent.RINGING, CallEvent.ANSWERED}
    assert (request.timeout_seconds, request.time_limit_seconds) == (600, 5)
    assert request.send_digits == "ww12#"


def test_events_are_repeated_or_in_a_row() -> None:
    """The libraries repeat the name."""
    repeated = Form(
        (*asking().fields, ("StatusCallbackEvent", "initiated"), ("StatusCallbackEvent", "ringing"))
    )
    assert read_request(repeated).status_callback_events == {
        CallEvent.INITIATED,
        CallEvent.RINGING,
    }


def test_parameters_travel_with_an_identity() -> None:
    """``client:amy?a=b`` calls amy, and her device is told a=b; duplicates are kept."""
    request = read_request(asking(To="client:amy?topic=billing%20%26%20more&n=1&n=2"))
    assert request.to_address == "client:amy"
    assert request.parameters == (
        Parameter("topic", "billing & more"),
        Parameter("n", "1"),
        Parameter("n", "2"),
    )


def test_an_application_wins() -> None:
    """What the application has as well is passed over, even if it could not be used."""
    request = read_request(
        asking(
            ApplicationSid=APPLICATION,
            Url="nonsense",
            Method="PUT",
            Twiml="<",
            StatusCallback="nonsense",
        )
    )
    assert request.application_sid == ApplicationSid(APPLICATION)
    assert (request.voice, request.twiml, request.status_callback) == (None, "", None)


def test_a_url_wins_over_twiml() -> None:
    """With both the document is fetched, which is worth a warning."""
    both = asking(Twiml="<Response/>")
    assert read_request(both).twiml == ""
    assert has_both(both)
    assert not has_both(asking())
    assert not has_both(asking(Twiml="<Response/>", ApplicationSid=APPLICATION))


def test_twiml_alone_will_do() -> None:
    """No web server is needed."""
    request = read_request(asking(Url="", Twiml="<Response/>"))
    assert (request.voice, request.twiml) == (None, "<Response/>")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"To": ""}, 21201),
        ({"From_": ""}, 21213),
        ({"To": "amy"}, 21211),
        ({"To": "client:"}, 21211),
        ({"To": "client:" + "a" * 257}, 21211),
        ({"To": "client:a\nb"}, 21211),
        ({"To": "sip:amy@example.com"}, 21211),
        ({"To": "+0123"}, 21211),
        ({"To": "+15005550006", "From_": "shop"}, 21212),
        ({"To": "+15005550006", "From_": "client:amy"}, 21212),
        ({"From_": "a" * 300}, 21212),
        ({"Url": ""}, 21205),
        ({"Url": "example.com"}, 21205),
        ({"StatusCallback": "http://a_b.example.com"}, 21205),
        ({"FallbackUrl": "nonsense"}, 21205),
        ({"Method": "PUT"}, 21209),
        ({"StatusCallbackMethod": "PUT"}, 21209),
        ({"Timeout": "601"}, 21208),
        ({"Timeout": "0"}, 21208),
        ({"Timeout": "soon"}, 21208),
        ({"TimeLimit": "-1"}, 20001),
        ({"SendDigits": "1" * 33}, 21206),
        ({"SendDigits": "hello"}, 21206),
        ({"ApplicationSid": "AP1"}, 21218),
        ({"StatusCallbackEvent": "answered hung-up"}, 20001),
        ({"Url": "", "Twiml": "a" * 4001}, 32018),
    ],
)
def test_a_call_that_cannot_be_made_is_refused(fields: dict[str, str], code: int) -> None:
    """Each mistake has its code in the error dictionary."""
    with pytest.raises(Fault) as refused:
        read_request(asking(**fields))
    assert (refused.value.code, refused.value.http_status) == (code, 400)


@given(text=st.text(max_size=40))
def test_whom_to_call_is_read_or_refused(text: str) -> None:
    """Any text is somebody to call, or a fault; never anything else."""
    to_address = ""
    with suppress(Fault):
        to_address = read_request(asking(To=text, From_="+15005550001")).to_address
    assert not to_address or to_address.startswith(("client:", "+"))


def test_an_update_says_what_changes() -> None:
    """What is not given is left alone."""
    update = read_update(form(Status="completed"))
    assert (update.status, update.voice, update.time_limit_seconds) == (
        CallStatus.COMPLETED,
        None,
        None,
    )
    update = read_update(
        form(Url=URL, FallbackUrl=URL, FallbackMethod="GET", Twiml="<", TimeLimit="9")
    )
    assert (update.voice, update.fallback) == (Endpoint(URL), Endpoint(URL, Method.GET))
    assert (update.twiml, update.time_limit_seconds) == ("", 9)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Status": "busy"}, 20001),
        ({"Status": "happy"}, 20001),
        ({"Url": "nonsense"}, 21205),
        ({"Url": URL, "Method": "PUT"}, 21209),
        ({"FallbackUrl": URL}, 21405),
        ({"Twiml": "a" * 4001}, 32018),
        ({"TimeLimit": "long"}, 20001),
    ],
)
def test_an_update_that_cannot_be_is_refused(fields: dict[str, str], code: int) -> None:
    """Each mistake has its code in the error dictionary."""
    with pytest.raises(Fault) as refused:
        read_update(form(**fields))
    assert refused.value.code == code
