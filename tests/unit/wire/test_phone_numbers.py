"""Phone numbers: how they are read, and how they are shown."""

import json
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.model.numbers import PhoneNumber
from midcall.model.sids import AccountSid, PhoneNumberSid
from midcall.wire.phone_numbers import kind_of, parse_number, phone_number

AT = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["+14155550100", "+1 (415) 555-0100", "+1.415.555.0100", " 14155550100", "+1-415-555-0100"],
)
def test_a_number_is_read_however_it_is_set(text: str) -> None:
    """Separators are passed over; a plus sign that was not escaped has arrived as a space."""
    assert parse_number(text) == "+14155550100"


@pytest.mark.parametrize(
    "text", ["", "+", "4155550100", "+0415", "+1" + "2" * 15, "+1415555O100", "+٣٣٣", "client:amy"]
)
def test_what_is_no_number_is_none(text: str) -> None:
    """A number begins with a plus sign and a country, and has 15 digits at most (E.164)."""
    assert parse_number(text) is None


@given(text=st.text(max_size=20))
def test_a_number_once_read_stays_as_it_is(text: str) -> None:
    """Reading what was read changes nothing."""
    number = parse_number(text)
    assert number is None or parse_number(number) == number


def test_a_toll_free_number_is_known_by_its_area() -> None:
    """Any other is taken for a local one."""
    assert kind_of("+18005550100") == "toll-free"
    assert kind_of("+14155550100") == "local"
    assert kind_of("+448005550100") == "local"


def test_a_number_shows_what_it_leads_to() -> None:
    """What was not given is ``null``; it takes calls and nothing else."""
    number = PhoneNumber(
        sid=PhoneNumberSid("PN" + "a" * 32),
        account_sid=AccountSid("AC" + "a" * 32),
        number="+14155550100",
        friendly_name="Desk",
        created_at=AT,
        updated_at=AT,
        voice_twiml="<Response/>",
        stir_status="TN-Validation-Passed-A",
    )
    read = json.loads(msgspec.json.encode(phone_number(number)))
    assert (read["phone_number"], read["friendly_name"]) == ("+14155550100", "Desk")
    assert (read["voice_url"], read["voice_method"]) == (None, "POST")
    assert read["capabilities"] == {"voice": True, "sms": False, "mms": False, "fax": False}
    assert read["uri"].endswith(f"/IncomingPhoneNumbers/{number.sid}.json")
    assert (read["voice_twiml"], read["stir_status"]) == (
        "<Response/>",
        "TN-Validation-Passed-A",
    )
