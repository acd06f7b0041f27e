"""Where the TwiML of a call comes from and who hears of its end, by what it goes through."""

from midcall.model.accounts import Application
from midcall.model.calls import StatusCallback
from midcall.model.endpoints import Endpoint, Method
from midcall.model.families import Origin
from midcall.model.numbers import PhoneNumber


def application_origin(application: Application) -> Origin:
    """Return what an application does with a call."""
    return _origin(
        application.voice_endpoint,
        application.voice_fallback_url,
        application.voice_fallback_method,
        application.voice_twiml,
    )


def number_origin(number: PhoneNumber) -> Origin:
    """Return what a phone number does with a call."""
    return _origin(
        number.voice_endpoint,
        number.voice_fallback_url,
        number.voice_fallback_method,
        number.voice_twiml,
    )


def callback_of(called: Application | PhoneNumber) -> StatusCallback | None:
    """Return who hears of the end of a call: applications and numbers ask for nothing else."""
    if not called.status_callback:
        return None
    return StatusCallback(endpoint=Endpoint(called.status_callback, called.status_callback_method))


def _origin(
    voice: Endpoint | None, fallback_url: str, fallback_method: Method, twiml: str
) -> Origin:
    """Take the Voice URL if there is one, else the TwiML that is kept here."""
    if voice is None:
        return Origin(text=twiml, template=True)
    fallback = Endpoint(fallback_url, fallback_method) if fallback_url else None
    return Origin(endpoint=voice, fallback=fallback)
