"""Who may use the server: accounts, their API keys, their TwiML applications."""

from datetime import datetime
from enum import StrEnum

import msgspec

from midcall.model.endpoints import Endpoint, Method
from midcall.model.sids import AccountSid, ApplicationSid, KeySid


class AccountStatus(StrEnum):
    """Whether an account may be used, in the words of the Accounts resource."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account. Its token signs webhooks and opens the REST API.

    A sub-account has the account that made it as ``owner_sid``; any other has none.
    """

    sid: AccountSid
    auth_token: str
    friendly_name: str
    created_at: datetime
    updated_at: datetime
    owner_sid: AccountSid | None = None
    status: AccountStatus = AccountStatus.ACTIVE

    def __repr__(self) -> str:
        """Leave the token out, for logs."""
        return f"Account(sid={self.sid!r})"


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """An API key. Its secret signs Access Tokens and opens the REST API."""

    sid: KeySid
    account_sid: AccountSid
    secret: str
    friendly_name: str
    created_at: datetime
    updated_at: datetime

    def __repr__(self) -> str:
        """Leave the secret out, for logs."""
        return f"ApiKey(sid={self.sid!r}, account_sid={self.account_sid!r})"


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """A TwiML application: what an SDK's outgoing call does.

    ``voice_twiml`` is midcall's own: a document kept here, with ``{{Mustache}}`` in it, used when
    there is no Voice URL, so that an application needs no web server.
    """

    sid: ApplicationSid
    account_sid: AccountSid
    friendly_name: str
    created_at: datetime
    updated_at: datetime
    voice_url: str = ""
    voice_method: Method = Method.POST
    voice_fallback_url: str = ""
    voice_fallback_method: Method = Method.POST
    voice_twiml: str = ""
    voice_caller_id_lookup: bool = False
    status_callback: str = ""
    status_callback_method: Method = Method.POST
    sms_url: str = ""
    sms_method: Method = Method.POST
    sms_fallback_url: str = ""
    sms_fallback_method: Method = Method.POST
    sms_status_callback: str = ""
    message_status_callback: str = ""
    public_application_connect_enabled: bool = False

    @property
    def voice_endpoint(self) -> Endpoint | None:
        """Where the TwiML of a call is fetched, or ``None`` if it is kept here or nowhere."""
        return Endpoint(self.voice_url, self.voice_method) if self.voice_url else None
