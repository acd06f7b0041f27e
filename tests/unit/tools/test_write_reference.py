"""The generated pages of the reference."""

import tokenize
from pathlib import Path

import pytest

import midcall
from midcall.model.codes import Code
from tools import write_reference


@pytest.mark.parametrize("name", write_reference.pages())
def test_a_reference_page_says_what_the_code_says(name: str) -> None:
    """A generated page that is kept is the one that the code would generate now."""
    kept = (write_reference.PAGES / name).read_text(encoding="utf-8")
    assert kept == write_reference.pages()[name], "run `make reference`"


NO_CODES = {"24000", "48000", "65535", "65536"}
"""Numbers of five digits in the source that are no codes: sample rates, and the ports."""


def test_every_code_in_the_source_is_a_documented_one() -> None:
    """Whatever number looks like a code of the dictionary, the page of errors has it."""
    documented = {str(code) for code in Code}
    root = Path(midcall.__file__).parent
    for path in root.rglob("*.py"):
        if path.is_relative_to(root / "client"):
            continue  # It has the SDK's own codes, for what no server says.
        with tokenize.open(path) as source:
            numbers = {
                token.string
                for token in tokenize.generate_tokens(source.readline)
                if token.type == tokenize.NUMBER
            }
        codes = {text for text in numbers if len(text) == 5 and text.isdecimal()} - NO_CODES
        assert codes <= documented, path


def test_a_fault_shows_its_status_and_its_meaning() -> None:
    """A fault of the REST API shows its HTTP status, one of signalling says that it is one."""
    page = write_reference.errors_page()
    (row,) = [line for line in page.splitlines() if line.startswith("| 20404 |")]
    assert row.startswith("| 20404 | error | Not found | HTTP 404 | ")
    assert "There is nothing at this path" in row
    assert "| 31205 | error | JWT token expired | *signalling* | " in page
