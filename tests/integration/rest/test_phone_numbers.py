"""Phone numbers over HTTP, with the official library and without."""

import re

import pytest
from twilio.base.exceptions import TwilioRestException

from midcall.model.numbers import SIMULATED
from tests.integration.rest.conftest import Site
from tests.integration.rest.records import BASE, OTHER, basic

NUMBERS = f"{BASE}/IncomingPhoneNumbers"
NUMBER = "+14155550123"
TWIML = "<Response><Say>{{From}}</Say></Response>"


def test_the_official_library_keeps_a_number(site: Site) -> None:
    """Create, fetch, update and delete do what they say."""
    client = site.official()
    application = client.applications.create().sid
    made = client.incoming_phone_numbers.create(
        phone_number="+1 (415) 555-0123",
        friendly_name="Desk",
        voice_url="https://example.com/voice",
        voice_method="GET",
        voice_caller_id_lookup=True,
        status_callback="https://example.com/status",
    )
    assert (made.phone_number, made.friendly_name) == (NUMBER, "Desk")
    number = client.incoming_phone_numbers(made.sid)
    fetched = number.fetch()
    assert (fetched.voice_url, fetched.voice_method) == ("https://example.com/voice", "GET")
    assert fetched.capabilities["voice"] is True
    updated = number.update(voice_application_sid=application, voice_url="")
    assert (updated.voice_application_sid, updated.voice_url) == (application, None)
    assert (updated.friendly_name, updated.voice_method) == ("Desk", "GET")
    assert number.update(voice_application_sid="").voice_application_sid is None
    assert number.delete()
    with pytest.raises(TwilioRestException) as refused:
        number.fetch()
    assert refused.value.code == 20404
    assert client.incoming_phone_numbers.create(phone_number=NUMBER).friendly_name == NUMBER


def test_a_number_of_an_area_is_made_up(site: Site) -> None:
    """It is free, and in the exchange that serves nobody."""
    numbers = site.official().incoming_phone_numbers
    made = [numbers.create(area_code="510").phone_number for _ in range(5)]
    assert len(set(made)) == 5
    assert all(re.fullmatch(r"\+1510555\d{4}", number) for number in made)


def test_the_official_library_lists_numbers(site: Site) -> None:
    """All, of one name, of one number, or of one kind."""
    numbers = site.official().incoming_phone_numbers
    local = numbers.local.create(phone_number=NUMBER, friendly_name="Desk").sid
    mobile = numbers.mobile.create(phone_number="+491715550123").sid
    free = numbers.toll_free.create(phone_number="+18005550123").sid

    def sids(listed: object) -> list[str]:
        assert isinstance(listed, list)
        return [one.sid for one in listed]

    assert sorted(sids(numbers.list(page_size=1))) == sorted([local, mobile, free])
    assert sids(numbers.list(friendly_name="Desk")) == [local]
    assert sids(numbers.list(phone_number=NUMBER)) == [local]
    assert sids(numbers.list(origin="hosted")) == []
    assert sids(numbers.toll_free.list()) == [free]
    assert sorted(sids(numbers.local.list(page_size=1))) == sorted([local, mobile])
    assert sorted(sids(numbers.mobile.list())) == sorted([local, mobile])
    assert numbers(free).fetch().type == "toll-free"


def test_a_number_keeps_its_own_twiml_and_how_far_callers_are_verified(site: Site) -> None:
    """Both are midcall's own; an empty one takes it away."""
    made = site.ask(
        "POST",
        NUMBERS,
        {"PhoneNumber": NUMBER, "VoiceTwiml": TWIML, "StirStatus": "TN-Validation-Passed-A"},
    ).json
    assert (made["voice_twiml"], made["stir_status"]) == (TWIML, "TN-Validation-Passed-A")
    path = f"{NUMBERS}/{made['sid']}.json"
    changed = site.ask("POST", path, {"VoiceTwiml": "", "StirStatus": ""}).json
    assert (changed["voice_twiml"], changed["stir_status"]) == (None, None)


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({}, 21421),
        ({"PhoneNumber": "4155550123"}, 21421),
        ({"PhoneNumber": next(iter(SIMULATED))}, 21422),
        ({"AreaCode": "41"}, 21451),
        ({"AreaCode": "911x"}, 21451),
        ({"PhoneNumber": NUMBER, "VoiceUrl": "nonsense"}, 21402),
        ({"PhoneNumber": NUMBER, "VoiceMethod": "PUT"}, 21403),
        ({"PhoneNumber": NUMBER, "VoiceApplicationSid": "AP1"}, 21218),
        ({"PhoneNumber": NUMBER, "VoiceApplicationSid": "AP" + "9" * 32}, 21420),
        ({"PhoneNumber": NUMBER, "StirStatus": "trusted"}, 20001),
        ({"PhoneNumber": NUMBER, "VoiceTwiml": "{{#To}}"}, 20001),
    ],
)
def test_a_number_that_cannot_be_had_is_refused(
    standing: Site, parameters: dict[str, str], code: int
) -> None:
    """The code is the error dictionary's, and nothing is kept."""
    answer = standing.ask("POST", f"{NUMBERS}.json", parameters)
    assert (answer.status, answer.json["code"]) == (400, code)
    assert standing.ask("GET", f"{NUMBERS}.json").json["incoming_phone_numbers"] == []


def test_a_number_is_one_accounts_only(site: Site) -> None:
    """Whoever comes second is told that it is not available, whichever account has it."""
    theirs = f"/2010-04-01/Accounts/{OTHER.sid}/IncomingPhoneNumbers"
    token = basic(OTHER.sid, OTHER.auth_token)
    sid = site.ask("POST", theirs, {"PhoneNumber": NUMBER}, authorization=token).json["sid"]
    answer = site.ask("POST", NUMBERS, {"PhoneNumber": NUMBER})
    assert (answer.status, answer.json["code"]) == (400, 21422)
    for method in ("GET", "POST", "DELETE"):
        assert site.ask(method, f"{NUMBERS}/{sid}.json").status == 404
    assert site.ask("GET", f"{theirs}/{sid}", authorization=token).status == 200


def test_another_accounts_application_is_not_accessible(site: Site) -> None:
    """A number cannot lead into it."""
    theirs = site.ask(
        "POST",
        f"/2010-04-01/Accounts/{OTHER.sid}/Applications.json",
        authorization=basic(OTHER.sid, OTHER.auth_token),
    ).json["sid"]
    answer = site.ask("POST", NUMBERS, {"PhoneNumber": NUMBER, "VoiceApplicationSid": theirs})
    assert (answer.status, answer.json["code"]) == (400, 21420)


def test_an_owner_gives_a_number_to_a_sub_account(site: Site) -> None:
    """Without its application; to an account of somebody else it cannot go."""
    client = site.official()
    sub = client.api.v2010.accounts.create(friendly_name="Branch")
    application = client.applications.create().sid
    sid = client.incoming_phone_numbers.create(
        phone_number=NUMBER, voice_application_sid=application
    ).sid
    given = client.incoming_phone_numbers(sid).update(account_sid=sub.sid)
    assert (given.account_sid, given.voice_application_sid) == (sub.sid, None)
    assert client.incoming_phone_numbers.list() == []
    own = client.api.v2010.accounts(sub.sid).incoming_phone_numbers(sid)
    for account in (OTHER.sid, "AC1"):
        with pytest.raises(TwilioRestException) as refused:
            own.update(account_sid=account)
        assert refused.value.code == 20001
    assert own.fetch().phone_number == NUMBER
