"""Phone numbers: how they are written, and the ``IncomingPhoneNumber`` resource."""

import re
from typing import Final, Literal, TypeAlias

import msgspec

from midcall.model.calls import API_VERSION
from midcall.model.numbers import PhoneNumber
from midcall.wire.dates import format_rfc2822
from midcall.wire.resources import Resource, account_uri
from midcall.wire.shapes import (
    AccountSidText,
    ApplicationSidText,
    DateText,
    MethodText,
    NumberText,
    PathText,
    PhoneNumberSidText,
    Version,
)

Kind: TypeAlias = Literal["local", "mobile", "toll-free"]

_E164: Final = re.compile(r"\+[1-9][0-9]{1,14}", re.ASCII)
_SEPARATORS: Final = re.compile(r"[ ().-]")

# North American numbers that the called party pays for (FCC, "What Is a Toll-Free Number").
_TOLL_FREE: Final = tuple(f"+1{code}" for code in (800, 833, 844, 855, 866, 877, 888))


def parse_number(text: str) -> str | None:
    """Return a phone number in E.164, or ``None`` if ``text`` is none.

    Spaces, hyphens, dots and parentheses are passed over. A plus sign that was sent as it is, and
    not as ``%2B``, has arrived as a space.
    """
    written = f"+{text[1:]}" if text.startswith(" ") else text
    number = _SEPARATORS.sub("", written)
    return number if _E164.fullmatch(number) else None


def kind_of(number: str) -> Kind:
    """Return what kind of number it is. A mobile number cannot be told from a local one."""
    return "toll-free" if number.startswith(_TOLL_FREE) else "local"


class Capabilities(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a number can do: calls only."""

    voice: bool = True
    sms: bool = False
    mms: bool = False
    fax: bool = False


class PhoneNumberResource(Resource, frozen=True, kw_only=True):
    """``IncomingPhoneNumber``, and ``voice_twiml`` and ``stir_status``, which are midcall's own."""

    account_sid: AccountSidText
    address_sid: str | None = None
    address_requirements: Literal["none", "any", "local", "foreign"] = "none"
    api_version: Version = API_VERSION
    beta: bool = False
    capabilities: Capabilities = Capabilities()
    date_created: DateText
    date_updated: DateText
    friendly_name: str
    identity_sid: str | None = None
    phone_number: NumberText
    origin: Literal["twilio", "hosted"] = "twilio"
    sid: PhoneNumberSidText
    sms_application_sid: ApplicationSidText | None = None
    sms_fallback_method: MethodText
    sms_fallback_url: str | None
    sms_method: MethodText
    sms_url: str | None
    status_callback: str | None
    status_callback_method: MethodText
    trunk_sid: str | None = None
    uri: PathText
    voice_receive_mode: Literal["voice", "fax"] = "voice"
    voice_application_sid: ApplicationSidText | None
    voice_caller_id_lookup: bool
    voice_fallback_method: MethodText
    voice_fallback_url: str | None
    voice_method: MethodText
    voice_url: str | None
    emergency_status: Literal["Active", "Inactive"] = "Inactive"
    emergency_address_sid: str | None = None
    emergency_address_status: Literal["registered", "unregistered"] = "unregistered"
    bundle_sid: str | None = None
    status: str = "in-use"
    type: Kind
    voice_twiml: str | None
    stir_status: str | None


def phone_number(number: PhoneNumber) -> PhoneNumberResource:
    """Show a phone number."""
    base = f"{account_uri(number.account_sid)}/IncomingPhoneNumbers"
    return PhoneNumberResource(
        account_sid=number.account_sid,
        date_created=format_rfc2822(number.created_at),
        date_updated=format_rfc2822(number.updated_at),
        friendly_name=number.friendly_name,
        phone_number=number.number,
        sid=number.sid,
        sms_fallback_method=number.sms_fallback_method.value,
        sms_fallback_url=number.sms_fallback_url or None,
        sms_method=number.sms_method.value,
        sms_url=number.sms_url or None,
        status_callback=number.status_callback or None,
        status_callback_method=number.status_callback_method.value,
        uri=f"{base}/{number.sid}.json",
        voice_application_sid=number.voice_application_sid,
        voice_caller_id_lookup=number.voice_caller_id_lookup,
        voice_fallback_method=number.voice_fallback_method.value,
        voice_fallback_url=number.voice_fallback_url or None,
        voice_method=number.voice_method.value,
        voice_url=number.voice_url or None,
        type=kind_of(number.number),
        voice_twiml=number.voice_twiml or None,
        stir_status=number.stir_status or None,
    )
