"""Secrets at rest: a store whose secrets are sealed, from the first key on."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from msgspec.structs import replace

from midcall.core.ports import AccountFilter, PutAccount, PutApiKey, Store
from midcall.store.faults import (
    MasterKeyMissing,
    MasterKeyRefused,
    SchemaTooNew,
    SealBroken,
    StoreUnusable,
)
from midcall.store.sqlite import open_for_reading, open_store
from tests.contract.store.records import ACCOUNT, OTHER_ACCOUNT, account, api_key
from tests.integration.store.test_deleting import in_files

MASTER_KEY = "a-master-key-of-the-operator-0123456789"
TOKEN = "0123456789-the-token-of-the-account"
SECRET = "0123456789-the-secret-of-the-key"
OURS = replace(account(), auth_token=TOKEN)
KEY = replace(api_key(1), secret=SECRET)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a file that is not there yet."""
    return tmp_path / "store.db"


async def opened(path: Path, master_key: str | None = MASTER_KEY) -> Store:
    """Open the store in that file."""
    return await open_store(f"sqlite:///{path}", master_key)


def content(path: Path) -> bytes:
    """Return what is in a file."""
    return path.read_bytes()


async def check(store: Store) -> None:
    """See that the account and its key are as they were put, wherever they are asked for."""
    everything = AccountFilter()
    assert await store.find_account(ACCOUNT) == OURS
    assert await store.list_accounts(everything, offset=0, limit=9) == [OURS]
    assert await store.find_api_key(KEY.sid) == KEY
    assert await store.list_api_keys(ACCOUNT, offset=0, limit=9) == [KEY]
    assert await store.find_account(OTHER_ACCOUNT) is None


async def test_secrets_are_read_as_they_were_put_and_not_in_the_files(path: Path) -> None:
    """Whoever asks the store gets them; whoever reads its files does not."""
    store = await opened(path)
    await store.commit([PutAccount(OURS), PutApiKey(KEY)])
    await check(store)
    assert (in_files(path, TOKEN), in_files(path, SECRET)) == ([], [])
    await store.close()
    again = await opened(path)
    await check(again)
    assert (in_files(path, TOKEN), in_files(path, SECRET)) == ([], [])
    await again.close()


async def test_a_store_is_sealed_when_it_is_first_given_a_key(path: Path) -> None:
    """What was plain is sealed and overwritten, in the file and in the log."""
    plain = await opened(path, None)
    old = replace(OURS, auth_token="an-older-token-of-the-account-987")
    await plain.commit([PutAccount(old), PutApiKey(KEY)])
    await plain.commit([PutAccount(OURS)])
    assert in_files(path, TOKEN)
    await plain.close()
    sealed = await opened(path)
    await check(sealed)
    for secret in (TOKEN, SECRET, old.auth_token):
        assert in_files(path, secret) == []
    await sealed.close()
    again = await opened(path)
    await check(again)
    await again.close()


async def test_a_killed_servers_log_is_sealed_as_well(path: Path, tmp_path: Path) -> None:
    """A log that nobody has folded into the file has the secrets too."""
    plain = await opened(path, None)
    await plain.commit([PutAccount(OURS), PutApiKey(KEY)])
    copy = tmp_path / "copy" / "store.db"
    copy.parent.mkdir()
    for suffix in ("", "-wal"):
        shutil.copyfile(f"{path}{suffix}", f"{copy}{suffix}")
    await plain.close()
    assert in_files(copy, TOKEN) == ["store.db-wal"]
    sealed = await opened(copy)
    await check(sealed)
    assert (in_files(copy, TOKEN), in_files(copy, SECRET)) == ([], [])
    await sealed.close()


@pytest.mark.parametrize(
    ("key", "refused"),
    [(None, MasterKeyMissing), (f"{MASTER_KEY}!", MasterKeyRefused), ("", MasterKeyRefused)],
)
async def test_a_sealed_store_wants_its_own_key(
    path: Path, key: str | None, refused: type[StoreUnusable]
) -> None:
    """Without it nothing is opened and nothing written; the operator reads what to set."""
    store = await opened(path)
    await store.commit([PutAccount(OURS), PutApiKey(KEY)])
    await store.close()
    before = content(path)
    for opening in (open_store, open_for_reading):
        with pytest.raises(refused, match="MIDCALL_MASTER_KEY") as refusal:
            await opening(f"sqlite:///{path}", key)
        assert MASTER_KEY not in str(refusal.value)
    assert content(path) == before
    again = await opened(path)
    await check(again)
    await again.close()


async def test_a_reader_beside_the_server_opens_the_secrets_too(path: Path) -> None:
    """With the key it reads them; of a plain store it reads them with any key, sealing nothing."""
    plain = await opened(path, None)
    await plain.commit([PutAccount(OURS), PutApiKey(KEY)])
    beside = await open_for_reading(f"sqlite:///{path}", MASTER_KEY)
    await check(beside)
    await beside.close()
    await plain.close()
    assert in_files(path, TOKEN)
    sealed = await opened(path)
    beside = await open_for_reading(f"sqlite:///{path}", MASTER_KEY)
    await check(beside)
    await beside.close()
    await sealed.close()


async def test_secrets_do_not_open_in_another_place(path: Path) -> None:
    """A token that somebody moved to another account's row is refused, not used."""
    store = await opened(path)
    theirs = replace(OURS, sid=OTHER_ACCOUNT, auth_token="another token")
    await store.commit([PutAccount(OURS), PutAccount(theirs)])
    await store.close()
    with sqlite3.connect(path) as meddling:
        meddling.execute(
            "UPDATE accounts SET auth_token ="
            " (SELECT auth_token FROM accounts WHERE sid = ?) WHERE sid = ?",
            [OTHER_ACCOUNT, ACCOUNT],
        )
    meddling.close()
    again = await opened(path)
    with pytest.raises(SealBroken) as broken:
        await again.find_account(ACCOUNT)
    assert (broken.value.sid, broken.value.temporary) == (ACCOUNT, True)
    assert await again.find_account(OTHER_ACCOUNT) == theirs
    await again.close()


async def test_a_newer_store_is_refused_as_newer(path: Path) -> None:
    """Whether the key is right is for the version to say that sealed the store."""
    await (await opened(path)).close()
    with sqlite3.connect(path) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
        newer.execute("UPDATE sealing SET proof = 'v9:otherwise'")
    newer.close()
    with pytest.raises(SchemaTooNew):
        await opened(path)


async def test_the_key_is_asked_for_before_the_tables_are_changed(path: Path) -> None:
    """An older store that is sealed is not migrated for somebody who has not its key."""
    await (await opened(path)).close()
    with sqlite3.connect(path) as older:
        older.execute("UPDATE alembic_version SET version_num = '0002'")
    older.close()
    before = content(path)
    with pytest.raises(MasterKeyMissing):
        await opened(path, None)
    assert content(path) == before


async def test_a_store_in_memory_can_be_sealed() -> None:
    """It works as one in a file does."""
    store = await open_store("sqlite:///:memory:", MASTER_KEY)
    await store.commit([PutAccount(OURS), PutApiKey(KEY)])
    await check(store)
    await store.close()
