"""The first account: what the settings name, or what ``midcall dev`` makes for itself."""

from datetime import datetime

import msgspec

from midcall.app.settings import Settings
from midcall.core.ports import (
    AccountFilter,
    Change,
    Clock,
    Entropy,
    PutAccount,
    PutApiKey,
    PutApplication,
    Store,
)
from midcall.model.accounts import Account, ApiKey, Application
from midcall.model.sids import (
    ACCOUNT,
    APPLICATION,
    KEY,
    AccountSid,
    ApplicationSid,
    KeySid,
    from_entropy,
)
from midcall.wire import tokens

DEV_NAME = "midcall dev"
"""What is called so was made by ``midcall dev`` and is used by it again."""

DEV_TWIML = """\
<Response>
  <Dial>
    <Client>
      <Identity>{{To}}</Identity>
      {{#Parameters}}
      <Parameter name="{{name}}" value="{{value}}"/>
      {{/Parameters}}
    </Client>
  </Dial>
</Response>
"""
"""Call whom the caller names, with all that the caller said."""


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What a client of this server needs. ``application`` is what calls go through.

    ``console_key`` logs in to the console, once.
    """

    account: Account
    key: ApiKey
    application: Application | None
    console_key: str | None = None


async def ensure_stated(store: Store, settings: Settings, clock: Clock) -> Credentials | None:
    """Have the account and the key that the settings name; ``None`` if they name none.

    The settings win over what is kept: a token that was changed there is changed.
    """
    if settings.account_sid is None or settings.auth_token is None:
        return None
    now = clock()
    sid = AccountSid(settings.account_sid)
    kept = await store.find_account(sid) or _account(sid, "", now)
    account = msgspec.structs.replace(kept, auth_token=settings.auth_token.get_secret_value())
    changes: list[Change] = [PutAccount(account)] if account != kept or not kept.auth_token else []
    key = None
    if settings.api_key_sid is not None and settings.api_key_secret is not None:
        key_sid = KeySid(settings.api_key_sid)
        kept_key = await store.find_api_key(key_sid) or _key(key_sid, sid, "", now)
        key = msgspec.structs.replace(
            kept_key, account_sid=sid, secret=settings.api_key_secret.get_secret_value()
        )
        if key != kept_key:
            changes.append(PutApiKey(key))
    await store.commit(changes)
    if key is None:
        return None
    return Credentials(account=account, key=key, application=None)


async def ensure_dev(
    store: Store, settings: Settings, clock: Clock, entropy: Entropy
) -> Credentials:
    """Have an account, a key and an application: those stated, those kept, or new ones."""
    stated = await ensure_stated(store, settings, clock)
    now = clock()
    changes: list[Change] = []
    if stated is not None:
        account, key = stated.account, stated.key
    else:
        account_sid = settings.account_sid and AccountSid(settings.account_sid)
        kept = await _kept_account(store, account_sid or None)
        account = kept or _account(
            AccountSid(from_entropy(ACCOUNT, entropy(16))), entropy(16).hex(), now
        )
        found = await _kept_key(store, account.sid)
        key = found or _key(
            KeySid(from_entropy(KEY, entropy(16))), account.sid, entropy(16).hex(), now
        )
        changes += [PutAccount(account)] if kept is None else []
        changes += [PutApiKey(key)] if found is None else []
    application = await _kept_application(store, account.sid)
    if application is None:
        application = _application(
            ApplicationSid(from_entropy(APPLICATION, entropy(16))), account.sid, now
        )
        changes.append(PutApplication(application))
    await store.commit(changes)
    return Credentials(account=account, key=key, application=application)


async def find_kept(store: Store, account_sid: AccountSid | None) -> Credentials | None:
    """Find what a server keeps in its store; ``None`` if there is no account or key yet."""
    account = await _kept_account(store, account_sid)
    if account is None:
        return None
    keys = await store.list_api_keys(account.sid, offset=0, limit=1)
    key = await _kept_key(store, account.sid) or (keys[0] if keys else None)
    if key is None:
        return None
    application = await _kept_application(store, account.sid)
    return Credentials(account=account, key=key, application=application)


async def _kept_account(store: Store, sid: AccountSid | None) -> Account | None:
    if sid is not None:
        return await store.find_account(sid)
    accounts = await store.list_accounts(AccountFilter(), offset=0, limit=100)
    named = [account for account in accounts if account.friendly_name == DEV_NAME]
    return next(iter(named or accounts), None)


async def _kept_key(store: Store, account: AccountSid) -> ApiKey | None:
    keys = await store.list_api_keys(account, offset=0, limit=1000)
    return next((key for key in keys if key.friendly_name == DEV_NAME), None)


async def _kept_application(store: Store, account: AccountSid) -> Application | None:
    kept = await store.list_applications(account, friendly_name=DEV_NAME, offset=0, limit=1)
    return next(iter(kept), None)


def _account(sid: AccountSid, token: str, now: datetime) -> Account:
    return Account(
        sid=sid, auth_token=token, friendly_name=DEV_NAME, created_at=now, updated_at=now
    )


def _key(sid: KeySid, account: AccountSid, secret: str, now: datetime) -> ApiKey:
    return ApiKey(
        sid=sid,
        account_sid=account,
        secret=secret,
        friendly_name=DEV_NAME,
        created_at=now,
        updated_at=now,
    )


def _application(sid: ApplicationSid, account: AccountSid, now: datetime) -> Application:
    return Application(
        sid=sid,
        account_sid=account,
        friendly_name=DEV_NAME,
        created_at=now,
        updated_at=now,
        voice_twiml=DEV_TWIML,
    )


def mint_token(
    credentials: Credentials, identity: str, now: datetime, lifetime_seconds: int = 3600
) -> str:
    """Make an Access Token that lets an identity call and be called."""
    application = credentials.application
    return tokens.mint(
        account_sid=credentials.account.sid,
        key_sid=credentials.key.sid,
        secret=credentials.key.secret,
        now=now,
        identity=identity,
        lifetime_seconds=lifetime_seconds,
        incoming_allowed=True,
        outgoing_application_sid=application.sid if application is not None else None,
    )
