"""``Applications``: what an SDK's outgoing call does.

Beside the original's parameters there is ``VoiceTwiml``: a document kept here, used where there is
no ``VoiceUrl``, so that an application needs no web server (docs/decisions/0007-voice-twiml.md).
"""

from msgspec.structs import replace
from starlette.responses import Response

from midcall.core.access import new_application
from midcall.core.ports import PutApplication, RemoveApplication
from midcall.model.accounts import Application
from midcall.model.endpoints import Method
from midcall.model.sids import ApplicationSid
from midcall.rest import operations as op
from midcall.rest import parameters
from midcall.rest.door import Ask, answer, answer_page
from midcall.rest.operations import Field, Support
from midcall.rest.paging import read_page
from midcall.wire import resources
from midcall.wire.forms import Form
from midcall.wire.resources import ApplicationResource

_URLS = {
    "VoiceUrl": "voice_url",
    "VoiceFallbackUrl": "voice_fallback_url",
    "StatusCallback": "status_callback",
    "SmsUrl": "sms_url",
    "SmsFallbackUrl": "sms_fallback_url",
    "SmsStatusCallback": "sms_status_callback",
    "MessageStatusCallback": "message_status_callback",
}

_METHODS = {
    "VoiceMethod": "voice_method",
    "VoiceFallbackMethod": "voice_fallback_method",
    "StatusCallbackMethod": "status_callback_method",
    "SmsMethod": "sms_method",
    "SmsFallbackMethod": "sms_fallback_method",
}

_FLAGS = {
    "VoiceCallerIdLookup": "voice_caller_id_lookup",
    "PublicApplicationConnectEnabled": "public_application_connect_enabled",
}


async def create(ask: Ask) -> Response:
    """Make an application. No parameter is required."""
    desk = ask.desk
    application = new_application(ask.account_sid, desk.clock(), desk.entropy)
    application = replace(application, **_changes(ask.form))
    await desk.journal.commit([PutApplication(application)])
    return answer(resources.application(application), 201)


async def fetch(ask: Ask) -> Response:
    """Show an application."""
    return answer(resources.application(await _get(ask)))


async def list_page(ask: Ask) -> Response:
    """List the account's applications, newest first, of one ``FriendlyName`` if it is given."""
    page = read_page(ask.query, ask.operation.filters)
    found = await ask.desk.store.list_applications(
        ask.account_sid,
        friendly_name=ask.query.find("FriendlyName") or None,
        offset=page.offset,
        limit=page.size + 1,
    )
    return answer_page(ask, page, found, resources.application)


async def update(ask: Ask) -> Response:
    """Change what is given, leave the rest."""
    async with ask.desk.changing:
        application = await _get(ask)
        changes = _changes(ask.form)
        if changes:
            application = replace(application, **changes, updated_at=ask.desk.clock())
            await ask.desk.journal.commit([PutApplication(application)])
    return answer(resources.application(application))


async def delete(ask: Ask) -> Response:
    """Remove an application. Calls that it began go on."""
    async with ask.desk.changing:
        application = await _get(ask)
        await ask.desk.journal.commit([RemoveApplication(application.sid)])
    return Response(status_code=204)


async def _get(ask: Ask) -> Application:
    sid = ApplicationSid(ask.named["ApplicationSid"])
    application = await ask.desk.store.find_application(sid)
    if application is None or application.account_sid != ask.account_sid:
        raise ask.not_found()
    return application


def _changes(form: Form) -> dict[str, object]:
    """Return the fields that a form changes, with their new values."""
    changes: dict[str, object] = {
        "friendly_name": parameters.friendly_name(form),
        "voice_twiml": parameters.template(form, "VoiceTwiml"),
        **{field: parameters.url(form, name) for name, field in _URLS.items()},
        **{field: parameters.method(form, name) for name, field in _METHODS.items()},
        **{field: parameters.flag(form, name) for name, field in _FLAGS.items()},
    }
    return {field: value for field, value in changes.items() if value is not None}


_FORM = (
    Field(name="FriendlyName"),
    *op.urls(*_URLS),
    *(Field(name=name, type=Method) for name in _METHODS),
    *(Field(name=name, type=bool) for name in _FLAGS),
    Field(
        name="VoiceTwiml",
        support=Support.OWN,
        about="TwiML kept here, with Mustache in it, used where there is no VoiceUrl.",
    ),
    *op.ignored("ApiVersion"),
)

CREATE = op.create("CreateApplication", create, ApplicationResource, *_FORM)
LIST = op.lists(
    "ListApplication",
    list_page,
    op.Listing(name="applications", item=ApplicationResource),
    Field(name="FriendlyName"),
)
FETCH = op.fetch("FetchApplication", fetch, ApplicationResource)
UPDATE = op.update("UpdateApplication", update, ApplicationResource, *_FORM)
DELETE = op.delete("DeleteApplication", delete)
