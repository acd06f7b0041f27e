"""The numbers that stand for a party."""

from pathlib import Path

from midcall.model.numbers import SIMULATED, Behaviour

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "numbers.md"


def test_every_simulated_number_is_documented() -> None:
    """The page names each number, and no other."""
    rows = [line.split("|")[1].strip() for line in PAGE.read_text().splitlines() if "| +" in line]
    assert rows == list(SIMULATED)


def test_every_behaviour_has_a_number() -> None:
    """Whatever a party may do can be tried."""
    assert set(SIMULATED.values()) == set(Behaviour)
