"""The first account, on a store in memory."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import count

import msgspec
import pytest
from pydantic import SecretStr

from midcall.app.bootstrap import Credentials, ensure_dev, ensure_stated, find_kept
from midcall.app.settings import Settings
from midcall.core.ports import AccountFilter, Entropy, PutAccount, PutApiKey, PutApplication, Store
from midcall.model.accounts import Account, ApiKey, Application
from midcall.model.sids import AccountSid, ApplicationSid, KeySid, is_sid
from midcall.model.twiml import Client, Parameter
from midcall.store.sqlite import open_store
from midcall.wire import templates, twiml

AT = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
LATER = AT + timedelta(days=1)

ACCOUNT_SID = AccountSid("AC" + "a" * 32)
KEY_SID = KeySid("SK" + "b" * 32)

NOTHING_STATED = Settings()
STATED = Settings(
    account_sid=ACCOUNT_SID,
    auth_token=SecretStr("0123456789abcdef0123456789abcdef"),
    api_key_sid=KEY_SID,
    api_key_secret=SecretStr("fedcba9876543210fedcba9876543210"),
)


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    """Give an empty store."""
    store = await open_store("sqlite:///:memory:")
    yield store
    await store.close()


@pytest.fixture
def entropy() -> Entropy:
    """Give bytes that never come twice."""
    numbers = count(1)
    return lambda size: next(numbers).to_bytes(size)


async def dev(store: Store, settings: Settings, entropy: Entropy) -> Credentials:
    """Do what ``midcall dev`` does at its start."""
    return await ensure_dev(store, settings, lambda: AT, entropy)


# --- dev


async def test_the_first_start_makes_everything(store: Store, entropy: Entropy) -> None:
    """On an empty store there are an account, a key and an application afterwards."""
    made = await dev(store, NOTHING_STATED, entropy)
    assert is_sid("AC", made.account.sid)
    assert is_sid("SK", made.key.sid)
    assert made.application is not None
    assert is_sid("AP", made.application.sid)
    assert made.key.account_sid == made.application.account_sid == made.account.sid
    assert len({made.account.auth_token, made.key.secret}) == 2
    for secret in (made.account.auth_token, made.key.secret):
        # Some of the official libraries refuse a password of anything else.
        assert len(secret) == 32
        assert secret.isalnum()
    assert await store.find_account(made.account.sid) == made.account
    assert await store.find_api_key(made.key.sid) == made.key
    assert await store.find_application(made.application.sid) == made.application


async def test_the_second_start_keeps_everything(store: Store, entropy: Entropy) -> None:
    """Restarting changes no credential, so what was pasted yesterday works today."""
    made = await dev(store, NOTHING_STATED, entropy)
    assert await dev(store, NOTHING_STATED, entropy) == made
    assert len(await store.list_accounts(AccountFilter(), offset=0, limit=10)) == 1


async def test_what_is_missing_is_made_beside_what_is_kept(store: Store, entropy: Entropy) -> None:
    """An account without a key and an application, as by hand, gets them and stays."""
    account = Account(
        sid=ACCOUNT_SID, auth_token="t" * 32, friendly_name="Ours", created_at=AT, updated_at=AT
    )
    await store.commit([PutAccount(account)])
    made = await dev(store, NOTHING_STATED, entropy)
    assert made.account == account
    assert made.key.account_sid == ACCOUNT_SID
    assert made.application is not None


async def test_keys_and_applications_of_others_are_left_alone(
    store: Store, entropy: Entropy
) -> None:
    """What somebody made through the REST API is not what ``midcall dev`` uses or changes."""
    first = await dev(store, NOTHING_STATED, entropy)
    key = ApiKey(
        sid=KEY_SID,
        account_sid=first.account.sid,
        secret="s" * 32,
        friendly_name="Phones",
        created_at=LATER,
        updated_at=LATER,
    )
    application = Application(
        sid=ApplicationSid("AP" + "c" * 32),
        account_sid=first.account.sid,
        friendly_name="Ours",
        created_at=LATER,
        updated_at=LATER,
    )
    await store.commit([PutApiKey(key), PutApplication(application)])
    assert await dev(store, NOTHING_STATED, entropy) == first


async def test_an_application_that_was_changed_stays_changed(
    store: Store, entropy: Entropy
) -> None:
    """Whoever gives the default application a Voice URL keeps it over restarts."""
    made = await dev(store, NOTHING_STATED, entropy)
    assert made.application is not None
    changed = msgspec.structs.replace(
        made.application, voice_url="https://example.com/", voice_twiml=""
    )
    await store.commit([PutApplication(changed)])
    assert (await dev(store, NOTHING_STATED, entropy)).application == changed


async def test_the_default_application_passes_on_what_the_caller_said(
    store: Store, entropy: Entropy
) -> None:
    """It dials whom the caller names, with every parameter, safely written as XML."""
    made = await dev(store, NOTHING_STATED, entropy)
    assert made.application is not None
    own = (Parameter("To", 'a"b<c'), Parameter("room", "4 & 5"))
    text = templates.render(made.application.voice_twiml, {"To": 'a"b<c'}, own)
    (dial,) = twiml.parse(text).verbs
    (client,) = dial.nouns  # type: ignore[union-attr]  # it is a Dial, or the test fails
    assert isinstance(client, Client)
    assert client.identity == 'a"b<c'
    assert client.parameters == own


# --- stated credentials


async def test_stated_credentials_are_had(store: Store, entropy: Entropy) -> None:
    """What the settings name is there, and used, with an application of its own."""
    made = await dev(store, STATED, entropy)
    assert (made.account.sid, made.key.sid) == (ACCOUNT_SID, KEY_SID)
    assert made.account.auth_token == "0123456789abcdef0123456789abcdef"
    assert made.key.secret == "fedcba9876543210fedcba9876543210"
    assert made.application is not None
    assert made.application.account_sid == ACCOUNT_SID


async def test_stated_credentials_win_over_kept_ones(store: Store, entropy: Entropy) -> None:
    """Another account is not made the default's place, and a changed token is changed."""
    kept = await dev(store, NOTHING_STATED, entropy)
    assert (await dev(store, STATED, entropy)).account.sid == ACCOUNT_SID
    changed = Settings(
        **{
            **STATED.model_dump(include={"account_sid", "api_key_sid", "api_key_secret"}),
            "auth_token": SecretStr("00112233445566778899aabbccddeeff"),
        }
    )
    now = await dev(store, changed, entropy)
    assert now.account.auth_token == "00112233445566778899aabbccddeeff"
    assert await store.find_account(ACCOUNT_SID) == now.account
    assert await store.find_account(kept.account.sid) == kept.account


async def test_a_stated_account_without_a_key_gets_one(store: Store, entropy: Entropy) -> None:
    """``midcall dev`` with an account only makes the rest of it."""
    settings = Settings(account_sid=STATED.account_sid, auth_token=STATED.auth_token)
    made = await dev(store, settings, entropy)
    assert made.account.sid == made.key.account_sid == ACCOUNT_SID
    assert await dev(store, settings, entropy) == made


async def test_serving_makes_what_is_stated_and_nothing_else(store: Store) -> None:
    """``midcall serve`` invents no credential and no application."""
    made = await ensure_stated(store, STATED, lambda: AT)
    assert made is not None
    assert made.application is None
    assert await store.list_applications(ACCOUNT_SID, friendly_name=None, offset=0, limit=10) == []
    assert await ensure_stated(store, STATED, lambda: LATER) == made


async def test_serving_without_credentials_makes_nothing(store: Store) -> None:
    """Where the settings name nobody, nobody is made."""
    assert await ensure_stated(store, NOTHING_STATED, lambda: AT) is None
    assert await store.list_accounts(AccountFilter(), offset=0, limit=10) == []


# --- looking


async def test_what_is_kept_is_found_again(store: Store, entropy: Entropy) -> None:
    """``midcall token`` finds what the server made, and changes nothing."""
    assert await find_kept(store, None) is None
    made = await dev(store, NOTHING_STATED, entropy)
    assert await find_kept(store, None) == made
    assert await find_kept(store, made.account.sid) == made
    assert await find_kept(store, ACCOUNT_SID) is None


async def test_a_server_without_an_application_can_be_looked_at(store: Store) -> None:
    """What ``midcall serve`` keeps is enough to make tokens for an application that is named."""
    made = await ensure_stated(store, STATED, lambda: AT)
    assert await find_kept(store, None) == made
