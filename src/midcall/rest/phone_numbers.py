"""``IncomingPhoneNumbers``: numbers that lead to calls with their own TwiML, inside midcall.

No carrier stands behind them. Beside the original's parameters there are ``VoiceTwiml``, a document
kept here, and ``StirStatus``, how far callers of the number are said to be verified.
"""

import re
from collections.abc import Callable
from typing import Annotated, Any, Final

from msgspec import Meta
from msgspec.structs import replace
from starlette.responses import Response

from midcall.core.access import fictitious_number, get_entered, new_phone_number
from midcall.core.ports import NumberFilter, PutPhoneNumber, RemovePhoneNumber
from midcall.model.endpoints import Method
from midcall.model.errors import (
    ApplicationNotAccessible,
    InvalidParameter,
    InvalidUrl,
    NotFound,
    ParameterRefused,
)
from midcall.model.numbers import SIMULATED, PhoneNumber
from midcall.model.sids import (
    ACCOUNT,
    APPLICATION,
    AccountSid,
    ApplicationSid,
    PhoneNumberSid,
    is_sid,
)
from midcall.rest import operations as op
from midcall.rest import parameters
from midcall.rest.door import Ask, answer, answer_page
from midcall.rest.operations import Field, Operation, Support
from midcall.rest.paging import read_page
from midcall.wire.phone_numbers import (
    Kind,
    PhoneNumberResource,
    kind_of,
    parse_number,
    phone_number,
)
from midcall.wire.shapes import AccountSidText, ApplicationSidText, NumberText

_URLS: Final = {
    "VoiceUrl": "voice_url",
    "VoiceFallbackUrl": "voice_fallback_url",
    "StatusCallback": "status_callback",
    "SmsUrl": "sms_url",
    "SmsFallbackUrl": "sms_fallback_url",
}
_METHODS: Final = {
    "VoiceMethod": "voice_method",
    "VoiceFallbackMethod": "voice_fallback_method",
    "StatusCallbackMethod": "status_callback_method",
    "SmsMethod": "sms_method",
    "SmsFallbackMethod": "sms_fallback_method",
}
_AREA: Final = re.compile(r"[2-9][0-9]{2}", re.ASCII)
_STIR: Final = (
    r"(TN-Validation-(Passed|Failed)(-[ABC](-(Diverted|Passthrough))?)?|No-TN-Validation)"
)

_MINTING_TRIES: Final = 100
"""How often a free number is looked for in an area before it counts as full."""

_SWEEP: Final = 1000
"""How many numbers are read at once where a list is narrowed by kind, which the store knows not."""


async def create(ask: Ask) -> Response:
    """Take a number: the one that is given, or a free fictitious one of an area."""
    desk = ask.desk
    changes = await _changes(ask, ask.account_sid)
    async with desk.changing:
        number = new_phone_number(ask.account_sid, await _wanted(ask), desk.clock(), desk.entropy)
        number = replace(number, **changes)
        await desk.journal.commit([PutPhoneNumber(number)])
    return answer(phone_number(number), 201)


async def fetch(ask: Ask) -> Response:
    """Show a number."""
    return answer(phone_number(await _get(ask)))


async def list_page(ask: Ask) -> Response:
    """List the account's numbers, newest first."""
    return await _list(ask, lambda _: True)


async def list_toll_free(ask: Ask) -> Response:
    """List those of the account's numbers that the called party pays for."""
    return await _list(ask, lambda number: kind_of(number.number) == "toll-free")


async def list_geographic(ask: Ask) -> Response:
    """List those of the account's numbers that may be local ones, or mobile ones.

    By their digits the two cannot be told apart.
    """
    return await _list(ask, lambda number: kind_of(number.number) != "toll-free")


async def update(ask: Ask) -> Response:
    """Change what is given, leave the rest; give a number to another account of the caller's.

    Its application does not come along: it is the old account's.
    """
    target = await _target(ask)
    changes = await _changes(ask, target)
    if target != ask.account_sid:
        changes = {"voice_application_sid": None, **changes}
    async with ask.desk.changing:
        number = replace(
            await _get(ask), **changes, account_sid=target, updated_at=ask.desk.clock()
        )
        await ask.desk.journal.commit([PutPhoneNumber(number)])
    return answer(phone_number(number))


async def delete(ask: Ask) -> Response:
    """Give a number up. Calls that it led to go on."""
    async with ask.desk.changing:
        number = await _get(ask)
        await ask.desk.journal.commit([RemovePhoneNumber(number.sid)])
    return Response(status_code=204)


async def _get(ask: Ask) -> PhoneNumber:
    sid = PhoneNumberSid(ask.named["PhoneNumberSid"])
    number = await ask.desk.store.find_phone_number(sid)
    if number is None or number.account_sid != ask.account_sid:
        raise ask.not_found()
    return number


async def _list(ask: Ask, fits: Callable[[PhoneNumber], bool]) -> Response:
    page = read_page(ask.query, ask.operation.filters)
    wanted = ask.query.find("PhoneNumber")
    filters = NumberFilter(
        number=(parse_number(wanted) or wanted) if wanted else None,
        friendly_name=ask.query.find("FriendlyName") or None,
    )
    found: list[PhoneNumber] = []
    offset, last = 0, page.offset + page.size + 1
    # Nothing that another carrier hosts is here.
    more = (ask.query.find("Origin") or "twilio") == "twilio"
    while more and len(found) < last:
        read = await ask.desk.store.list_phone_numbers(
            ask.account_sid, filters, offset=offset, limit=_SWEEP
        )
        found += filter(fits, read)
        offset, more = offset + _SWEEP, len(read) == _SWEEP
    return answer_page(ask, page, found[page.offset : last], phone_number)


async def _wanted(ask: Ask) -> str:
    """Return the number that is to be taken.

    Raises ``ParameterRefused``: 21421 for what is no number, 21422 for one that is not to be had,
    21451 for what is no area, 21452 for an area without a free number.
    """
    text, area = ask.form.find("PhoneNumber"), ask.form.find("AreaCode")
    if not text and area:
        return await _minted(ask, area)
    number = parse_number(text or "")
    if number is None:
        raise ParameterRefused(21421, "PhoneNumber is invalid: give a number in E.164")
    if not await _is_free(ask, number):
        raise ParameterRefused(21422, f"PhoneNumber {number} is not available")
    return number


async def _minted(ask: Ask, area: str) -> str:
    if not _AREA.fullmatch(area):
        raise ParameterRefused(21451, f"Invalid area code: {area}")
    for _ in range(_MINTING_TRIES):
        number = fictitious_number(area, ask.desk.entropy)
        if await _is_free(ask, number):
            return number
    raise ParameterRefused(21452, f"No phone numbers found in area code {area}")


async def _is_free(ask: Ask, number: str) -> bool:
    """Tell whether nobody has a number, and no simulated party either."""
    return number not in SIMULATED and await ask.desk.store.find_number(number) is None


async def _target(ask: Ask) -> AccountSid:
    """Return the account that a number is to belong to from now on."""
    text = ask.form.find("AccountSid")
    if not text:
        return ask.account_sid
    found = await ask.desk.store.find_account(AccountSid(text)) if is_sid(ACCOUNT, text) else None
    try:
        return get_entered(ask.caller, found, ask.path).sid
    except NotFound:
        raise InvalidParameter("AccountSid", "it is no account of yours") from None


async def _changes(ask: Ask, account: AccountSid) -> dict[str, Any]:
    """Return the fields that a form changes of a number of ``account``, with their new values."""
    form = ask.form
    changes: dict[str, object] = {
        "friendly_name": parameters.friendly_name(form) or None,
        "voice_twiml": parameters.template(form, "VoiceTwiml"),
        "stir_status": _stir_status(form.find("StirStatus")),
        "voice_caller_id_lookup": parameters.flag(form, "VoiceCallerIdLookup"),
        **{field: _url(ask, name) for name, field in _URLS.items()},
        **{field: parameters.method(form, name) for name, field in _METHODS.items()},
    }
    given = {field: value for field, value in changes.items() if value is not None}
    return given | await _application(ask, account)


def _url(ask: Ask, name: str) -> str | None:
    """Return a webhook's URL; a bad one is 21402 for numbers."""
    try:
        return parameters.url(ask.form, name)
    except InvalidUrl as fault:
        raise ParameterRefused(21402, str(fault)) from None


def _stir_status(text: str | None) -> str | None:
    if text and not re.fullmatch(_STIR, text):
        raise InvalidParameter("StirStatus", "it is none that a call can have")
    return text


async def _application(ask: Ask, account: AccountSid) -> dict[str, ApplicationSid | None]:
    """Return the application that a number is given; an empty one takes it away."""
    text = ask.form.find("VoiceApplicationSid")
    if not text:
        return {} if text is None else {"voice_application_sid": None}
    if not is_sid(APPLICATION, text):
        raise ParameterRefused(21218, f"Invalid ApplicationSid: {text}")
    found = await ask.desk.store.find_application(ApplicationSid(text))
    if found is None or found.account_sid != account:
        raise ApplicationNotAccessible(text)
    return {"voice_application_sid": found.sid}


_SETTABLE: Final = (
    Field(name="FriendlyName"),
    *op.urls(*_URLS),
    *(Field(name=name, type=Method) for name in _METHODS),
    Field(name="VoiceApplicationSid", type=ApplicationSidText, about="Wins over VoiceUrl."),
    Field(name="VoiceCallerIdLookup", type=bool),
    Field(
        name="VoiceTwiml",
        support=Support.OWN,
        about="TwiML kept here, with Mustache in it, used where there is no VoiceUrl.",
    ),
    Field(
        name="StirStatus",
        type=Annotated[str, Meta(pattern=f"^({_STIR})?$")],
        support=Support.OWN,
        about="How far callers of the number are said to be verified.",
    ),
    *op.ignored(
        *("ApiVersion", "SmsApplicationSid", "EmergencyStatus", "EmergencyAddressSid"),
        *("TrunkSid", "VoiceReceiveMode", "IdentitySid", "AddressSid", "BundleSid"),
    ),
)
_NUMBER: Final = Field(name="PhoneNumber", type=NumberText, about="This or AreaCode.")
_AREA_CODE: Final = Field(
    name="AreaCode",
    type=Annotated[str, Meta(pattern="^[2-9][0-9]{2}$")],
    about="A free fictitious number of this area: +1, the area, 555 and four digits.",
)
_FILTERS: Final = (
    Field(name="FriendlyName"),
    Field(name="PhoneNumber"),
    Field(name="Origin", about="Nothing is `hosted`."),
    *op.ignored("Beta", type=bool),
)
_LISTING: Final = op.Listing(name="incoming_phone_numbers", item=PhoneNumberResource)

MANY = {
    "GET": op.lists("ListIncomingPhoneNumber", list_page, _LISTING, *_FILTERS),
    "POST": op.create(
        "CreateIncomingPhoneNumber", create, PhoneNumberResource, _NUMBER, _AREA_CODE, *_SETTABLE
    ),
}
ONE = {
    "GET": op.fetch("FetchIncomingPhoneNumber", fetch, PhoneNumberResource),
    "POST": op.update(
        "UpdateIncomingPhoneNumber",
        update,
        PhoneNumberResource,
        Field(name="AccountSid", type=AccountSidText, about="Another account of the caller's."),
        *_SETTABLE,
    ),
    "DELETE": op.delete("DeleteIncomingPhoneNumber", delete),
}


def of_kind(kind: Kind, name: str) -> dict[str, Operation]:
    """Return what can be done with the numbers of a kind."""
    verb = list_toll_free if kind == "toll-free" else list_geographic
    return {
        "GET": op.lists(f"ListIncomingPhoneNumber{name}", verb, _LISTING, *_FILTERS),
        "POST": op.create(
            f"CreateIncomingPhoneNumber{name}",
            create,
            PhoneNumberResource,
            Field(name="PhoneNumber", type=NumberText, required=True),
            *_SETTABLE,
        ),
    }
