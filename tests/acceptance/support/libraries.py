"""The official Python library, pointed at midcall; and Access Tokens that it makes."""

from typing import Any

from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant
from twilio.rest import Client

from tests.acceptance.support.processes import eventually
from tests.acceptance.support.servers import Credentials, Midcall


def make_client(midcall: Midcall, user: str = "", password: str = "") -> Client:
    """Point the library at a server, as the how-to page says."""
    http_client = TwilioHttpClient()
    assert http_client.session is not None
    http_client.session.verify = str(midcall.ca)
    http_client.session.trust_env = False
    credentials = midcall.credentials
    client = Client(
        user or credentials.account_sid,
        password or credentials.auth_token,
        credentials.account_sid,
        http_client=http_client,
    )
    client.api.base_url = midcall.url
    return client


def make_token(
    credentials: Credentials,
    identity: str | None,
    application_sid: str | None = None,
    **changes: Any,
) -> str:
    """Make an Access Token."""
    token = AccessToken(
        changes.pop("account_sid", credentials.account_sid),
        changes.pop("key_sid", credentials.key_sid),
        changes.pop("secret", credentials.key_secret),
        identity=identity,
        **changes,
    )
    token.add_grant(
        VoiceGrant(outgoing_application_sid=application_sid, incoming_allow=identity is not None)
    )
    made = token.to_jwt()
    assert isinstance(made, str)
    return made


def status_of(client: Client, call_sid: str) -> str:
    """Return the status of a call, as the Calls resource shows it."""
    return str(client.calls(call_sid).fetch().status)


def wait_for_status(client: Client, call_sid: str, *statuses: str) -> None:
    """Wait until the Calls resource shows a call in one of these statuses."""
    eventually(
        lambda: status_of(client, call_sid) in statuses, f"{call_sid} is {' or '.join(statuses)}"
    )


def children_of(client: Client, parent_sid: str) -> list[str]:
    """Return the CallSids of the legs that a call has dialled, oldest first."""
    found = client.calls.list(parent_call_sid=parent_sid)
    return [str(call.sid) for call in reversed(found)]


def refusal(error: TwilioRestException) -> tuple[int, int | None]:
    """Return the HTTP status and the code of a refusal."""
    return error.status, error.code
