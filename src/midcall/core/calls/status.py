"""Status callbacks: what a customer's server is told when a call comes to a new stage.

Fields and their meaning: the "statusCallback" section of the TwiML ``<Client>`` page. Their order
is the firing order, which ``SequenceNumber`` counts from 0.
"""

from datetime import datetime
from uuid import UUID

from midcall.core.ports import Entropy
from midcall.core.twiml.requests import standard_parameters
from midcall.model.calls import Call, CallEvent, StatusCallback
from midcall.model.outbox import Entry, EntryKind


def status_entry(
    call: Call, callback: StatusCallback, stage: CallEvent, now: datetime, entropy: Entropy
) -> Entry:
    """Make the outbox entry that tells of ``stage``.

    ``Timestamp`` is left to the sender, which knows the format; ``created_at`` is the moment.
    """
    return Entry(
        lane=call.sid,
        position=callback.told,
        kind=EntryKind.STATUS_CALLBACK,
        account_sid=call.account_sid,
        call_sid=call.sid,
        endpoint=callback.endpoint,
        parameters=_parameters(call, callback, stage),
        token=str(UUID(bytes=entropy(16), version=4)),
        created_at=now,
        due_at=now,
    )


def stage_status(call: Call, stage: CallEvent) -> str:
    """Return the status that a stage is told with.

    The Calls resource says ``queued`` where those who are told read ``initiated``.
    """
    return stage.value if stage is CallEvent.INITIATED else call.status.value


def _parameters(call: Call, callback: StatusCallback, stage: CallEvent) -> dict[str, str]:
    parameters = standard_parameters(call) | {
        "CallbackSource": "call-progress-events",
        "SequenceNumber": str(callback.told),
    }
    parameters["CallStatus"] = stage_status(call, stage)
    if stage is CallEvent.COMPLETED:
        seconds = call.duration_seconds or 0
        parameters["CallDuration"] = str(seconds)
        if call.answered_at is not None:
            parameters["Duration"] = str(-(-seconds // 60))
    return parameters
