"""Repeated creates: the same key with the same parameters gives the first answer again.

Scope: account, call and resource (docs/decisions). The key is kept for the call's life and a day.
"""

from hashlib import sha256

from midcall.core.limits import IDEMPOTENCY_KEY_CHARACTERS
from midcall.model.errors import IdempotencyConflict, InvalidParameter
from midcall.model.messages import AcceptedRequest


def check_key(key: str | None) -> str | None:
    """Return the key, ``None`` for a missing or empty one; raise ``InvalidParameter``."""
    if not key:
        return None
    if len(key) > IDEMPOTENCY_KEY_CHARACTERS:
        reason = f"at most {IDEMPOTENCY_KEY_CHARACTERS} characters"
        raise InvalidParameter("IdempotencyKey", reason)
    return key


def fingerprint(*parameters: str) -> str:
    """Return a digest of a request's other parameters, in their order."""
    digest = sha256()
    for parameter in parameters:
        encoded = parameter.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8) + encoded)
    return digest.hexdigest()


def check_repeat(first: AcceptedRequest, now_fingerprint: str) -> None:
    """Raise ``IdempotencyConflict`` unless a repeat asks for what was asked for first."""
    check_fingerprint(first.key, first.fingerprint, now_fingerprint)


def check_fingerprint(key: str, first: str, now: str) -> None:
    """Raise ``IdempotencyConflict`` unless two requests under a key asked for the same."""
    if first != now:
        raise IdempotencyConflict(key)
