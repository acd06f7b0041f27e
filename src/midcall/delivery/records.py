"""What is kept of requests to customers' servers: exchanges for the call's events, and evidence.

- One request is one exchange, whether it is a first one, a repeat or a redirect; what could not be
  asked for is none.
- User and password of a URL are left out, bodies and headers are cut.
"""

from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from midcall.core.outbox.replies import Answer
from midcall.core.ports import AddExchange, AddNotification, Entropy
from midcall.delivery.bodies import excerpt
from midcall.delivery.following import Journey, Step
from midcall.model.exchanges import Exchange
from midcall.model.notifications import Evidence, Level, Notification
from midcall.model.sids import NOTIFICATION, AccountSid, CallSid, NotificationSid, from_entropy
from midcall.wire.callbacks import OutgoingRequest
from midcall.wire.urls import shown

KEPT_BYTES: Final = 16 * 1024
"""How much of a body is kept: enough for an error page's first screens."""

_KEPT_CHARACTERS: Final = 16 * 1024
"""How much is kept of a form or of headers, written out."""


def exchanges(
    journey: Journey, account_sid: AccountSid, call_sid: CallSid
) -> tuple[AddExchange, ...]:
    """Return the exchanges that a journey is made of."""
    return tuple(
        AddExchange(_exchange(step, step.request, account_sid, call_sid))
        for step in journey.steps
        if step.request is not None
    )


def _exchange(
    step: Step, request: OutgoingRequest, account_sid: AccountSid, call_sid: CallSid
) -> Exchange:
    answer = step.reply if isinstance(step.reply, Answer) else None
    return Exchange(
        account_sid=account_sid,
        call_sid=call_sid,
        requested_at=step.requested_at,
        method=request.method.value,
        url=shown(step.endpoint.url),
        parameters=dict(request.parameters),
        duration_ms=step.reply.duration_ms,
        response_code=answer.status if answer else None,
        content_type=answer.content_type if answer else "",
        response_body=excerpt(answer, KEPT_BYTES) if answer else "",
    )


def warnings(
    journey: Journey, account_sid: AccountSid, call_sid: CallSid, now: datetime, entropy: Entropy
) -> tuple[AddNotification, ...]:
    """Return what the debugger shows of connection overrides that were passed over.

    They are errors in the error dictionary, though the request is made all the same.
    """
    first = journey.steps[0].endpoint
    return tuple(
        AddNotification(
            Notification(
                sid=NotificationSid(from_entropy(NOTIFICATION, entropy(16))),
                account_sid=account_sid,
                call_sid=call_sid,
                code=warning.code,
                level=Level.ERROR,
                text=warning.text,
                created_at=now,
                request_url=shown(first.url),
                request_method=first.method.value,
            )
        )
        for warning in journey.warnings
    )


def evidence(step: Step) -> Evidence:
    """Return what a step shows to whoever looks for the cause of a fault."""
    answer = step.reply if isinstance(step.reply, Answer) else None
    parameters = step.request.parameters if step.request else {}
    return Evidence(
        request_variables=urlencode(sorted(parameters.items()))[:_KEPT_CHARACTERS],
        response_headers=urlencode(answer.headers)[:_KEPT_CHARACTERS] if answer else "",
        response_body=excerpt(answer, KEPT_BYTES) if answer else "",
    )
