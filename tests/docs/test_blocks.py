"""The examples of the pages are run: each page's in their order, against a live server."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.support.loops import LoopThread
from tests.acceptance.support.processes import eventually
from tests.docs.blocks import DOCS, Block, blocks, name_of, pages, steps
from tests.docs.stage import Stage, application_of, make_site, without_proxies
from tests.support.site import Site

RUN = {"python", "sh"}

KNOWN = RUN | {"console", "text", "js", "jsx", "html", "go", "csharp", "php", "java", "json"}
"""The languages of blocks. One without a language would be neither coloured nor run."""

FOLLOWED = DOCS / "tutorial" / "first-message.md"
"""This page is followed from its beginning, by a test of its own."""

WITH_EXAMPLES = [
    page
    for page in pages()
    if page != FOLLOWED and any(block.language in RUN for block in blocks(page))
]


@pytest.fixture(scope="module")
def loop() -> Iterator[LoopThread]:
    """Give a loop for phones."""
    thread = LoopThread("phones of the examples")
    yield thread
    thread.stop()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give a server."""
    site = make_site(tmp_path_factory.mktemp("examples")).start()
    yield site
    assert site.stop() == 0, site.output


@pytest.fixture(scope="module")
def application(site: Site, loop: LoopThread) -> str:
    """Give the application that examples call through."""
    return application_of(site, loop)


@pytest.fixture
def stage(
    site: Site, application: str, loop: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stage]:
    """Give what examples find, with a call under way."""
    with Stage(site, application, loop) as stage:
        for name in os.environ.keys() - without_proxies(os.environ).keys():
            monkeypatch.delenv(name)
        for name, text in stage.environment.items():
            monkeypatch.setenv(name, text)
        monkeypatch.chdir(site.directory)
        yield stage


def run(stage: Stage, page: Path) -> None:
    """Run the examples of a page."""
    for block in blocks(page):
        if block.reason_not_to_run is not None:
            continue
        if block.language == "python":
            stage.run_python(block, name_of(page))
        elif block.language == "sh":
            stage.run_shell(block)


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=name_of)
def test_the_examples_of_a_page_run(page: Path, stage: Stage) -> None:
    """Each block of Python and shell does what it says, behind those before it on its page."""
    run(stage, page)


def test_the_web_server_of_the_example_takes_messages(stage: Stage) -> None:
    """What the app sends reaches the Flask application, and its signature is found good."""
    run(stage, DOCS / "how-to" / "receive-messages.md")
    stage.say({"heard": "you"})
    eventually(lambda: {"heard": "you"} in stage.names["received"], "the callback")


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_block_says_what_it_is(page: Path) -> None:
    """Each block names its language; one that is not run though it could be says why."""
    for block in blocks(page):
        assert block.language in KNOWN, f"{name_of(page)}:{block.line}"
        reason = block.reason_not_to_run
        if reason is not None:
            assert block.language in RUN
            assert len(reason.split()) > 1, f"{name_of(page)}:{block.line}: say why"


def test_marks_and_blocks_are_found_in_their_order() -> None:
    """A mark counts for the block behind it; a block in a list loses its indentation."""
    text = (
        "<!-- not run: it never ends -->\n```sh\nsleep\n```\n\n"
        "1. so\n\n   ```python\n   a = 1\n   ```\n"
    )
    assert list(steps(text)) == [
        "not run: it never ends",
        Block("sh", "sleep\n", 3, ("not run: it never ends",)),
        Block("python", "a = 1\n", 9, ()),
    ]
    assert [block.reason_not_to_run for block in steps(text) if isinstance(block, Block)] == [
        "it never ends",
        None,
    ]
