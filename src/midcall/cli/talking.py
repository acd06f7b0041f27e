"""``midcall send``: a message to the app in a call."""

from typing import Any

from midcall.app.settings import Settings
from midcall.cli.asking import asking
from midcall.cli.printing import show_one
from midcall.cli.program import NOTHING_STATED, Json, Stated, app
from midcall.cli.refusing import carry_out


@app.command
def send(
    to: str,
    content: str,
    *,
    key: str | None = None,
    reply: int | None = None,
    status_callback: str | None = None,
    as_json: Json = False,
    options: Stated = NOTHING_STATED,
) -> int:
    """Send a message to a call, or to everybody of an identity.

    Parameters
    ----------
    to
        A CallSid, or client:alice for every call that alice is in.
    content
        The message: JSON text.
    key
        An idempotency key: the same one again sends nothing twice.
    reply
        For how many seconds to wait for the app's answer.
    status_callback
        A URL that is told how the message came out.
    as_json
        Print JSON, for programs.
    options
        The settings: the server at the public URL is asked.
    """
    asked = {
        "Content": content,
        "IdempotencyKey": key,
        "ReplyTimeout": None if reply is None else str(reply),
        "StatusCallback": status_callback,
    }
    parameters = {name: text for name, text in asked.items() if text is not None}
    return carry_out(options, lambda settings: _send(settings, to, parameters, as_json=as_json))


async def _send(settings: Settings, to: str, parameters: dict[str, str], *, as_json: bool) -> None:
    async with asking(settings) as rest:
        if to.startswith("client:"):
            answer = await rest.ask("POST", "UserDefinedMessages", To=to, **parameters)
        else:
            answer = await rest.ask("POST", f"Calls/{to}/UserDefinedMessages", **parameters)
    show_one(_flat(answer), as_json=as_json)


def _flat(answer: dict[str, Any]) -> dict[str, Any]:
    """Show the answer's content, and the result for each leg, as attributes of their own."""
    flat = {name: value for name, value in answer.items() if name not in {"reply", "results"}}
    if "reply" in answer:
        flat["reply"] = answer["reply"]["content"]
    for result in answer.get("results", ()):
        flat[result["call_sid"]] = result["sid"] or result["message"]
    return flat
