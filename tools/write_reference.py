"""Writes the pages of ``docs/reference`` that are generated from the code.

``make reference`` writes them; a test compares them with what the code says now.
"""

from pathlib import Path

from midcall.app.schema import PREFIX, Settings

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


def pages() -> dict[str, str]:
    """Return every generated page by its file's name."""
    return {"settings.md": settings_page()}


def main() -> None:
    """Write the pages."""
    for name, text in pages().items():
        (PAGES / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
