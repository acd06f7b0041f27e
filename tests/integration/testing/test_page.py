"""The page on testing: its tests are a suite, and pass."""

from pathlib import Path

from tests.docs.blocks import DOCS, blocks
from tests.integration.testing.test_plugin import run

PAGE = DOCS / "how-to" / "test-your-application.md"

CONFIGURATION = """
[pytest]
addopts = --strict-markers
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
"""


def test_the_tests_of_the_page_pass(tmp_path: Path) -> None:
    """All blocks together, in one file, as somebody would who copies them."""
    code = [block.text for block in blocks(PAGE) if block.language == "python"]
    (tmp_path / "test_page.py").write_text("\n\n".join(code))
    (tmp_path / "pytest.ini").write_text(CONFIGURATION)
    printed = run(
        tmp_path,
        PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
        PYTEST_ADDOPTS="-p midcall -p asyncio -p no:cacheprovider",
    )
    tests = "\n".join(code).count("def test_")
    assert f"{tests} passed" in printed, printed
