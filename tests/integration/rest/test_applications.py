"""Applications over HTTP, with the official library and without."""

import pytest
from twilio.base.exceptions import TwilioRestException

from tests.integration.rest.conftest import Site
from tests.integration.rest.records import BASE, OTHER, basic

APPLICATIONS = f"{BASE}/Applications"


def test_the_official_library_keeps_an_application(site: Site) -> None:
    """Create, fetch, update and delete do what they say."""
    applications = site.official().applications
    made = applications.create(
        friendly_name="Desk",
        voice_url="https://example.com/voice",
        voice_method="GET",
        voice_caller_id_lookup=True,
        status_callback="https://example.com/status",
    )
    fetched = applications(made.sid).fetch()
    assert (fetched.friendly_name, fetched.voice_url) == ("Desk", "https://example.com/voice")
    assert (fetched.voice_method, fetched.voice_caller_id_lookup) == ("GET", True)
    updated = applications(made.sid).update(voice_url="https://example.com/other")
    assert updated.voice_url == "https://example.com/other"
    assert (updated.friendly_name, updated.voice_method) == ("Desk", "GET")
    assert applications(made.sid).delete()
    with pytest.raises(TwilioRestException) as refused:
        applications(made.sid).fetch()
    assert refused.value.code == 20404


def test_the_official_library_lists_applications(site: Site) -> None:
    """All of them, or those of one name."""
    applications = site.official().applications
    made = [applications.create(friendly_name=name).sid for name in ("a", "b", "a")]
    assert sorted(one.sid for one in applications.list(page_size=1)) == sorted(made)
    assert sorted(one.sid for one in applications.list(friendly_name="a")) == sorted(made[::2])


def test_an_application_needs_no_parameter(site: Site) -> None:
    """An empty request makes an application that does nothing."""
    answer = site.ask("POST", f"{APPLICATIONS}.json")
    assert answer.status == 201
    assert (answer.json["voice_url"], answer.json["voice_method"]) == (None, "POST")


def test_an_application_keeps_its_own_twiml(site: Site) -> None:
    """``VoiceTwiml`` is kept to the letter, shown, and taken away by an empty one."""
    template = "<Response><Dial><Client>{{To}}</Client></Dial></Response>"
    made = site.ask("POST", APPLICATIONS, {"VoiceTwiml": template}).json
    assert made["voice_twiml"] == template
    path = f"{APPLICATIONS}/{made['sid']}.json"
    assert site.ask("GET", path).json["voice_twiml"] == template
    assert site.ask("POST", path, {"VoiceTwiml": ""}).json["voice_twiml"] is None


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"VoiceUrl": "example.com"}, 21205),
        ({"SmsStatusCallback": "ftp://example.com"}, 21205),
        ({"VoiceFallbackMethod": "PUT"}, 21403),
        ({"VoiceCallerIdLookup": "maybe"}, 20001),
        ({"FriendlyName": "a" * 65}, 20001),
        ({"VoiceTwiml": "{{#To}}"}, 20001),
        ({"VoiceTwiml": "{{>file}}"}, 20001),
    ],
)
def test_an_application_that_cannot_work_is_refused(
    standing: Site, parameters: dict[str, str], code: int
) -> None:
    """A mistake is told when it is made, not in the middle of a call; nothing is kept of it."""
    before = standing.ask("GET", APPLICATIONS).json["applications"]
    answer = standing.ask("POST", APPLICATIONS, parameters)
    assert (answer.status, answer.json["code"]) == (400, code)
    assert next(iter(parameters)) in answer.json["message"]
    assert standing.ask("GET", APPLICATIONS).json["applications"] == before


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_another_accounts_application_is_not_found(site: Site, method: str) -> None:
    """Neither in the caller's own account nor in the other one."""
    theirs = f"/2010-04-01/Accounts/{OTHER.sid}/Applications"
    token = basic(OTHER.sid, OTHER.auth_token)
    sid = site.ask("POST", theirs, authorization=token).json["sid"]
    for path in (f"{APPLICATIONS}/{sid}", f"{theirs}/{sid}", theirs):
        if path == theirs and method == "DELETE":
            continue
        assert site.ask(method, path).status == 404
    assert site.ask("GET", f"{theirs}/{sid}", authorization=token).status == 200
