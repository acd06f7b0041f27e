"""Every code of the original's error dictionary that midcall gives, with its title and level.

``docs/reference/errors.md`` is written from this. The faults of ``model.errors`` carry the same
numbers; a test sees to it that none is missing here.
"""

from enum import IntEnum

from midcall.model.notifications import Level

_ERROR = Level.ERROR
_WARNING = Level.WARNING


class Code(IntEnum):
    """A code, which is also its number. ``title`` and ``level`` are the dictionary's."""

    title: str
    level: Level

    def __new__(cls, number: int, title: str, level: Level = _ERROR) -> "Code":
        """Make a member of a number; the rest hangs on it."""
        member = int.__new__(cls, number)
        member._value_ = number
        member.title = title
        member.level = level
        return member

    # Accounts
    ACCOUNT_NOT_FOUND = 10001, "Account is not active"

    # Requests to customers' servers
    BAD_URL = 11100, "Invalid URL format"
    RETRIEVAL = 11200, "HTTP retrieval failure"
    CONNECTION = 11205, "HTTP connection failure"
    PROTOCOL = 11206, "HTTP protocol violation"
    HOST_NAME = 11210, "HTTP bad host name"
    TOO_MANY_REDIRECTS = 11215, "HTTP too many redirects"
    BAD_REDIRECT = 11216, "HTTP invalid redirect"
    TLS = 11220, "SSL/TLS handshake error"
    CERTIFICATE_NAME = 11235, "Certificate invalid: domain mismatch"
    CERTIFICATE_DATE = 11236, "Certificate invalid: certificate expired"
    CERTIFICATE_TRUST = 11237, "Certificate invalid: could not find path to certificate"
    OVERRIDE_EDGE = 11240, "HTTP connection edge location is invalid"
    OVERRIDE_EDGE_UNSUPPORTED = 11241, "HTTP connection edge location is not supported"
    OVERRIDE_INTERCONNECT = 11242, "HTTP connection over Interconnect is not allowed"
    OVERRIDE_RETRY = 11243, "HTTP retry policy is invalid"
    TOO_LARGE = 11750, "TwiML response body too large"
    EMPTY_BODY = 11770, "Empty response body"
    STATUS_CALLBACK = 15003, "Call progress: warning response to callback URL", _WARNING

    # TwiML
    PARSE_FAILURE = 12100, "Document parse failure"
    WRONG_ROOT = 12102, "The root element must be Response"
    SCHEMA = 12200, "Schema validation warning", _WARNING
    CONTENT_TYPE = 12300, "Invalid Content-Type"
    INTERNAL = 12400, "Internal failure"
    DIAL_FROM_CHILD = 13201, "Dial: cannot dial out from a Dial call segment"
    DIAL_METHOD = 13210, "Dial: invalid method value", _WARNING
    DIAL_TIMEOUT = 13212, "Dial: invalid timeout value", _WARNING
    DIAL_HANGUP_ON_STAR = 13213, "Dial: invalid hangupOnStar value", _WARNING
    DIAL_CALLER_ID = 13214, "Dial: invalid callerId value", _WARNING
    DIAL_NESTED = 13215, "Dial: invalid nested element", _WARNING
    DIAL_TIME_LIMIT = 13216, "Dial: invalid timeLimit value", _WARNING
    DIAL_SEQUENTIAL = 13218, "Dial: invalid sequential value", _WARNING
    DIAL_ANSWER_ON_BRIDGE = 13219, "Dial: invalid answerOnBridge value", _WARNING
    DIAL_RING_TONE = 13220, "Dial: invalid ringTone value", _WARNING
    NUMBER_METHOD = 13221, "Dial, Number: invalid method value", _WARNING
    NUMBER_SEND_DIGITS = 13222, "Dial, Number: invalid sendDigits value", _WARNING
    NUMBER_FORMAT = 13223, "Dial: invalid phone number format", _WARNING
    NUMBER_NOT_SERVED = 13224, "Dial: this number is not served or is invalid"
    GATHER_FINISH_ON_KEY = 13310, "Gather: invalid finishOnKey value", _WARNING
    GATHER_FINISH_ON_KEYS = 13311, "Gather: finishOnKey is more than one character", _WARNING
    GATHER_METHOD = 13312, "Gather: invalid method value", _WARNING
    GATHER_TIMEOUT = 13313, "Gather: invalid timeout value", _WARNING
    GATHER_NUM_DIGITS = 13314, "Gather: invalid numDigits value", _WARNING
    GATHER_NESTED = 13320, "Gather: invalid nested verb", _WARNING
    GATHER_SAY_LOOP = 13322, "Gather, Say: invalid loop value", _WARNING
    GATHER_INPUT = 13326, "Gather: invalid input value", _WARNING
    GATHER_ACTION_ON_EMPTY_RESULT = 13338, "Gather: invalid actionOnEmptyResult value"
    PLAY_LOOP = 13410, "Play: invalid loop value", _WARNING
    PLAY_CONTENT_TYPE = 13420, "Play: invalid Content-Type"
    PLAY_DIGITS = 13430, "Play: invalid DTMF string", _WARNING
    SAY_LOOP = 13510, "Say: invalid loop value", _WARNING
    SAY_LANGUAGE = 13512, "Say: invalid language value", _WARNING
    SAY_TEXT = 13520, "Say: invalid text", _WARNING
    SAY_TOO_LONG = 13521, "Say: character limit exceeded", _WARNING
    REDIRECT_METHOD = 13710, "Redirect: invalid method value", _WARNING
    REJECT_REASON = 13810, "Reject: invalid cause", _WARNING
    PAUSE_LENGTH = 13910, "Pause: invalid length value", _WARNING

    # The REST API
    BAD_PARAMETERS = 20001, "Unknown or unusable parameters"
    AUTHENTICATE = 20003, "Permission denied"
    METHOD_NOT_ALLOWED = 20004, "Method not allowed"
    ACCOUNT_NOT_ACTIVE = 20005, "Account not active"
    PAGE_SIZE = 20007, "Page size too large"
    NOT_FINISHED = 20009, "Cannot delete before complete"
    FORBIDDEN = 20403, "Forbidden"
    NOT_FOUND = 20404, "Not found"
    CONFLICT = 20409, "Conflict"
    REQUEST_TOO_LARGE = 20413, "Request entity too large"
    TOO_MANY_REQUESTS = 20429, "Too many requests"
    SERVER_ERROR = 20500, "Internal server error"
    UNAVAILABLE = 20503, "Service unavailable"
    NO_REPLY = 20504, "No reply in time"
    INVALID_URL = 21205, "Invalid URL"
    ACCOUNT_REFUSED = 21100, "Accounts resource: this account cannot be made or changed so"
    TO_MISSING = 21201, "No 'To' number is specified"
    SEND_DIGITS = 21206, "Invalid SendDigits"
    TIMEOUT = 21208, "Invalid Timeout"
    CALL_METHOD = 21209, "Invalid method"
    TO = 21211, "Invalid 'To' phone number"
    FROM = 21212, "Invalid 'From' number"
    FROM_MISSING = 21213, "Caller phone number is required"
    APPLICATION_SID = 21218, "Invalid ApplicationSid"
    CALL_STATE = 21220, "Invalid call state"
    NUMBER_URL = 21402, "Invalid URL"
    INVALID_METHOD = 21403, "Invalid method"
    FALLBACK_WITHOUT_URL = 21405, "A fallback URL cannot be set without a URL"
    APPLICATION_NOT_ACCESSIBLE = 21420, "ApplicationSid is not accessible"
    PHONE_NUMBER = 21421, "PhoneNumber is invalid"
    NUMBER_TAKEN = 21422, "PhoneNumber is not available"
    AREA_CODE = 21451, "Invalid area code"
    AREA_CODE_EMPTY = 21452, "No phone numbers found in area code"
    TWIML_LENGTH = 32018, "Twiml parameter is longer than 4,000 characters"
    TWIML_AND_URL = 32019, "Both Twiml and Url are given, Url is used", _WARNING
    CONTENT = 32702, "User-defined message: invalid content", _WARNING
    CONTENT_LENGTH = 32703, "User-defined message: content exceeds the maximum length", _WARNING
    SUBSCRIPTION_INTERNAL = 32710, "User-defined message: subscription callback not made", _WARNING
    SUBSCRIPTION_CALLBACK = 32711, "User-defined message: subscription callback failed", _WARNING

    # Signalling
    APPLICATION_NOT_FOUND = 31001, "Application not found"
    CONNECTION_ERROR = 31005, "Connection error"
    MALFORMED_REQUEST = 31100, "Malformed request"
    TOKEN_MISSING = 31102, "Authorization token missing in request"
    PARAMETERS_TOO_LONG = 31103, "Length of parameters too long"
    CLIENT_NAME = 31105, "Invalid client name"
    RECONNECT_PARAMETER = 31107, "Reconnect parameter invalid"
    AUTHORIZATION = 31201, "Authorization error"
    TOKEN_SIGNATURE = 31202, "JWT signature validation failed"
    NO_ACCOUNT = 31203, "No valid account"
    TOKEN_INVALID = 31204, "Invalid JWT token"
    TOKEN_EXPIRED = 31205, "JWT token expired"
    RATE = 31206, "Rate exceeded authorized limit"
    TOKEN_LIFETIME = 31207, "JWT token expiration too long"
    MESSAGE_TYPE = 31210, "Call message event type invalid"
    MESSAGE_STATE = 31211, "Call message in an unexpected state"
    MESSAGE_SIZE = 31212, "Call message payload size exceeded"
    BAD_REQUEST = 31400, "Bad request"
    CALL_NOT_FOUND = 31404, "Not found"
    BUSY = 31486, "Busy here"
    DECLINE = 31603, "Decline"
    MEDIA = 53405, "Media connection failed"


_LEVELS: dict[int, Level] = {code.value: code.level for code in Code}


def level_of(code: int) -> Level:
    """Return how bad the dictionary finds a code; one that is not in it is an error."""
    return _LEVELS.get(code, _ERROR)
