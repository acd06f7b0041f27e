"""Why the proxy does not forward: a catalogue, with advice to the person who meets it.

The short sentence is also the reason phrase (RFC 9112, section 4): most clients show of a refused
CONNECT the status line and nothing else.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer without a tunnel: ``status`` of HTTP, a sentence in ASCII, what to do."""

    status: int
    sentence: str
    advice: str


NOT_HTTP = Refusal(
    400,
    "midcall's forward proxy cannot read this request",
    "It takes CONNECT requests in HTTP/1.1, without TLS: its URL begins with http://.",
)
NOT_A_SERVER = Refusal(
    400,
    "This is midcall's forward proxy and not midcall itself",
    "Name it in HTTPS_PROXY, as `midcall env` does; midcall itself is at its public URL.",
)
NO_PLAIN_HTTP = Refusal(
    403,
    "midcall's forward proxy forwards no plain HTTP",
    "It forwards https:// requests only. Name hosts that are asked in plain HTTP in NO_PROXY.",
)
NO_TARGET = Refusal(
    400,
    "CONNECT must name a host and a port",
    "For example: CONNECT api.twilio.com:443 HTTP/1.1",
)
TOO_SLOW = Refusal(
    408, "The request took too long to arrive", "Its head has to arrive within a few seconds."
)
TOO_LARGE = Refusal(
    431, "The head of the request is too large", "A CONNECT needs few headers, and no cookies."
)
TOO_MANY = Refusal(
    503, "midcall's forward proxy has too many connections", "Try again when some have ended."
)


def other_port(host: str, port: int) -> Refusal:
    """Refuse a port of a name of ours on which nobody answers."""
    return Refusal(
        403,
        f"midcall answers for {host} on port 443 only and not on {port}",
        "Ask for the https:// URL without a port.",
    )


def not_replaced(host: str) -> Refusal:
    """Refuse what was meant for Twilio and is not replaced here: it must not leak there."""
    return Refusal(
        403,
        f"midcall does not answer for {host}",
        "Nothing meant for Twilio is passed on to it. If the name has a region or an edge in it,"
        " unset TWILIO_REGION and TWILIO_EDGE.",
    )


def other_host(host: str, port: int) -> Refusal:
    """Refuse a host that is none of ours."""
    return Refusal(
        403,
        f"midcall's forward proxy does not forward to {host}:{port}",
        "Name the host in NO_PROXY, or start midcall with MIDCALL_PROXY_OTHERS=tunnel.",
    )


def unreachable(host: str, port: int) -> Refusal:
    """Say that the other end cannot be connected to."""
    return Refusal(
        502, f"{host}:{port} cannot be reached", "Its name is not known, or nobody listens there."
    )


def unanswered(host: str, port: int) -> Refusal:
    """Say that the other end does not accept in time."""
    return Refusal(
        504, f"{host}:{port} does not answer", "The connection was not accepted in time."
    )


def serialize(refusal: Refusal) -> bytes:
    """Write the response, after which the connection is closed."""
    body = f"{refusal.sentence}. {refusal.advice}\n".encode()
    head = (
        f"HTTP/1.1 {refusal.status} {refusal.sentence}\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode("ascii") + body
