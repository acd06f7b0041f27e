"""String identifiers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.model.sids import CALL, MESSAGE, from_entropy, is_sid


@given(st.binary(min_size=16, max_size=16), st.sampled_from([CALL, MESSAGE]))
def test_what_is_minted_is_well_formed(entropy: bytes, prefix: str) -> None:
    """Sixteen bytes of chance become 32 hexadecimal digits behind the prefix."""
    sid = from_entropy(prefix, entropy)
    assert is_sid(prefix, sid)
    assert bytes.fromhex(sid[2:]) == entropy


@pytest.mark.parametrize("size", [0, 15, 17])
def test_a_sid_takes_sixteen_bytes(size: int) -> None:
    """Less chance would collide, more would not fit."""
    with pytest.raises(ValueError, match=f"not {size}"):
        from_entropy(CALL, bytes(size))


@pytest.mark.parametrize(
    ("text", "well_formed"),
    [
        ("CA" + "0" * 32, True),
        ("CA" + "aB" * 16, True),
        ("KX" + "0" * 32, False),
        ("ca" + "0" * 32, False),
        ("CA" + "0" * 31, False),
        ("CA" + "0" * 33, False),
        ("CA" + "g" * 32, False),
        ("CA" + "0" * 32 + "\n", False),
        ("CA" + "\N{ARABIC-INDIC DIGIT ZERO}" * 32, False),
        ("", False),
    ],
)
def test_a_sid_is_two_letters_and_32_digits(text: str, well_formed: bool) -> None:
    """Either case of hexadecimal, the right prefix, nothing else."""
    assert is_sid(CALL, text) is well_formed
