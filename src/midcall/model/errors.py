"""Everything that can be refused: one class a fault.

A fault carries facts as attributes; the sentence is composed from them. ``code`` is the code in the
original's error dictionary, ``http_status`` the status of a REST answer with it, and ``temporary``
whether the same request may succeed later.
"""

from typing import ClassVar

from midcall.model.calls import CallStatus
from midcall.model.notifications import NO_EVIDENCE, Evidence
from midcall.model.sids import CallSid


class Fault(Exception):
    """The root of all faults. ``str(fault)`` is the sentence for the client."""

    code: int = 20500
    http_status: ClassVar[int] = 500
    temporary: ClassVar[bool] = False

    def __str__(self) -> str:
        """Compose the sentence that the client reads."""
        return "An internal server error occurred"


class Unavailable(Fault):
    """The server cannot take this now."""

    code = 20503
    http_status = 503
    temporary = True

    def __str__(self) -> str:
        return "The service is not available right now. Try again later"


# --- the REST API -----------------------------------------------------------------------------


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


# --- signalling -------------------------------------------------------------------------------


class MalformedFrame(Fault):
    """A frame that cannot be understood, or that does not fit what came before."""

    code = 31100

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"Malformed request: {self.reason}"


class TokenMissing(Fault):
    """No Access Token came before a frame that needs one."""

    code = 31102

    def __str__(self) -> str:
        return "Authorization token missing: send 'listen' with an Access Token first"


class ParametersTooLong(Fault):
    """The parameters of ``connect()`` are over the limit. ``limit`` is in bytes."""

    code = 31103

    def __init__(self, length: int, limit: int) -> None:
        super().__init__(length, limit)
        self.length = length
        self.limit = limit

    def __str__(self) -> str:
        return f"The parameters have {self.length} bytes, the limit is {self.limit}"


class InvalidReconnectToken(Fault):
    """A reconnect token that does not open the call it came with."""

    code = 31107

    def __str__(self) -> str:
        return "Invalid reconnect parameter"


class InvalidIdentity(Fault):
    """An identity that cannot name a client."""

    code = 31105

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"Invalid client name: {self.reason}"


class NotPermitted(Fault):
    """The Access Token does not grant what was asked for."""

    code = 31201

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"Authorization failed: {self.reason}"


class TokenSignatureInvalid(Fault):
    """The Access Token was not signed with the key that it names."""

    code = 31202

    def __str__(self) -> str:
        return "JWT signature validation failed"


class NoValidAccount(Fault):
    """The Access Token's account does not exist or does not own the key."""

    code = 31203

    def __str__(self) -> str:
        return "No valid account"


class TokenInvalid(Fault):
    """The Access Token is malformed."""

    code = 31204

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"Invalid JWT token: {self.reason}"


class TokenExpired(Fault):
    """The Access Token is over its time."""

    code = 31205

    def __str__(self) -> str:
        return "JWT token expired"


class RateExceeded(Fault):
    """Too many messages on one leg. ``rate`` is in messages a second."""

    code = 31206
    http_status = 429
    temporary = True

    def __init__(self, rate: float) -> None:
        super().__init__(rate)
        self.rate = rate

    def __str__(self) -> str:
        return f"Rate exceeded: at most {self.rate:g} messages a second on a call"


class TokenLifetimeTooLong(Fault):
    """The Access Token would live longer than allowed. ``limit_seconds`` is the ceiling."""

    code = 31207

    def __init__(self, limit_seconds: int) -> None:
        super().__init__(limit_seconds)
        self.limit_seconds = limit_seconds

    def __str__(self) -> str:
        return f"JWT token expiration too long: at most {self.limit_seconds} seconds"


class InvalidMessageType(Fault):
    """A ``messagetype`` that applications may not send."""

    code = 31210

    def __init__(self, message_type: str) -> None:
        super().__init__(message_type)
        self.message_type = message_type

    def __str__(self) -> str:
        return f"Call message event type invalid: {self.message_type}"


class UnexpectedCallState(Fault):
    """A message on a call whose status allows none."""

    code = 31211

    def __init__(self, status: CallStatus) -> None:
        super().__init__(status)
        self.status = status

    def __str__(self) -> str:
        return f"Call message in an unexpected state: the call is {self.status}"


class PayloadTooLarge(Fault):
    """A message's content is over the limit. ``limit`` is in characters."""

    code = 31212

    def __init__(self, length: int, limit: int) -> None:
        super().__init__(length, limit)
        self.length = length
        self.limit = limit

    def __str__(self) -> str:
        return f"Payload size exceeded: {self.length} characters, the limit is {self.limit}"


class ApplicationNotFound(Fault):
    """The TwiML application of a call does not exist."""

    code = 31001

    def __init__(self, application_sid: str) -> None:
        super().__init__(application_sid)
        self.application_sid = application_sid

    def __str__(self) -> str:
        return f"Application not found: {self.application_sid or 'the token names none'}"


class CallNotFound(Fault):
    """A frame names a call that this device does not hold."""

    code = 31404

    def __init__(self, call_sid: str) -> None:
        super().__init__(call_sid)
        self.call_sid = call_sid

    def __str__(self) -> str:
        return f"Call not found: {self.call_sid}"


class CallBusy(Fault):
    """``<Reject reason="busy">``."""

    code = 31486

    def __str__(self) -> str:
        return "Busy here"


class CallDeclined(Fault):
    """``<Reject>``."""

    code = 31603

    def __str__(self) -> str:
        return "Decline"


class BadMedia(Fault):
    """A session description that cannot be used."""

    code = 31400

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"Bad session description: {self.reason}"


class EndpointGone(Fault):
    """A media endpoint that is not there, or no longer: its leg is over."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(endpoint)
        self.endpoint = endpoint

    def __str__(self) -> str:
        return f"There is no media endpoint {self.endpoint}"


# --- TwiML ------------------------------------------------------------------------------------


class UnplayableSound(Fault):
    """What was to be played is no sound that can be."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"The recording cannot be played: {self.reason}"


class TwimlFault(Fault):
    """A document that could not be had or understood.

    ``twiml_code`` is the documented code that the debugger shows; ``code`` is what the device is
    told, which knows no TwiML codes. ``evidence`` is the exchange that it was found in, if any.
    """

    code = 31005

    def __init__(
        self, code: int, reason: str, url: str = "", evidence: Evidence = NO_EVIDENCE
    ) -> None:
        super().__init__(code, reason, url)
        self.twiml_code = code
        self.reason = reason
        self.url = url
        self.evidence = evidence

    def __str__(self) -> str:
        return f"{self.twiml_code}: {self.reason}"
