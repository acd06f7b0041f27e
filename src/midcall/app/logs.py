"""Logs: a sentence and keys, for people or for programs; never content, never tokens.

Invariants
- An exception is logged as its types and places. Its text may quote what it choked on, and the
  values in its frames are content, tokens and secrets.
- Libraries that write what passes through them are silenced below warnings, at every level.
"""

import logging
import sys
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Literal, TextIO

import structlog

Format = Literal["text", "json"]

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def configure(level: str, log_format: Format) -> None:
    """Send all logs, the libraries' included, to standard error in one form."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if log_format == "json":
        shared.append(structlog.processors.ExceptionRenderer(_places))
        renderer: structlog.typing.Processor = structlog.processors.JSONRenderer()
    else:
        # Its own way with exceptions shows the value of every variable.
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=_write_places
        )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # At their lower levels these write what passes through them: frames, tokens, content.
    for chatty in ("aioice", "aiortc", "alembic", "asyncio", "uvicorn", "websockets"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))


def _places(exc_info: ExcInfo) -> str:
    """Write an exception and what led to it, innermost last: types and places, no values."""
    return "\n".join(line for error in _chain(exc_info[1]) for line in _lines(error))


def _write_places(stream: TextIO, exc_info: ExcInfo) -> None:
    stream.write(f"\n{_places(exc_info)}")


def _chain(error: BaseException) -> list[BaseException]:
    """Return what an exception was raised from or while handling, first things first."""
    chain: list[BaseException] = []
    while error not in chain:
        chain.insert(0, error)
        earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if earlier is None:
            break
        error = earlier
    return chain


def _lines(error: BaseException) -> Iterator[str]:
    yield f"{type(error).__module__}.{type(error).__qualname__}"
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"  at {frame.filename}:{frame.lineno} in {frame.name}"
