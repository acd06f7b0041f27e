"""TwiML that the tests answer with."""

from xml.sax.saxutils import escape, quoteattr


def dial(
    *identities: str,
    status_callback: str = "",
    parameters: tuple[tuple[str, str], ...] = (),
    client: str = "",
    **attributes: str,
) -> str:
    """Dial clients; ``status_callback`` hears every event, ``client`` is more attributes."""
    if status_callback:
        client += (
            f" statusCallback={quoteattr(status_callback)}"
            ' statusCallbackEvent="initiated ringing answered completed"'
        )
    sent = "".join(
        f"<Parameter name={quoteattr(name)} value={quoteattr(value)}/>"
        for name, value in parameters
    )
    clients = "".join(
        f"<Client{client}><Identity>{escape(identity)}</Identity>{sent}</Client>"
        for identity in identities
    )
    written = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
    return f"<Response><Dial{written}>{clients}</Dial></Response>"
