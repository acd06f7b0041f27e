"""What goes wrong for a device, by the codes and names of the JavaScript SDK.

The SDK gives three of the server's codes a number of its own; the same is done here. Otherwise an
error keeps the number that the server gave it: the SDK does so for the codes that it knows and when
``enableImprovedSignalingErrorPrecision`` is set, and calls the rest 53000, 31005 or 31000.
"""

from typing import Final

AUTHENTICATION_FAILED: Final = 20151
ACCESS_TOKEN_INVALID: Final = 20101
ACCESS_TOKEN_EXPIRED: Final = 20104
UNKNOWN_ERROR: Final = 31000
CONNECTION_ERROR: Final = 31005
RATE_EXCEEDED: Final = 31206
UNEXPECTED_STATE: Final = 31211
PAYLOAD_SIZE_EXCEEDED: Final = 31212
SIGNALING_DISCONNECTED: Final = 53001
MEDIA_FAILED: Final = 53405

_OWN_NUMBERS: Final = {
    31201: AUTHENTICATION_FAILED,
    31204: ACCESS_TOKEN_INVALID,
    31205: ACCESS_TOKEN_EXPIRED,
}
"""The server's code, and the one that the SDK's ``Device`` gives an app for it."""

_NAMES: Final = {
    ACCESS_TOKEN_INVALID: "AccessTokenInvalid",
    ACCESS_TOKEN_EXPIRED: "AccessTokenExpired",
    AUTHENTICATION_FAILED: "AuthenticationFailed",
    UNKNOWN_ERROR: "UnknownError",
    31001: "ApplicationNotFoundError",
    CONNECTION_ERROR: "ConnectionError",
    31100: "MalformedRequestError",
    31101: "MissingParameterArrayError",
    31102: "AuthorizationTokenMissingError",
    31103: "MaxParameterLengthExceededError",
    31104: "InvalidBridgeTokenError",
    31105: "InvalidClientNameError",
    31107: "ReconnectParameterInvalidError",
    31202: "AccessTokenSignatureValidationFailed",
    31203: "NoValidAccountError",
    RATE_EXCEEDED: "RateExceededError",
    31207: "JWTTokenExpirationTooLongError",
    31209: "ReconnectAttemptError",
    31210: "CallMessageEventTypeInvalidError",
    UNEXPECTED_STATE: "CallMessageUnexpectedStateError",
    PAYLOAD_SIZE_EXCEEDED: "PayloadSizeExceededError",
    31400: "BadRequest",
    31404: "NotFound",
    31486: "BusyHere",
    31603: "Decline",
    SIGNALING_DISCONNECTED: "ConnectionDisconnected",
    MEDIA_FAILED: "ConnectionError",
}


class VoiceError(Exception):
    """Something that a device or a call cannot do, or that happened to it.

    ``code`` is the number in the original's error dictionary, ``name`` what the SDK calls it, and
    ``voice_event_sid`` the message that it is about, if it is about one.
    """

    def __init__(self, code: int, message: str, *, voice_event_sid: str | None = None) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.voice_event_sid = voice_event_sid

    @property
    def name(self) -> str:
        """What the SDK calls the error."""
        return _NAMES.get(self.code, _NAMES[UNKNOWN_ERROR])

    def __str__(self) -> str:
        """Compose the sentence as the SDK does."""
        return f"{self.name} ({self.code}): {self.message}"


def told(code: int, message: str, voice_event_sid: str | None = None) -> VoiceError:
    """Return what an app is told of an error of the server's."""
    return VoiceError(_OWN_NUMBERS.get(code, code), message, voice_event_sid=voice_event_sid)
