"""What sealing does to a secret."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midcall.core.ports import PutAccount, PutApiKey, RemoveApiKey
from midcall.store.faults import SealBroken
from midcall.store.sealing import Seal
from tests.contract.store.records import ACCOUNT, OTHER_ACCOUNT, account, api_key

SEAL = Seal("master key", b"salt")


@given(secret=st.text())
@settings(max_examples=30)
def test_a_secret_comes_back(secret: str) -> None:
    """What was closed opens again, whatever it is, and does not show."""
    kept = SEAL.close(secret, ACCOUNT, "auth_token")
    assert kept.startswith("v1:")
    assert kept.isascii()
    assert SEAL.open(kept, ACCOUNT, "auth_token") == secret


def test_equal_secrets_are_kept_differently() -> None:
    """Nobody sees from the file that two accounts have one token."""
    kept = {SEAL.close("token", ACCOUNT, "auth_token") for _ in range(20)}
    assert len(kept) == 20


KEPT = SEAL.close("token", ACCOUNT, "auth_token")


@pytest.mark.parametrize(
    ("seal", "kept", "sid", "column"),
    [
        (SEAL, KEPT, OTHER_ACCOUNT, "auth_token"),
        (SEAL, KEPT, ACCOUNT, "secret"),
        (Seal("Master key", b"salt"), KEPT, ACCOUNT, "auth_token"),
        (Seal("master key", b"Salt"), KEPT, ACCOUNT, "auth_token"),
        (SEAL, KEPT[:-8], ACCOUNT, "auth_token"),
        (SEAL, "token", ACCOUNT, "auth_token"),
        (SEAL, "v1:", ACCOUNT, "auth_token"),
        (SEAL, "", ACCOUNT, "auth_token"),
        (SEAL, "v1:ü", ACCOUNT, "auth_token"),
    ],
    ids="sid column key salt cut plain bare empty foreign".split(),
)
def test_what_is_not_as_it_was_sealed_does_not_open(
    seal: Seal, kept: str, sid: str, column: str
) -> None:
    """Another key, salt, row or column, and anything that was changed, is refused by name."""
    with pytest.raises(SealBroken) as refusal:
        seal.open(kept, sid, column)
    assert refusal.value.sid == sid
    assert "token" not in str(refusal.value)


def test_only_secrets_of_a_change_are_sealed() -> None:
    """An account and a key keep everything else; other changes stay as they are."""
    sealed = SEAL.sealed(PutAccount(account()))
    assert isinstance(sealed, PutAccount)
    assert sealed.account.auth_token != account().auth_token
    assert SEAL.opened_account(sealed.account) == account()
    kept = SEAL.sealed(PutApiKey(api_key(1)))
    assert isinstance(kept, PutApiKey)
    assert kept.key.secret != api_key(1).secret
    assert SEAL.opened_key(kept.key) == api_key(1)
    other = RemoveApiKey(api_key(1).sid)
    assert SEAL.sealed(other) is other
