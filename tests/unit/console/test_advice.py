"""What the console advises."""

from midcall.model.codes import Code
from midcall.wire.advice import FIXES
from tests.unit.console.server import Server


def test_every_code_has_advice() -> None:
    """Nobody is shown a code and left alone with it."""
    assert set(FIXES) == set(Code)


def test_advice_is_a_sentence() -> None:
    """It begins with a capital and ends with a full stop."""
    for fix in FIXES.values():
        assert fix[0].isupper() or fix[0] == "<", fix
        assert fix.endswith("."), fix
        assert len(fix) < 250, fix


async def test_it_is_served() -> None:
    """By the code as a text, with the title that the dictionary has."""
    answer = await Server().ask("GET", "/console/advice.json")
    assert answer.status == 200
    found = answer.json()
    assert found["11200"]["title"] == "HTTP retrieval failure"
    assert found["11200"]["fix"] == FIXES[Code.RETRIEVAL]
    assert len(found) == len(Code)
