"""Connection overrides in the fragment of a webhook's URL."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.wire.overrides import RETRY_POLICIES, Overrides, parse_overrides

URL = "https://a.example/voice?b=1"


@pytest.mark.parametrize("url", [URL, f"{URL}#", f"{URL}#&&", ""])
def test_without_a_fragment_the_documented_defaults_apply(url: str) -> None:
    """Five seconds to connect, fifteen in all, one more attempt if there was no connection."""
    assert parse_overrides(url) == Overrides(
        connect_seconds=5,
        read_seconds=15,
        total_seconds=15,
        retry_count=1,
        retry_policies=frozenset({"ct"}),
        sni=True,
    )


def test_everything_can_be_overridden() -> None:
    """Each pair of the fragment has its field; times are given in milliseconds."""
    overrides = parse_overrides(
        f"{URL}#ct=100&rt=2500&tt=15000&rc=0&rp=5xx,rt&sni=n&e=dublin,ashburn"
    )
    assert overrides == Overrides(
        connect_seconds=0.1,
        read_seconds=2.5,
        total_seconds=15,
        retry_count=0,
        retry_policies=frozenset({"5xx", "rt"}),
        sni=False,
        edges=("dublin", "ashburn"),
    )


@pytest.mark.parametrize(
    ("pair", "code"),
    [
        ("ct=99", 11243),
        ("ct=10001", 11243),
        ("rt=15001", 11243),
        ("tt=0", 11243),
        ("tt=-1", 11243),
        ("tt=1e3", 11243),
        ("tt=٣٠٠", 11243),
        ("rc=6", 11243),
        ("rc=", 11243),
        ("rp=6xx", 11243),
        ("rp=5xx,", 11243),
        ("sni=yes", 11243),
        ("zz=1", 11243),
        ("section", 11243),
        ("e=", 11240),
        ("e=Dublin", 11240),
        ("e=atlantis", 11241),
        ("e=ashburn-ix", 11242),
    ],
)
def test_what_cannot_be_used_is_a_warning(pair: str, code: int) -> None:
    """It is passed over, the pairs beside it count."""
    overrides = parse_overrides(f"{URL}#rc=3&{pair}")
    (warning,) = overrides.warnings
    assert warning.code == code
    assert pair in warning.text
    assert (overrides.retry_count, overrides.connect_seconds) == (3, 5)


def test_percent_encoding_is_undone() -> None:
    """A comma may come encoded."""
    assert parse_overrides(f"{URL}#rp=4xx%2C5xx").retry_policies == {"4xx", "5xx"}


@given(st.text())
def test_any_fragment_gives_overrides_in_their_ranges(fragment: str) -> None:
    """Whatever stands there, what comes out can be used."""
    in_range(parse_overrides(f"{URL}#{fragment}"))


PAIRS = st.tuples(
    st.sampled_from(["ct", "rt", "tt", "rc", "rp", "sni", "e", "x"]),
    st.one_of(st.integers(-10, 20_000).map(str), st.text("y n,4x5crtal", max_size=6)),
)


@given(st.lists(PAIRS, max_size=30))
def test_any_pairs_give_overrides_in_their_ranges(pairs: list[tuple[str, str]]) -> None:
    """Whatever values the known names have, what comes out can be used."""
    in_range(parse_overrides(f"{URL}#{'&'.join('='.join(pair) for pair in pairs)}"))


def in_range(overrides: Overrides) -> None:
    """Check that nothing is out of its range."""
    assert 0.1 <= overrides.connect_seconds <= 10
    assert 0.1 <= overrides.read_seconds <= 15
    assert 0.1 <= overrides.total_seconds <= 15
    assert 0 <= overrides.retry_count <= 5
    assert overrides.retry_policies <= RETRY_POLICIES
    assert len(overrides.warnings) <= 10
