"""What the REST API refuses."""

from midcall.model.calls import CallStatus
from midcall.model.errors.fault import Fault
from midcall.model.messages import MessageState
from midcall.model.sids import CallSid, MessageSid


class AuthenticationRequired(Fault):
    """The credentials are missing or wrong."""

    code = 20003
    http_status = 401

    def __str__(self) -> str:
        return "Authenticate"


class AccountCredentialsRequired(AuthenticationRequired):
    """An API key where only the account's own token opens (error 20003, "Standard API key")."""

    def __str__(self) -> str:
        return "Authenticate with the account's SID and auth token: an API key does not open this"


class NotFound(Fault):
    """There is nothing at this path for this account. Another account's things look the same."""

    code = 20404
    http_status = 404

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return f"The requested resource {self.path} was not found"


class MethodNotAllowed(Fault):
    """The path exists, the method does not apply to it."""

    code = 20004
    http_status = 405

    def __init__(self, method: str, path: str) -> None:
        super().__init__(method, path)
        self.method = method
        self.path = path

    def __str__(self) -> str:
        return f"The method {self.method} is not allowed on {self.path}"


class BodyTooLarge(Fault):
    """The request's body is over the limit. ``limit`` is in bytes."""

    code = 20413
    http_status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit

    def __str__(self) -> str:
        return f"The request body is larger than {self.limit} bytes"


class BodyTooSlow(Fault):
    """The request's body did not come in time. ``limit_seconds`` is how long it may take."""

    code = 20001
    http_status = 408
    temporary = True

    def __init__(self, limit_seconds: float) -> None:
        super().__init__(limit_seconds)
        self.limit_seconds = limit_seconds

    def __str__(self) -> str:
        return f"The request body did not arrive within {self.limit_seconds:g} seconds"


class InvalidParameter(Fault):
    """A parameter of the request has a value that it cannot have."""

    code = 20001
    http_status = 400

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return f"Invalid parameter {self.name}: {self.reason}"


class MissingFormBody(Fault):
    """The body is not a form."""

    code = 20001
    http_status = 400

    def __init__(self, content_type: str) -> None:
        super().__init__(content_type)
        self.content_type = content_type

    def __str__(self) -> str:
        return (
            "Parameters are sent as application/x-www-form-urlencoded, "
            f"not as {self.content_type or 'a body without a content type'}"
        )


class PageSizeTooLarge(Fault):
    """A list was asked for in pages over the limit."""

    code = 20007
    http_status = 400

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit

    def __str__(self) -> str:
        return f"PageSize must not exceed {self.limit}"


class IdempotencyConflict(Fault):
    """An idempotency key came back with other parameters."""

    code = 20409
    http_status = 409

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key

    def __str__(self) -> str:
        return f"IdempotencyKey '{self.key}' was already used with other parameters"


class CallNotActive(Fault):
    """A call whose status allows no messages."""

    code = 21220
    http_status = 400

    def __init__(self, call_sid: CallSid, status: CallStatus) -> None:
        super().__init__(call_sid, status)
        self.call_sid = call_sid
        self.status = status

    def __str__(self) -> str:
        return f"Call is not in-progress or ringing: the status of {self.call_sid} is {self.status}"


class NoDeviceOnLeg(Fault):
    """A leg at whose end is a phone number: no SDK takes messages there.

    ``holders`` are the legs of the same call that an SDK holds.
    """

    code = 21220
    http_status = 400

    def __init__(self, call_sid: CallSid, holders: list[CallSid]) -> None:
        super().__init__(call_sid, holders)
        self.call_sid = call_sid
        self.holders = holders

    def __str__(self) -> str:
        instead = f": use {' or '.join(self.holders)}" if self.holders else ""
        return f"No Voice SDK is at the end of {self.call_sid}{instead}"


class InvalidContent(Fault):
    """``Content`` is missing or is not JSON."""

    code = 32702
    http_status = 400

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"Invalid Content: {self.reason}"


class ContentTooLong(Fault):
    """``Content`` is over the limit. ``limit`` is in characters."""

    code = 32703
    http_status = 400

    def __init__(self, length: int, limit: int) -> None:
        super().__init__(length, limit)
        self.length = length
        self.limit = limit

    def __str__(self) -> str:
        return f"Content has {self.length} characters, the limit is {self.limit}"


class InvalidUrl(Fault):
    """A URL that cannot be used for a webhook."""

    code = 21205
    http_status = 400

    def __init__(self, name: str, url: str, reason: str) -> None:
        super().__init__(name, url, reason)
        self.name = name
        self.url = url
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.name} is not a valid URL: {self.url}: {self.reason}"


class InvalidMethod(Fault):
    """A webhook method other than GET and POST."""

    code = 21403
    http_status = 400

    def __init__(self, name: str, method: str) -> None:
        super().__init__(name, method)
        self.name = name
        self.method = method

    def __str__(self) -> str:
        return f"{self.name} must be GET or POST, not {self.method}"


class ParameterRefused(Fault):
    """A parameter with a documented code of its own, such as 21211 for a bad ``To``."""

    http_status = 400

    def __init__(self, documented_code: int, reason: str) -> None:
        super().__init__(documented_code, reason)
        self.code = documented_code
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class ApplicationNotAccessible(Fault):
    """An ``ApplicationSid`` of nobody, or of another account."""

    code = 21420
    http_status = 400

    def __init__(self, application_sid: str) -> None:
        super().__init__(application_sid)
        self.application_sid = application_sid

    def __str__(self) -> str:
        return f"ApplicationSid {self.application_sid} is not accessible"


class NotFinished(Fault):
    """A call that is under way cannot be deleted."""

    code = 20009
    http_status = 409

    def __init__(self, call_sid: CallSid, status: CallStatus) -> None:
        super().__init__(call_sid, status)
        self.call_sid = call_sid
        self.status = status

    def __str__(self) -> str:
        return f"Cannot delete {self.call_sid} before it is over: its status is {self.status}"


class AccountNotActive(Fault):
    """The account is suspended or closed."""

    code = 20005
    http_status = 403

    def __str__(self) -> str:
        return "Account not active"


class TooManyRequests(Fault):
    """An account asks faster than it may. ``rate`` is in requests a second."""

    code = 20429
    http_status = 429
    temporary = True

    def __init__(self, rate: float) -> None:
        super().__init__(rate)
        self.rate = rate

    def __str__(self) -> str:
        return f"Too many requests: at most {self.rate:g} a second for an account"


class TooManyLogIns(Fault):
    """Somebody at an address tried to log in with what is wrong, and again. In seconds: a rest."""

    code = 20429
    http_status = 429
    temporary = True

    def __init__(self, rest_seconds: int) -> None:
        super().__init__(rest_seconds)
        self.rest_seconds = rest_seconds

    def __str__(self) -> str:
        return f"Too many wrong log-ins from this address: try again in {self.rest_seconds} seconds"


class TooManyStreams(Fault):
    """An account holds as many event streams open as it may. ``limit`` counts them."""

    code = 20429
    http_status = 429
    temporary = True

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit

    def __str__(self) -> str:
        return f"{self.limit} event streams of the account are open already"


class TooManyWaiting(Fault):
    """As many messages wait for a leg's device as may. ``limit`` counts them."""

    code = 20429
    http_status = 429
    temporary = True

    def __init__(self, call_sid: CallSid, limit: int) -> None:
        super().__init__(call_sid, limit)
        self.call_sid = call_sid
        self.limit = limit

    def __str__(self) -> str:
        return f"{self.limit} messages wait for the device of {self.call_sid} already"


class NobodyThere(Fault):
    """No active leg is among those that a message was sent to."""

    code = 20404
    http_status = 404

    def __init__(self, audience: str) -> None:
        super().__init__(audience)
        self.audience = audience

    def __str__(self) -> str:
        return f"No active call was found for {self.audience}"


class NoReply(Fault):
    """The device did not answer a message in time; the message is as ``state`` says."""

    code = 20504
    http_status = 504

    def __init__(self, sid: MessageSid, state: MessageState, seconds: float) -> None:
        super().__init__(sid, state, seconds)
        self.sid = sid
        self.state = state
        self.seconds = seconds

    def __str__(self) -> str:
        return (
            f"No reply to {self.sid} within {self.seconds:g} seconds: the message is {self.state}"
        )

    @property
    def details(self) -> dict[str, str]:
        """What a program needs to go on: the message is there, whatever became of the reply."""
        return {"sid": self.sid, "state": self.state.value}


class NotDead(Fault):
    """A callback that was not given up cannot be sent again by hand. ``state`` is where it is."""

    code = 20409
    http_status = 409

    def __init__(self, token: str, state: str) -> None:
        super().__init__(token, state)
        self.token = token
        self.state = state

    def __str__(self) -> str:
        return f"Callback {self.token} was not given up: it is {self.state}"
