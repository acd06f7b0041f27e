"""What reaches the log, and what must not."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from midcall.app import logs


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Leave logging as it was found."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    kept = structlog.get_config()
    yield
    root.handlers, root.level = before, level
    structlog.configure(**kept)


def fail(confidential: str) -> None:
    """Fail in a way that shows the argument in the error and in the frames."""
    try:
        raise KeyError(confidential)
    except KeyError as error:
        raise ValueError(f"cannot use {confidential}") from error


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("native", [True, False])
def test_an_exception_is_logged_without_what_it_was_about(
    form: logs.Format, native: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its types and places are logged, its texts and the values in its frames are not.

    The same goes for exceptions that libraries log.
    """
    logs.configure("debug", form)
    try:
        fail("the customer's words")
    except ValueError:
        if native:
            structlog.get_logger().exception("It failed", call_sid="CA1")
        else:
            logging.getLogger("library").exception("It failed")
    printed = capsys.readouterr().err
    assert "It failed" in printed
    assert "the customer's words" not in printed
    assert "builtins.KeyError" in printed
    assert printed.index("KeyError") < printed.index("ValueError")
    assert "test_logs.py" in printed
    assert " in fail" in printed


def test_a_circle_of_exceptions_has_an_end(capsys: pytest.CaptureFixture[str]) -> None:
    """Exceptions that name each other as their cause are each logged once."""
    logs.configure("info", "text")
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first
    structlog.get_logger().error("It failed", exc_info=first)
    assert capsys.readouterr().err.count("builtins.") == 2


def test_json_logs_are_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Programs read a sentence, a level, a time and the keys."""
    logs.configure("info", "json")
    structlog.get_logger().info("It happened", call_sid="CA1", attempt=2)
    logging.getLogger("library").warning("It %s", "happened too")
    ours, theirs = map(json.loads, capsys.readouterr().err.splitlines())
    assert ours["event"] == "It happened"
    assert (ours["level"], ours["call_sid"], ours["attempt"]) == ("info", "CA1", 2)
    assert ours["timestamp"].endswith("Z")
    assert (theirs["event"], theirs["level"]) == ("It happened too", "warning")


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_text_makes_a_line_of_its_own(
    form: logs.Format, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a client sent cannot pass for another log line."""
    logs.configure("info", form)
    structlog.get_logger().info("Refused", reason="x\n2026-01-01 [error] All is lost")
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("library", ["websockets.server", "uvicorn.error", "aiortc", "aioice"])
def test_libraries_do_not_write_what_passes_through_them(
    library: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Below a warning they are silent, whatever the level."""
    logs.configure("debug", "text")
    logging.getLogger(library).debug("< TEXT 'confidential'")
    logging.getLogger(library).info("GET /?token=confidential")
    assert capsys.readouterr().err == ""


def test_what_is_less_important_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """The level is the least that is logged."""
    logs.configure("warning", "text")
    structlog.get_logger().info("Left out")
    structlog.get_logger().warning("Logged")
    assert "Left out" not in (printed := capsys.readouterr().err)
    assert "Logged" in printed
