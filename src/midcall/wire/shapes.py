"""Shapes of the values in REST resources: what a SID, a date or a method looks like as text.

The types are plain strings to the code; their patterns go into the OpenAPI document, which every
response is checked against in the tests.
"""

from typing import Annotated, Final, Literal, TypeAlias

from msgspec import Meta

_HEX: Final = "[0-9a-fA-F]{32}$"

AccountSidText: TypeAlias = Annotated[str, Meta(pattern=f"^AC{_HEX}")]
ApplicationSidText: TypeAlias = Annotated[str, Meta(pattern=f"^AP{_HEX}")]
CallSidText: TypeAlias = Annotated[str, Meta(pattern=f"^CA{_HEX}")]
KeySidText: TypeAlias = Annotated[str, Meta(pattern=f"^SK{_HEX}")]
MessageSidText: TypeAlias = Annotated[str, Meta(pattern=f"^KX{_HEX}")]
NotificationSidText: TypeAlias = Annotated[str, Meta(pattern=f"^NO{_HEX}")]
PhoneNumberSidText: TypeAlias = Annotated[str, Meta(pattern=f"^PN{_HEX}")]
SubscriptionSidText: TypeAlias = Annotated[str, Meta(pattern=f"^ZY{_HEX}")]

CallbackIdText: TypeAlias = Annotated[
    str,
    Meta(
        description="What its requests have in `I-Twilio-Idempotency-Token`.",
        pattern="^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
    ),
]

DateText: TypeAlias = Annotated[
    str,
    Meta(
        description="RFC 2822, in GMT: `Wed, 18 Dec 2019 20:02:01 +0000`.",
        pattern=r"^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} "
        r"\+0000$",
    ),
]
IsoDateText: TypeAlias = Annotated[
    str,
    Meta(
        description="RFC 3339, in GMT: `2019-12-18T20:02:01Z`.",
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$",
    ),
]
DayText: TypeAlias = Annotated[
    str,
    Meta(
        description="A day in GMT, `2019-12-18`, or a time in it, `2019-12-18T20:02:01Z`.",
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ].+)?$",
    ),
]

MethodText: TypeAlias = Annotated[str, Meta(pattern="^(GET|POST)$")]
Version: TypeAlias = Literal["2010-04-01"]

PathText: TypeAlias = Annotated[
    str, Meta(description="A path from the host's root.", pattern=r"^/2010-04-01/Accounts[/.]")
]
NumberText: TypeAlias = Annotated[
    str, Meta(description="A phone number in E.164.", pattern=r"^\+[1-9][0-9]{1,14}$")
]
DigitsText: TypeAlias = Annotated[
    str, Meta(description="A whole number in a string.", pattern=r"^[0-9]+$")
]
UrlText: TypeAlias = Annotated[str, Meta(extra_json_schema={"format": "uri"})]
