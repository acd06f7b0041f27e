"""What commands print: tables for people, JSON for programs."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

LINE_CHARACTERS = 10_000
"""Longer than any line."""

Items = Sequence[Mapping[str, Any]]


def show(items: Items, columns: Mapping[str, str], *, as_json: bool, empty: str) -> None:
    """Print a list; ``columns`` are the headings of the attributes that people want to see."""
    if as_json:
        show_json(items)
    elif not items:
        print(empty)
    else:
        table = Table(*columns.values(), box=None, pad_edge=False)
        for item in items:
            table.add_row(*(_cell(item.get(name)) for name in columns))
        console().print(table)


def show_one(item: Mapping[str, Any], *, as_json: bool) -> None:
    """Print one thing, an attribute a line."""
    if as_json:
        show_json(item)
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in item.items():
        if not isinstance(value, dict | list):
            table.add_row(name, _cell(value))
    console().print(table)


def show_json(value: object) -> None:
    """Print JSON."""
    print(msgspec.json.format(msgspec.json.encode(value)).decode())


def console() -> Console:
    """Return where things are printed.

    In whole lines, however narrow the terminal: a SID that is cut short can be copied nowhere.
    """
    return Console(width=LINE_CHARACTERS, soft_wrap=True, highlight=False)


def _cell(value: object) -> str:
    return "" if value is None else str(value)
