"""What to do about each code: a sentence or two for whoever reads it and wants it gone.

Every code that midcall gives is here (a test compares); what each is called is in ``model.codes``.
The advice is for an application's own people, in the words of the settings that they have.
"""

from typing import Final

from midcall.model.codes import Code

_SERVER: Final = "Look at the log of the server that was asked"


def _attribute(verb: str, name: str, values: str) -> str:
    return f"In the TwiML, give <{verb}> a {name} that is {values}. The default is used instead."


FIXES: Final[dict[Code, str]] = {
    # Accounts
    Code.ACCOUNT_NOT_FOUND: "Use an account that is active, or have its owner set its Status to "
    "active again.",
    # Requests to customers' servers
    Code.BAD_URL: "Write the URL out, beginning with https:// or http://, with a host that has no "
    "underscore in it.",
    Code.RETRIEVAL: f"The server answered with an error. {_SERVER}: it should answer with a status "
    "from 200 to 299.",
    Code.CONNECTION: "No connection came about, or it broke. See that the server runs, that its "
    "port is open from here, and, if its address is private, that the setting EGRESS_ALLOW names "
    "it.",
    Code.PROTOCOL: "What came back is no HTTP. See that the URL leads to a web server, and that "
    "http:// and https:// are not mixed up.",
    Code.HOST_NAME: "The host name has no address. Check its spelling, and that this machine's "
    "name server knows it.",
    Code.TOO_MANY_REDIRECTS: "The documents or redirects go round in a circle. Give the URL that "
    "they should end at.",
    Code.BAD_REDIRECT: "The server sent the request on to a place that is no usable URL. Give the "
    "final URL, or correct its Location header.",
    Code.TLS: "The two could not agree on an encrypted connection. See that the server speaks TLS "
    "1.2 or newer on this port, and that its certificate is complete.",
    Code.CERTIFICATE_NAME: "The certificate is for another host. Ask by the name that is in it, or "
    "get one for this name.",
    Code.CERTIFICATE_DATE: "The certificate has expired, or is not valid yet. Renew it, and see "
    "that both clocks are right.",
    Code.CERTIFICATE_TRUST: "Nobody whom this server trusts has signed the certificate. Serve the "
    "whole chain with it, or have this machine trust its authority.",
    Code.OVERRIDE_EDGE: "Take e= out of the URL's fragment: there are no edges here.",
    Code.OVERRIDE_EDGE_UNSUPPORTED: "Take e= out of the URL's fragment: there are no edges here.",
    Code.OVERRIDE_INTERCONNECT: "Take the Interconnect out of the URL's fragment: there is none "
    "here.",
    Code.OVERRIDE_RETRY: "Correct rp= in the URL's fragment: it takes 4xx, 5xx, ct, rt and all.",
    Code.TOO_LARGE: "Answer with less: the TwiML of a call should have some kilobytes.",
    Code.EMPTY_BODY: "Answer with TwiML. If there is nothing to do, that is <Response/>.",
    Code.STATUS_CALLBACK: f"The status callback was not taken. {_SERVER}, then send it again from "
    "the list of endpoints.",
    # TwiML
    Code.PARSE_FAILURE: "The document is not well-formed XML. Look at it in the response below: "
    "often a & stands alone, or something was printed before the XML.",
    Code.WRONG_ROOT: "Put everything into one <Response> element, with a capital R.",
    Code.SCHEMA: "Something in the document or the request is not known here, or has no effect. "
    "See that its name is spelled as in the reference; otherwise it can stay.",
    Code.CONTENT_TYPE: "Answer with Content-Type: text/xml.",
    Code.INTERNAL: "This server failed. Look at its log at that time, and report it if it comes "
    "again.",
    Code.DIAL_FROM_CHILD: "TwiML that a called party hears cannot dial. Dial from the caller's "
    "document.",
    Code.DIAL_METHOD: _attribute("Dial", "method", "GET or POST"),
    Code.DIAL_TIMEOUT: _attribute("Dial", "timeout", "a whole number of seconds up to 600"),
    Code.DIAL_HANGUP_ON_STAR: _attribute("Dial", "hangupOnStar", "true or false"),
    Code.DIAL_CALLER_ID: "Give <Dial> a callerId: a phone number such as +15005550006 where it "
    "dials a number.",
    Code.DIAL_NESTED: "Put only <Client> and <Number>, or a plain number, into <Dial>.",
    Code.DIAL_TIME_LIMIT: _attribute("Dial", "timeLimit", "a whole number of seconds"),
    Code.DIAL_SEQUENTIAL: _attribute("Dial", "sequential", "true or false"),
    Code.DIAL_ANSWER_ON_BRIDGE: _attribute("Dial", "answerOnBridge", "true or false"),
    Code.DIAL_RING_TONE: _attribute("Dial", "ringTone", "a country's code such as de, us or uk"),
    Code.NUMBER_METHOD: _attribute("Number", "method", "GET or POST"),
    Code.NUMBER_SEND_DIGITS: _attribute("Number", "sendDigits", "made of 0-9, *, # and w"),
    Code.NUMBER_FORMAT: "Write the number as +, the country and the rest, with nothing between: "
    "+15005550006.",
    Code.NUMBER_NOT_SERVED: "Nobody serves this number here: there is no telephone network behind "
    "midcall. Add it to the account's IncomingPhoneNumbers, or dial a client.",
    Code.GATHER_FINISH_ON_KEY: _attribute("Gather", "finishOnKey", "one of 0-9, * and #, or empty"),
    Code.GATHER_FINISH_ON_KEYS: _attribute("Gather", "finishOnKey", "a single key"),
    Code.GATHER_METHOD: _attribute("Gather", "method", "GET or POST"),
    Code.GATHER_TIMEOUT: _attribute("Gather", "timeout", "a whole number of seconds"),
    Code.GATHER_NUM_DIGITS: _attribute("Gather", "numDigits", "a whole number from 1 on"),
    Code.GATHER_NESTED: "Put only <Say>, <Play> and <Pause> into <Gather>.",
    Code.GATHER_SAY_LOOP: _attribute("Say", "loop", "a whole number; 0 repeats without end"),
    Code.GATHER_INPUT: _attribute("Gather", "input", "dtmf: speech is not understood here"),
    Code.GATHER_ACTION_ON_EMPTY_RESULT: _attribute(
        "Gather", "actionOnEmptyResult", "true or false"
    ),
    Code.PLAY_LOOP: _attribute("Play", "loop", "a whole number; 0 repeats without end"),
    Code.PLAY_CONTENT_TYPE: "Serve the sound as WAV or MP3 with its Content-Type, such as "
    "audio/wav or audio/mpeg.",
    Code.PLAY_DIGITS: _attribute("Play", "digits", "made of 0-9, *, #, A-D and w"),
    Code.SAY_LOOP: _attribute("Say", "loop", "a whole number; 0 repeats without end"),
    Code.SAY_LANGUAGE: _attribute("Say", "language", "a tag such as en-US or de-DE"),
    Code.SAY_TEXT: "Give <Say> a text to speak.",
    Code.SAY_TOO_LONG: "Split the text: one <Say> speaks 4,096 characters at most.",
    Code.REDIRECT_METHOD: _attribute("Redirect", "method", "GET or POST"),
    Code.REJECT_REASON: _attribute("Reject", "reason", "rejected or busy"),
    Code.PAUSE_LENGTH: _attribute("Pause", "length", "a whole number of seconds"),
    # The REST API
    Code.BAD_PARAMETERS: "The answer names the parameter and what is wrong with it; the REST "
    "reference says what it may be.",
    Code.AUTHENTICATE: "Ask with an account's SID and its auth token, or with an API key's SID and "
    "its secret; accounts and keys want the auth token.",
    Code.METHOD_NOT_ALLOWED: "Use a method that the answer names in Allow.",
    Code.ACCOUNT_NOT_ACTIVE: "Have the account's owner set its Status to active again.",
    Code.PAGE_SIZE: "Ask for pages of at most 1,000.",
    Code.NOT_FINISHED: "End the call first, then delete it.",
    Code.FORBIDDEN: "Ask by the name or address under which this server is known.",
    Code.NOT_FOUND: "Check the SID, and that it belongs to the account in the path.",
    Code.CONFLICT: "The same IdempotencyKey came with other parameters, or the callback was not "
    "given up. Use a new key for a new message.",
    Code.REQUEST_TOO_LARGE: "Send less: a form has 128 KiB at most.",
    Code.TOO_MANY_REQUESTS: "Ask less often, or wait until what waits for the device has left.",
    Code.SERVER_ERROR: "This server failed. Look at its log at that time, and report it if it "
    "comes again.",
    Code.UNAVAILABLE: "The server stops, or has no room just now. Try again in a moment.",
    Code.NO_REPLY: "The device did not answer in time. Its app answers with inReplyTo in the "
    "content; the message itself may have arrived.",
    Code.INVALID_URL: "Give a whole URL, beginning with https:// or http://.",
    Code.ACCOUNT_REFUSED: "Only an account that owns it may change a sub-account's status, and a "
    "sub-account owns none.",
    Code.TO_MISSING: "Give To: client:alice, or a phone number.",
    Code.SEND_DIGITS: "Make SendDigits of 0-9, *, #, A-D and w, 32 at most.",
    Code.TIMEOUT: "Give Timeout in whole seconds, 600 at most.",
    Code.CALL_METHOD: "Use GET or POST.",
    Code.TO: "Write To as client:alice, or as a number such as +15005550006.",
    Code.FROM: "Write From as a number such as +15005550006 where To is one.",
    Code.FROM_MISSING: "Give From: who the call is shown to come from.",
    Code.APPLICATION_SID: "Give the SID of an application: AP and 32 digits or letters from a to "
    "f.",
    Code.CALL_STATE: "Send while the call rings or is in progress, and to the leg that an SDK "
    "holds: the answer names it.",
    Code.NUMBER_URL: "Give a whole URL, beginning with https:// or http://.",
    Code.INVALID_METHOD: "Use GET or POST.",
    Code.FALLBACK_WITHOUT_URL: "Set the URL as well: a fallback is asked when that fails.",
    Code.APPLICATION_NOT_ACCESSIBLE: "Use an application of the same account.",
    Code.PHONE_NUMBER: "Write the number as +, the country and the rest: +15005550006.",
    Code.NUMBER_TAKEN: "Another account or entry has this number. Take another one, or remove it "
    "there.",
    Code.AREA_CODE: "Give an area code of three digits.",
    Code.AREA_CODE_EMPTY: "Take another area code, or name the whole number.",
    Code.TWIML_LENGTH: "Serve the TwiML at a URL: as a parameter it has 4,000 characters at most.",
    Code.TWIML_AND_URL: "Give either Twiml or Url; Url was used.",
    Code.CONTENT: 'Send Content that is JSON: text wants quotes, as in "hello".',
    Code.CONTENT_LENGTH: "Send less at once: a message has 10,000 characters at most.",
    Code.SUBSCRIPTION_INTERNAL: "This server could not make the callback. Look at its log at that "
    "time, then send the callback again.",
    Code.SUBSCRIPTION_CALLBACK: "The endpoint did not take the message after every attempt. "
    f"{_SERVER}, then send the callback again: nothing is lost until then.",
    # Signalling
    Code.APPLICATION_NOT_FOUND: "Put the SID of one of the account's applications into the Access "
    "Token's voice grant.",
    Code.CONNECTION_ERROR: "The call's document could not be had: another entry of the debugger, "
    "at the same time, says why.",
    Code.MALFORMED_REQUEST: "What the device sent is no frame of this protocol. Use the Voice SDK "
    "2.x unchanged.",
    Code.TOKEN_MISSING: "Give the Device an Access Token.",
    Code.PARAMETERS_TOO_LONG: "Pass less to connect(): send the rest as a message when the call is "
    "up.",
    Code.CLIENT_NAME: "Use an identity of 1 to 256 characters that can be printed.",
    Code.RECONNECT_PARAMETER: "The call is over, or somebody else has taken it: call again.",
    Code.AUTHORIZATION: "The token does not allow this: grant incoming calls, or calls through an "
    "application, in its voice grant.",
    Code.TOKEN_SIGNATURE: "Sign the Access Token with the secret of the API key that it names.",
    Code.NO_ACCOUNT: "The token names an account or an API key that is not here. Make it with this "
    "server's account and key.",
    Code.TOKEN_INVALID: "Make an Access Token with the official library, or by midcall token.",
    Code.TOKEN_EXPIRED: "Get a new Access Token and give it to device.updateToken(); do so on "
    "tokenWillExpire. See that the clocks are right.",
    Code.RATE: "The app sends faster than it may. Put several things into one message, or raise "
    "the rate in the settings.",
    Code.TOKEN_LIFETIME: "Make Access Tokens that live 24 hours at most.",
    Code.MESSAGE_TYPE: "Send messages with the messageType user-defined-message.",
    Code.MESSAGE_STATE: "Send messages while the call is ringing or open.",
    Code.MESSAGE_SIZE: "Send less at once, or send a link: the limit is in the settings.",
    Code.BAD_REQUEST: "What the device offered cannot be used. Use a browser that is up to date.",
    Code.CALL_NOT_FOUND: "The call is over, or the device has no part in it.",
    Code.BUSY: "The one who was called is busy, or rejected the call on every device.",
    Code.DECLINE: "The call was rejected: by the one who was called, or by <Reject> in the TwiML.",
    Code.MEDIA: "No audio came through. See that the browser reaches this server's UDP ports, or "
    "set up a TURN server.",
}
"""What to do about each code."""
