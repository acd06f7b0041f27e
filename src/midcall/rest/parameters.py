"""Parameters of a form as values of the model. Absent parameters are ``None``."""

from midcall.model.endpoints import Method
from midcall.model.errors import InvalidMethod, InvalidParameter
from midcall.wire.forms import Form
from midcall.wire.urls import parse_webhook_url

FRIENDLY_NAME_CHARACTERS = 64
"""The longest friendly name (Applications and Keys resource pages)."""


def friendly_name(form: Form) -> str | None:
    """Return ``FriendlyName``; raise ``InvalidParameter`` if it is too long."""
    name = form.find("FriendlyName")
    if name is not None and len(name) > FRIENDLY_NAME_CHARACTERS:
        raise InvalidParameter(
            "FriendlyName", f"{len(name)} characters, the limit is {FRIENDLY_NAME_CHARACTERS}"
        )
    return name


def url(form: Form, name: str) -> str | None:
    """Return a webhook's URL as it was given; an empty one takes it away.

    Raises ``InvalidUrl``.
    """
    text = form.find(name)
    if text:
        parse_webhook_url(text, name=name)
    return text


def method(form: Form, name: str) -> Method | None:
    """Return a webhook's method, in either case; an empty one is the default again.

    Raises ``InvalidMethod``.
    """
    text = form.find(name)
    if text is None:
        return None
    try:
        return Method(text.upper() or Method.POST)
    except ValueError:
        raise InvalidMethod(name, text) from None


def flag(form: Form, name: str) -> bool | None:
    """Return a truth value; raise ``InvalidParameter`` if it is neither true nor false."""
    text = form.find(name)
    if text is None:
        return None
    match text.lower():
        case "true":
            return True
        case "false" | "":
            return False
        case _:
            raise InvalidParameter(name, "it must be true or false")
