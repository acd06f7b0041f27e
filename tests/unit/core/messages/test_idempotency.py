"""What counts as a repeat."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.core.limits import IDEMPOTENCY_KEY_CHARACTERS
from midcall.core.messages.idempotency import check_key, check_repeat, fingerprint
from midcall.model.errors import IdempotencyConflict, InvalidParameter
from midcall.model.messages import AcceptedRequest
from midcall.model.sids import AccountSid, CallSid
from tests.unit.core.calls.stage import NOW

texts = st.text(st.characters(), max_size=5)  # lone surrogates too


def test_a_request_without_a_key_repeats_nothing() -> None:
    """An empty key is none."""
    assert check_key(None) is None
    assert check_key("") is None


def test_a_key_is_any_text_of_some_length() -> None:
    """It is kept as it is, up to the limit."""
    longest = "k" * IDEMPOTENCY_KEY_CHARACTERS
    assert check_key(longest) == longest
    with pytest.raises(InvalidParameter) as refusal:
        check_key(longest + "k")
    assert refusal.value.name == "IdempotencyKey"


@given(st.lists(texts), st.lists(texts))
def test_a_fingerprint_is_one_of_its_parameters_only(one: list[str], other: list[str]) -> None:
    """Equal parameters have equal fingerprints; where one ends and the next begins counts."""
    assert (fingerprint(*one) == fingerprint(*other)) == (one == other)


def test_a_repeat_asks_for_the_same() -> None:
    """The same key with other parameters is a conflict, and says which key."""
    first = AcceptedRequest(
        account_sid=AccountSid("AC"),
        call_sid=CallSid("CA"),
        resource="UserDefinedMessages",
        key="k1",
        fingerprint=fingerprint("{}"),
        sid="KX",
        created_at=NOW,
    )
    check_repeat(first, fingerprint("{}"))
    with pytest.raises(IdempotencyConflict, match="k1") as refusal:
        check_repeat(first, fingerprint("{} "))
    assert (refusal.value.code, refusal.value.http_status) == (20409, 409)
