"""The generated pages of the reference."""

import pytest

from tools import write_reference


@pytest.mark.parametrize("name", write_reference.pages())
def test_a_reference_page_says_what_the_code_says(name: str) -> None:
    """A generated page that is kept is the one that the code would generate now."""
    kept = (write_reference.PAGES / name).read_text(encoding="utf-8")
    assert kept == write_reference.pages()[name], "run `make reference`"
