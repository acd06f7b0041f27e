"""Secrets at rest: auth tokens and the secrets of API keys, sealed under the operator's key.

Invariants
- Either every such secret of a store is sealed or none is; the row in ``sealing`` says which. A
  store becomes sealed when it is first opened with a master key, in one transaction, and stays so.
- The key is made of the master key and the store's own salt, by scrypt: a master key that somebody
  thought up costs whoever has the file as much to guess as it can.
- Every value has a nonce of its own, and is bound to its row and its column: moved to another
  place, it does not open.
- A wrong key is noticed when the store is opened, before anything is written.
- Opened secrets are not kept anywhere.

AES-256-GCM (NIST SP 800-38D) with random nonces of 96 bits; scrypt is RFC 7914. What is sealed and
what is not: docs/decisions/0010-secrets-at-rest.md.
"""

import base64
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from msgspec.structs import replace

from midcall.core.ports import Change, PutAccount, PutApiKey
from midcall.model.accounts import Account, ApiKey
from midcall.store import schema
from midcall.store.executing import prepared, transaction, truncate_log
from midcall.store.faults import (
    MasterKeyMissing,
    MasterKeyRefused,
    SealBroken,
    StoreFileUnusable,
)

_VERSION: Final = "v1:"
_NONCE_BYTES: Final = 12
_SALT_BYTES: Final = 16
_KEY_BYTES: Final = 32
_COST: Final = 2**14
"""scrypt's N: with r = 8, 16 MiB and a fraction of a second, once when a store is opened."""

_PROOF: Final = "midcall"
"""What is sealed beside the salt, so that a wrong key is noticed."""


class Seal:
    """Seals secrets and opens them."""

    def __init__(self, master_key: str, salt: bytes) -> None:
        derived = Scrypt(salt=salt, length=_KEY_BYTES, n=_COST, r=8, p=1)
        self._cipher = AESGCM(derived.derive(master_key.encode()))

    def close(self, secret: str, sid: str, column: str) -> str:
        """Return a secret as it is kept in a column of the row of a SID."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, secret.encode(), _place(sid, column))
        return _VERSION + base64.b64encode(nonce + sealed).decode("ascii")

    def open(self, kept: str, sid: str, column: str) -> str:
        """Return the secret that is kept in a column of the row of a SID.

        Raises ``SealBroken`` if it was sealed under another key or for another place, or changed.
        """
        try:
            sealed = base64.b64decode(kept.removeprefix(_VERSION), validate=True)
            nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
            return self._cipher.decrypt(nonce, rest, _place(sid, column)).decode()
        except (InvalidTag, ValueError) as error:
            raise SealBroken(sid) from error

    def sealed(self, change: Change) -> Change:
        """Return a change with its secret sealed, if it has one."""
        match change:
            case PutAccount(account):
                token = self.close(account.auth_token, account.sid, "auth_token")
                return PutAccount(replace(account, auth_token=token))
            case PutApiKey(key):
                secret = self.close(key.secret, key.sid, "secret")
                return PutApiKey(replace(key, secret=secret))
            case _:
                return change

    def opened_account(self, account: Account) -> Account:
        """Return an account with its token opened."""
        return replace(account, auth_token=self.open(account.auth_token, account.sid, "auth_token"))

    def opened_key(self, key: ApiKey) -> ApiKey:
        """Return an API key with its secret opened."""
        return replace(key, secret=self.open(key.secret, key.sid, "secret"))


def find_seal(connection: sqlite3.Connection, path: Path, master_key: str | None) -> Seal | None:
    """Return the seal of a store, ``None`` if it is not sealed; nothing is written.

    Raises ``MasterKeyMissing`` or ``MasterKeyRefused`` if it is sealed under a key that is not
    this.
    """
    with _refusals(path):
        if not connection.execute(_IS_THERE, [schema.sealing.name]).fetchall():
            return None
        kept = connection.execute(prepared(_SEALING).sql).fetchall()
    if not kept:
        return None
    if master_key is None:
        raise MasterKeyMissing(path)
    ((salt, proof),) = kept
    seal = Seal(master_key, base64.b64decode(salt))
    try:
        seal.open(proof, "", "proof")
    except SealBroken as error:
        raise MasterKeyRefused(path) from error
    return seal


def make_seal(connection: sqlite3.Connection, path: Path, master_key: str) -> Seal:
    """Seal every secret of a store that is not sealed, in one transaction; return its seal."""
    salt = os.urandom(_SALT_BYTES)
    seal = Seal(master_key, salt)
    row = {"salt": base64.b64encode(salt).decode("ascii"), "proof": seal.close(_PROOF, "", "proof")}
    with _refusals(path), transaction(connection):
        added = prepared(_ADD_SEALING)
        connection.execute(added.sql, added.values({**row}))
        for column in (schema.accounts.c.auth_token, schema.api_keys.c.secret):
            _seal_all(connection, seal, column)
    # Until then the log has the pages as they were.
    truncate_log(connection)
    return seal


def _seal_all(connection: sqlite3.Connection, seal: Seal, column: sa.Column[str]) -> None:
    table = column.table
    secrets = connection.execute(prepared(sa.select(table.c.sid, column)).sql).fetchall()
    keep = sa.update(table).where(table.c.sid == sa.bindparam("of_sid"))
    update = prepared(keep.values({column: sa.bindparam("sealed")}))
    for sid, secret in secrets:
        row = {"of_sid": sid, "sealed": seal.close(secret, sid, column.name)}
        connection.execute(update.sql, update.values({**row}))


_IS_THERE: Final = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
_SEALING: Final = sa.select(schema.sealing.c.salt, schema.sealing.c.proof)
_ADD_SEALING: Final = sa.insert(schema.sealing).values(
    salt=sa.bindparam("salt"), proof=sa.bindparam("proof")
)


def _place(sid: str, column: str) -> bytes:
    return f"{sid} {column}".encode()


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise StoreFileUnusable(path, str(error)) from error
