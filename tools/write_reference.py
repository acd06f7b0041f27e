"""Writes the pages of ``docs/reference`` that are generated from the code.

``make reference`` writes them; a test compares them with what the code says now.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import midcall
from midcall.app.schema import PREFIX, Settings
from midcall.model.codes import Code
from midcall.model.errors import Fault
from midcall.rest import openapi, routes
from midcall.rest.operations import Support
from midcall.wire import twiml_table
from tools import frames_reference

PAGES = Path(__file__).parents[1] / "docs" / "reference"


def settings_page() -> str:
    """Return the page of settings."""
    lines = [
        "# Settings",
        "",
        "Generated from the code by `make reference`.",
        "",
        "Each is an environment variable and an option of `midcall dev`, `midcall serve` and "
        "`midcall token`; the option wins. The defaults are those of `midcall dev`; `midcall "
        "serve` wants everything that matters to be stated, and names what is missing. A wrong "
        "value is refused at the start, with the setting's name, and exit code 2.",
        "",
        "| variable | option | meaning |",
        "| --- | --- | --- |",
    ]
    for name, field in Settings.model_fields.items():
        option = "--" + name.replace("_", "-")
        lines.append(f"| `{PREFIX}{name.upper()}` | `{option}` | {field.description} |")
    return "\n".join([*lines, ""])


def rest_page() -> str:
    """Return the page of REST operations."""
    paths: dict[str, dict[str, Any]] = routes.document()["paths"]
    return "\n".join(
        [
            "# REST operations",
            "",
            "Generated from the code by `make reference`.",
            "",
            "The same is served as an OpenAPI 3.1 document at `/openapi.json`, with the shapes of "
            "parameters and answers, and shown at `/docs`. Parameters that are not named here are "
            "ignored, as in the original. Paths work without `.json` too.",
            "",
            "| operation | what it does | parameters | accepted and ignored |",
            "| --- | --- | --- | --- |",
            *(
                _rest_row(method, path, operation)
                for path, operations in sorted(paths.items())
                for method, operation in operations.items()
            ),
            "",
            "Midcall's own parameters, which the original does not have, are in *italics*.",
            "",
            "## Not served",
            "",
            "| path, with all below it | why |",
            "| --- | --- |",
            *(f"| `{path}` | {reason} |" for path, reason in openapi.NOT_SERVED.items()),
            "",
        ]
    )


def _rest_row(method: str, path: str, operation: dict[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    given = {one["name"]: one["schema"] for one in operation["parameters"] if one["in"] != "path"}
    for form in content.values():
        given |= form["schema"]["properties"]
    support = {
        name: schema.get(openapi.SUPPORT, Support.SUPPORTED) for name, schema in given.items()
    }
    here = [
        f"*`{name}`*" if which == Support.OWN else f"`{name}`"
        for name, which in support.items()
        if which != Support.IGNORED
    ]
    ignored = [f"`{name}`" for name, which in support.items() if which == Support.IGNORED]
    return (
        f"| `{operation['operationId']}` `{method.upper()} {path}` | {operation['summary']} "
        f"| {' '.join(here)} | {' '.join(ignored)} |"
    )


def twiml_page() -> str:
    """Return the page of TwiML."""
    return "\n".join(
        [
            "# TwiML",
            "",
            "Generated from the code by `make reference`.",
            "",
            "**supported**: it does what it does in the original. **ignored**: it has no effect, "
            "what stands around it or inside it has. **refused**: it cannot be done, and is left "
            "out with all that is in it; the call goes on. Whatever is ignored, refused or unknown "
            "is shown in the debugger as warning 12200 with its name. Names are case-sensitive.",
            "",
            "| element | in | attributes | | note |",
            "| --- | --- | --- | --- | --- |",
            *(line for one in twiml_table.ELEMENTS for line in _twiml_rows(one)),
            "",
        ]
    )


def _twiml_rows(element: twiml_table.Element) -> Iterator[str]:
    places = " ".join(f"`<{parent}>`" for parent in element.within)
    yield f"| `<{element.name}>` | {places} | | {element.support} | {element.note} |"
    alike: dict[tuple[str, str], list[str]] = {}
    for one in element.attributes:
        alike.setdefault((one.support, one.note), []).append(f"`{one.name}`")
    for (support, note), names in alike.items():
        yield f"| | | {' '.join(names)} | {support} | {note} |"


def errors_page() -> str:
    """Return the page of error codes."""
    faults: dict[int, list[type[Fault]]] = {}
    for fault in _faults():
        if "code" in vars(fault):
            faults.setdefault(fault.code, []).append(fault)
    return "\n".join(
        [
            "# Error codes",
            "",
            "Generated from the code by `make reference`.",
            "",
            "The codes are those of the original's error dictionary. One with an HTTP status is "
            "answered by the REST API (and so, with 400, are the others from 21100 to 21452 and "
            "32018), one marked *signalling* reaches the SDK in an `error` or `hangup` frame, and "
            "every other one is shown in the debugger: `Notifications` and `Alerts`.",
            "",
            "| code | level | title | answer | meaning here |",
            "| --- | --- | --- | --- | --- |",
            *(_error_row(code, faults.get(code, [])) for code in sorted(Code)),
            "",
        ]
    )


def _error_row(code: Code, faults: list[type[Fault]]) -> str:
    answers = sorted({_answer(fault) for fault in faults})
    meanings = [_meaning(fault) for fault in faults if fault is not Fault]
    return f"| {code} | {code.level} | {code.title} | {', '.join(answers)} | {' '.join(meanings)} |"


def _answer(fault: type[Fault]) -> str:
    """Tell how a client gets it. The dictionary has 31000 to 31999 for the SDK, 53000 for media."""
    signalling = 31_000 <= fault.code < 32_000 or fault.code >= 53_000
    return "*signalling*" if signalling else f"HTTP {fault.http_status}"


def _meaning(fault: type[Fault]) -> str:
    """Return the first sentence of a fault's docstring."""
    first = " ".join((fault.__doc__ or "").split("\n\n")[0].split())
    return first.partition(". ")[0].removesuffix(".").replace("``", "`") + "."


def _faults() -> list[type[Fault]]:
    """Return every class of fault there is, once every room's own were seen."""
    for module in pkgutil.walk_packages(midcall.__path__, "midcall."):
        if module.name.endswith(".faults"):
            importlib.import_module(module.name)
    found: list[type[Fault]] = []
    waiting: list[type[Fault]] = [Fault]
    while waiting:
        fault = waiting.pop()
        found.append(fault)
        waiting.extend(fault.__subclasses__())
    return sorted(found, key=lambda one: one.__qualname__)


def pages() -> dict[str, str]:
    """Return every generated page by its file's name."""
    return {
        "settings.md": settings_page(),
        "rest.md": rest_page(),
        "twiml.md": twiml_page(),
        "frames.md": frames_reference.page(),
        "errors.md": errors_page(),
    }


def main() -> None:
    """Write the pages."""
    for name, text in pages().items():
        (PAGES / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
