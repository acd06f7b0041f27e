"""Calls over HTTP, with the official library and without."""

import pytest
from twilio.base.exceptions import TwilioRestException

from midcall.core.ports import PutFamily
from midcall.model.calls import CallStatus
from midcall.model.sids import CallSid
from tests.integration.rest.conftest import Site
from tests.integration.rest.records import ACCOUNT, BASE, LIVE, OVER, THEIRS, family

CALLS = f"{BASE}/Calls.json"


def test_the_official_library_fetches_a_call(standing: Site) -> None:
    """The library reads a call's properties, its dates included."""
    call = standing.official().calls(OVER).fetch()
    assert (call.sid, call.status, call.to) == (OVER, "completed", "client:carol")
    assert call._from == "client:amy"
    assert (call.direction, call.duration) == ("inbound", "0")
    assert call.end_time.isoformat() == "2026-05-04T03:01:01+00:00"
    assert call.subresource_uris["user_defined_messages"].startswith(BASE)


@pytest.mark.parametrize("sid", ["CA" + "9" * 32, THEIRS])
def test_a_call_of_nobody_or_somebody_else_is_not_found(standing: Site, sid: str) -> None:
    """The library raises a 404 that names the path."""
    with pytest.raises(TwilioRestException) as refused:
        standing.official().calls(sid).fetch()
    assert (refused.value.status, refused.value.code) == (404, 20404)
    assert f"{BASE}/Calls/{sid}.json" in refused.value.msg


def test_the_official_library_lists_calls_newest_first(standing: Site) -> None:
    """Only the account's own calls are listed."""
    assert [call.sid for call in standing.official().calls.list()] == [LIVE, OVER]


def test_the_official_library_walks_all_pages(site: Site) -> None:
    """Each call comes once over the pages that the library follows by itself."""
    many = [CallSid(f"CA{number:032x}") for number in range(1, 6)]
    site.commit(
        *(
            PutFamily(family(sid, ACCOUNT.sid, CallStatus.COMPLETED, minute=10 + number))
            for number, sid in enumerate(many)
        )
    )
    listed = [call.sid for call in site.official().calls.list(page_size=2)]
    assert listed == [*reversed(many), LIVE, OVER]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("Status=completed", [OVER]),
        ("To=client%3Abob", [LIVE]),
        ("From=client%3Aamy", [LIVE, OVER]),
        ("From=client%3Aamy&To=client%3Acarol&Status=in-progress", []),
        (f"ParentCallSid={LIVE}", []),
        ("Status=&To=", [LIVE, OVER]),
    ],
)
def test_a_list_is_narrowed(standing: Site, query: str, expected: list[str]) -> None:
    """Filters hold together; an empty one narrows nothing."""
    listed = standing.ask("GET", f"{CALLS}?{query}").json["calls"]
    assert [call["sid"] for call in listed] == expected


def test_the_way_to_the_next_page_keeps_the_filters(standing: Site) -> None:
    """``next_page_uri`` is there while there is more, and leads on within the same list."""
    first = standing.ask("GET", f"{CALLS}?From=client:amy&PageSize=1").json
    assert [call["sid"] for call in first["calls"]] == [LIVE]
    second = standing.ask("GET", first["next_page_uri"]).json
    assert [call["sid"] for call in second["calls"]] == [OVER]
    assert second["next_page_uri"] is None
    assert second["previous_page_uri"] == first["uri"] == first["first_page_uri"]
    assert (second["page"], second["start"], second["end"]) == (1, 1, 1)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("PageSize=1001", 20007),
        ("PageSize=0", 20001),
        ("Page=x", 20001),
        ("Status=happy", 20001),
        ("ParentCallSid=CA1", 20001),
        ("StartTime%3E=yesterday", 20001),
        ("EndTime=2026-02-30", 20001),
        ("To=%zz", 20001),
        ("To=a&To=b", 20001),
    ],
)
def test_a_list_that_cannot_be_had_is_refused(standing: Site, query: str, code: int) -> None:
    """Nothing that was asked for is silently left out."""
    answer = standing.ask("GET", f"{CALLS}?{query}")
    assert (answer.status, answer.json["code"]) == (400, code)


def test_a_page_far_behind_the_last_is_empty(standing: Site) -> None:
    """A page number in range is answered, whatever its size."""
    answer = standing.ask("GET", f"{CALLS}?PageSize=1000&Page=999999999").json
    assert (answer["calls"], answer["next_page_uri"]) == ([], None)
