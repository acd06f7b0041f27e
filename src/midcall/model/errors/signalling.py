"""What is refused to a device, by the codes that the SDK knows."""

from midcall.model.calls import CallStatus
from midcall.model.errors.fault import Fault


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


class TooManySockets(Fault):
    """An identity has all the sockets that it may have. ``limit`` is how many that is."""

    code = 31206
    http_status = 429
    temporary = True

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit

    def __str__(self) -> str:
        return f"Rate exceeded: at most {self.limit} sockets of one identity"


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
