"""Calls made, led elsewhere, ended and removed over HTTP, with the official library and without."""

from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException

from midcall.core.ports import AddExchange, PutFamily
from midcall.model.calls import CallStatus
from midcall.model.exchanges import Exchange
from midcall.model.sids import CallSid
from tests.integration.rest.conftest import Site
from tests.integration.rest.records import (
    ACCOUNT,
    AT,
    BASE,
    LIVE,
    OTHER,
    OVER,
    THEIRS,
    basic,
    family,
)

CALLS = f"{BASE}/Calls.json"
TWIML = "<Response><Say>Hello</Say></Response>"
URL = "https://example.com/voice"


def warnings(site: Site, call: str) -> list[tuple[str, str]]:
    """Return the codes and texts of a call's warnings."""
    listed = site.ask("GET", f"{BASE}/Calls/{call}/Notifications.json").json["notifications"]
    return [(one["error_code"], one["message_text"]) for one in listed if one["log"] == "1"]


def test_the_official_library_calls_an_sdk_user(site: Site) -> None:
    """The call is queued, outbound, and there to be fetched."""
    client = site.official()
    call = client.calls.create(
        to="client:amy?topic=billing",
        from_="shop",
        url=URL,
        method="GET",
        fallback_url=f"{URL}/fallback",
        status_callback=f"{URL}/status",
        status_callback_event=["initiated", "completed"],
        timeout=20,
        time_limit=60,
        send_digits="1",
    )
    assert (call.to, call._from, call.direction) == ("client:amy", "shop", "outbound-api")
    assert call.status == "queued"
    assert (call.start_time, call.end_time, call.duration) == (None, None, None)
    assert client.calls(call.sid).fetch().sid == call.sid
    assert warnings(site, call.sid) == []


def test_the_official_library_calls_a_number(site: Site) -> None:
    """TwiML that is given needs no web server."""
    call = site.official().calls.create(to="+15005550100", from_="+15005550001", twiml=TWIML)
    assert (call.to, call.to_formatted) == ("+15005550100", "+15005550100")


def test_a_call_through_an_application(site: Site) -> None:
    """The account's own will do; nobody's and another account's look the same."""
    client = site.official()
    own = client.applications.create(voice_url=URL).sid
    call = client.calls.create(to="client:amy", from_="shop", application_sid=own)
    assert call.status == "queued"
    theirs = site.ask(
        "POST",
        f"/2010-04-01/Accounts/{OTHER.sid}/Applications.json",
        authorization=basic(OTHER.sid, OTHER.auth_token),
    ).json["sid"]
    for sid in (theirs, "AP" + "9" * 32):
        with pytest.raises(TwilioRestException) as refused:
            client.calls.create(to="client:amy", from_="shop", application_sid=sid)
        assert (refused.value.status, refused.value.code) == (400, 21420)


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({}, 21201),
        ({"To": "client:amy"}, 21205),
        ({"To": "client:amy", "Url": URL}, 21213),
        ({"To": "nobody", "From": "shop", "Url": URL}, 21211),
        ({"To": "+15005550100", "From": "shop", "Url": URL}, 21212),
        ({"To": "client:amy", "From": "shop", "Twiml": "a" * 4001}, 32018),
        ({"To": "client:amy", "From": "shop", "Url": URL, "Timeout": "601"}, 21208),
        ({"To": "client:amy", "From": "shop", "ApplicationSid": "AP1"}, 21218),
    ],
)
def test_a_call_that_cannot_be_made_is_refused(
    standing: Site, parameters: dict[str, str], code: int
) -> None:
    """The code is the error dictionary's, and no call is made."""
    answer = standing.ask("POST", CALLS, parameters)
    assert (answer.status, answer.json["code"]) == (400, code)
    assert len(standing.ask("GET", CALLS).json["calls"]) == 2


def test_what_has_no_effect_is_a_warning(site: Site) -> None:
    """The debugger names it; what asks for nothing is passed over."""
    call = site.official().calls.create(
        to="client:amy",
        from_="shop",
        url=URL,
        twiml=TWIML,
        record=True,
        machine_detection="Enable",
        async_amd="false",
    )
    (ignored_code, ignored), (both_code, _) = sorted(warnings(site, call.sid))
    assert (ignored_code, both_code) == ("12200", "32019")
    assert "Record" in ignored
    assert "MachineDetection" in ignored
    assert "AsyncAmd" not in ignored


def test_the_official_library_ends_a_call(site: Site) -> None:
    """One that rings can be canceled, one that is over cannot be ended again."""
    client = site.official()
    call = client.calls.create(to="client:amy", from_="shop", twiml=TWIML)
    assert client.calls(call.sid).update(status="canceled").status == "canceled"
    with pytest.raises(TwilioRestException) as refused:
        client.calls(call.sid).update(status="completed")
    assert (refused.value.status, refused.value.code) == (400, 21220)
    assert client.calls(LIVE).update(status="completed").status == "completed"


def test_the_official_library_leads_a_call_elsewhere(site: Site) -> None:
    """By a URL or by TwiML, and by the URL if both are given."""
    calls = site.official().calls
    assert calls(LIVE).update(twiml=TWIML).status == "in-progress"
    calls(LIVE).update(url=URL, method="GET", twiml=TWIML, time_limit=9)
    assert [code for code, _ in warnings(site, LIVE)] == ["32019"]


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"Status": "busy"}, 20001),
        ({"Url": "nonsense"}, 21205),
        ({"Url": URL, "Method": "PUT"}, 21209),
        ({"FallbackUrl": URL}, 21405),
        ({"Twiml": "a" * 4001}, 32018),
    ],
)
def test_a_change_that_cannot_be_is_refused(
    standing: Site, parameters: dict[str, str], code: int
) -> None:
    """The code is the error dictionary's."""
    answer = standing.ask("POST", f"{BASE}/Calls/{LIVE}.json", parameters)
    assert (answer.status, answer.json["code"]) == (400, code)


@pytest.mark.parametrize("sid", ["CA" + "9" * 32, THEIRS])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_call_of_somebody_else_is_left_alone(standing: Site, method: str, sid: str) -> None:
    """It looks as one that does not exist, and so does all that belongs to it."""
    answer = standing.ask(method, f"{BASE}/Calls/{sid}.json", {"Status": "completed"})
    assert (answer.status, answer.json["code"]) == (404, 20404)
    if method == "GET":
        for name in ("Events", "Notifications", f"Notifications/NO{'1' * 32}"):
            assert standing.ask("GET", f"{BASE}/Calls/{sid}/{name}.json").status == 404


def test_a_call_that_is_over_can_be_removed(site: Site) -> None:
    """It is gone with its events; one that goes on stays."""
    site.commit(AddExchange(exchange()))
    calls = site.official().calls
    assert calls(OVER).delete()
    for path in (f"{BASE}/Calls/{OVER}.json", f"{BASE}/Calls/{OVER}/Events.json"):
        assert site.ask("GET", path).status == 404
    with pytest.raises(TwilioRestException) as refused:
        calls(LIVE).delete()
    assert (refused.value.status, refused.value.code) == (409, 20009)
    assert calls(LIVE).fetch().sid == LIVE


def exchange(**changes: Any) -> Exchange:
    """Return an exchange of the call that is over."""
    return Exchange(
        **{
            "account_sid": ACCOUNT.sid,
            "call_sid": OVER,
            "requested_at": AT,
            "method": "POST",
            "url": URL,
            "parameters": {"CallSid": OVER, "To": ""},
            "duration_ms": 12,
            "response_code": 200,
            "content_type": "text/xml",
            "response_body": TWIML,
            **changes,
        }
    )


def test_the_official_library_lists_what_was_asked_for_a_call(site: Site) -> None:
    """Oldest first, a request without an answer among them."""
    site.commit(
        AddExchange(exchange()),
        AddExchange(
            exchange(
                requested_at=AT.replace(minute=3),
                response_code=None,
                content_type="",
                response_body="",
            )
        ),
    )
    answered, unanswered = site.official().calls(OVER).events.list(page_size=1)
    assert answered.request == {
        "method": "POST",
        "url": URL,
        "parameters": {"CallSid": OVER, "To": ""},
    }
    assert answered.response["response_code"] == 200
    assert (answered.response["request_duration"], answered.response["response_body"]) == (
        12,
        TWIML,
    )
    assert unanswered.response["response_code"] is None


EARLY, LATE = CallSid("CA" + "e" * 32), CallSid("CA" + "f" * 32)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("StartTime=2026-05-03", [EARLY]),
        ("StartTime%3C=2026-05-04", [EARLY]),
        ("StartTime%3E=2026-05-04", [LATE, LIVE, OVER]),
        ("StartTime%3E=2026-05-05T00:00:00Z", [LATE]),
        ("StartTime%3E=2026-05-04&StartTime%3C=2026-05-05", [LIVE, OVER]),
        ("EndTime=2026-05-05", [LATE]),
        ("EndTime%3E=2026-05-04", [LATE, OVER]),
        ("EndTime%3C=2026-05-04", [EARLY]),
    ],
)
def test_a_list_is_narrowed_by_days(site: Site, query: str, expected: list[str]) -> None:
    """A day is one in GMT; a call that has not ended ended on no day."""
    put_early_and_late(site)
    listed = site.ask("GET", f"{CALLS}?{query}").json["calls"]
    assert [call["sid"] for call in listed] == expected


def put_early_and_late(site: Site) -> None:
    """Keep a call of the day before and one of the day after."""
    site.commit(
        PutFamily(family(EARLY, ACCOUNT.sid, CallStatus.COMPLETED, day=3)),
        PutFamily(family(LATE, ACCOUNT.sid, CallStatus.COMPLETED, day=5)),
    )


def test_the_official_library_asks_for_days(site: Site) -> None:
    """It sends a day as its first second."""
    put_early_and_late(site)
    calls = site.official().calls
    day = AT.date()
    assert [call.sid for call in calls.list(start_time=day)] == [LIVE, OVER]
    assert [call.sid for call in calls.list(end_time=day)] == [OVER]
    assert [call.sid for call in calls.list(start_time_before=day)] == [EARLY]
    assert [call.sid for call in calls.list(start_time_after=day, status="in-progress")] == [LIVE]
