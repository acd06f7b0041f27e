"""Every element and attribute of voice TwiML in the original, and what midcall does with it.

The reader's warnings and ``docs/reference/twiml.md`` both come from this table, so that they cannot
disagree. The names are those of the official libraries' ``VoiceResponse`` and of the TwiML pages.
"""

from enum import StrEnum
from typing import Final

import msgspec


class Support(StrEnum):
    """What midcall does with an element or attribute."""

    SUPPORTED = "supported"
    """It does what the original does."""
    IGNORED = "ignored"
    """It has no effect, what stands around or inside it has: a warning."""
    REFUSED = "refused"
    """It cannot be done, and is left out with all that is in it: a warning. The call goes on."""


class Attribute(msgspec.Struct, frozen=True):
    """An attribute of an element."""

    name: str
    support: Support
    note: str = ""


class Element(msgspec.Struct, frozen=True, kw_only=True):
    """An element, in the elements that it may stand in."""

    name: str
    within: tuple[str, ...]
    support: Support = Support.SUPPORTED
    note: str = ""
    attributes: tuple[Attribute, ...] = ()

    def find_attribute(self, name: str) -> Attribute | None:
        """Find an attribute by its name; ``None`` if the element never has it."""
        return next((one for one in self.attributes if one.name == name), None)


def find(parent: str, name: str) -> Element | None:
    """Find an element by what it stands in; ``None`` if it does not belong there."""
    return _BY_PLACE.get((parent, name))


def _supported(names: str) -> tuple[Attribute, ...]:
    return tuple(Attribute(name, Support.SUPPORTED) for name in names.split())


def _ignored(names: str, note: str) -> tuple[Attribute, ...]:
    return tuple(Attribute(name, Support.IGNORED, note) for name in names.split())


def _refused(name: str, within: str, note: str, attributes: str = "") -> Element:
    return Element(
        name=name,
        within=tuple(within.split()),
        support=Support.REFUSED,
        note=note,
        attributes=tuple(Attribute(one, Support.REFUSED) for one in attributes.split()),
    )


def _speech_markup(name: str, attributes: str = "") -> Element:
    """Return an element of SSML. It may stand in every other one, and its text is spoken."""
    return Element(
        name=name,
        within=("Say",),
        support=Support.IGNORED,
        note="its text is spoken without it",
        attributes=_ignored(attributes, "see the element"),
    )


_NO_RECORDING = "nothing is recorded"
_NO_SIP = "there is no SIP"
_NO_CARRIER = "there is no carrier"
_NO_SPEECH = "no speech is recognized, only keys are"
_NO_DETECTION = "no answering machine is detected"
_NO_STREAMS = "audio goes to the two parties of a call only"

_STATUS = "statusCallback statusCallbackEvent statusCallbackMethod"
_RECORDING = (
    "record recordingConfigurationId recordingStatusCallback recordingStatusCallbackEvent "
    "recordingStatusCallbackMethod recordingTrack trim"
)
_DETECTION = (
    "machineDetection machineDetectionTimeout machineDetectionSpeechThreshold "
    "machineDetectionSpeechEndThreshold machineDetectionSilenceTimeout "
    "amdStatusCallback amdStatusCallbackMethod"
)

_VERBS: Final = (
    Element(
        name="Dial",
        within=("Response",),
        note="its text may be a phone number",
        attributes=(
            *_supported(
                "action method timeout timeLimit callerId answerOnBridge hangupOnStar ringTone "
                "sequential events"
            ),
            *_ignored(_RECORDING, _NO_RECORDING),
            *_ignored("referUrl referMethod", _NO_SIP),
            *_ignored("callReason passports", _NO_CARRIER),
            *_ignored("ifMachine", _NO_DETECTION),
        ),
    ),
    Element(
        name="Say",
        within=("Response", "Gather"),
        attributes=(
            *_supported("language loop"),
            *_ignored("voice", "each language has one voice"),
        ),
    ),
    Element(
        name="Play",
        within=("Response", "Gather"),
        note="WAV and MP3",
        attributes=_supported("loop digits"),
    ),
    Element(name="Pause", within=("Response", "Gather"), attributes=_supported("length")),
    Element(
        name="Gather",
        within=("Response",),
        attributes=(
            *_supported("action method timeout numDigits finishOnKey actionOnEmptyResult input"),
            *_ignored("bargeIn", "a key always ends the prompts"),
            *_ignored(
                "speechTimeout maxSpeechTime speechModel enhanced hints language profanityFilter "
                "partialResultCallback partialResultCallbackMethod",
                _NO_SPEECH,
            ),
            *_ignored("debug", "there is nothing for it to show"),
        ),
    ),
    Element(name="Redirect", within=("Response",), attributes=_supported("method")),
    Element(name="Hangup", within=("Response",)),
    Element(name="Reject", within=("Response",), attributes=_supported("reason")),
)

_NOUNS: Final = (
    Element(
        name="Client",
        within=("Dial",),
        attributes=(
            *_supported(f"url method {_STATUS}"),
            *_ignored("clientNotificationUrl", "devices are told over signalling only"),
        ),
    ),
    Element(name="Identity", within=("Client",)),
    Element(name="Parameter", within=("Client",), attributes=_supported("name value")),
    Element(
        name="Number",
        within=("Dial",),
        attributes=(
            *_supported(f"url method sendDigits {_STATUS}"),
            *_ignored("byoc", _NO_CARRIER),
            *_ignored(_DETECTION, _NO_DETECTION),
        ),
    ),
    _refused(
        "Application",
        "Dial",
        "the application's Client or Number can be dialled",
        f"url method copyParentTo customerId {_STATUS}",
    ),
    _refused(
        "Conference",
        "Dial",
        "a call has two parties",
        f"muted startConferenceOnEnter endConferenceOnExit beep waitUrl waitMethod maxParticipants "
        f"{_RECORDING} coach participantLabel jitterBufferSize region eventCallbackUrl {_STATUS}",
    ),
    _refused(
        "Queue", "Dial", "there are no queues", "url method reservationSid postWorkActivitySid"
    ),
    _refused("Sim", "Dial", _NO_CARRIER),
    _refused("Sip", "Dial", _NO_SIP, f"url method username password {_STATUS} {_DETECTION}"),
    _refused("WhatsApp", "Dial", _NO_CARRIER, f"url method {_STATUS}"),
)

_SPEECH_MARKUP: Final = (
    _speech_markup("break", "strength time"),
    _speech_markup("emphasis", "level"),
    _speech_markup("lang", "xml:lang"),
    _speech_markup("p"),
    _speech_markup("phoneme", "alphabet ph"),
    _speech_markup("prosody", "volume rate pitch"),
    _speech_markup("s"),
    _speech_markup("say-as", "interpret-as format"),
    _speech_markup("sub", "alias"),
    _speech_markup("w", "role"),
)

_STREAM = "name connectorName url track sampleRate audioFormat statusCallback statusCallbackMethod"
_SIPREC = "name connectorName track statusCallback statusCallbackMethod"
_TRANSCRIPTION = (
    "name track statusCallbackUrl statusCallbackMethod inboundTrackLabel outboundTrackLabel "
    "partialResults languageCode transcriptionEngine profanityFilter speechModel hints "
    "enableAutomaticPunctuation intelligenceService"
)

_OTHERS: Final = (
    _refused("Connect", "Response", _NO_STREAMS, "action method"),
    _refused("Echo", "Response", "dial a client to hear how a call sounds"),
    _refused(
        "Enqueue",
        "Response",
        "there are no queues",
        "action method waitUrl waitUrlMethod workflowSid maxQueueSize",
    ),
    _refused("Leave", "Response", "there are no queues"),
    _refused(
        "Pay",
        "Response",
        "no payments are taken",
        "input action bankAccountType statusCallback statusCallbackMethod timeout maxAttempts "
        "securityCode postalCode minPostalCodeLength paymentConnector paymentMethod tokenType "
        "chargeAmount currency description validCardTypes language",
    ),
    _refused(
        "Prompt",
        "Response Pay",
        "no payments are taken",
        "for errorType cardType attempt requireMatchingInputs",
    ),
    _refused(
        "Queue", "Response", "there are no queues", "url method reservationSid postWorkActivitySid"
    ),
    _refused(
        "Record",
        "Response",
        _NO_RECORDING,
        "action method timeout finishOnKey maxLength playBeep trim transcribe transcribeCallback "
        "recordingConfigurationId recordingStatusCallback recordingStatusCallbackEvent "
        "recordingStatusCallbackMethod",
    ),
    _refused("Refer", "Response", _NO_SIP, "action method"),
    _refused("Sip", "Refer", _NO_SIP),
    _refused(
        "Sms", "Response", "there are no text messages", "to from action method statusCallback"
    ),
    _refused("Message", "Response", "there are no text messages"),
    _refused("Start", "Response", _NO_STREAMS, "action method"),
    _refused("Stop", "Response", _NO_STREAMS),
    _refused("Stream", "Start Stop Connect", _NO_STREAMS, _STREAM),
    _refused("Siprec", "Start Stop", _NO_STREAMS, _SIPREC),
    _refused("Transcription", "Start Stop", _NO_STREAMS, _TRANSCRIPTION),
    _refused(
        "Recording",
        "Start",
        _NO_RECORDING,
        "recordingConfigurationId recordingStatusCallback recordingStatusCallbackEvent "
        "recordingStatusCallbackMethod trim track channels",
    ),
    _refused("AiSession", "Connect", _NO_STREAMS, "aiConnector aiSessionConfiguration"),
    _refused("Autopilot", "Connect", _NO_STREAMS),
    _refused(
        "Conversation",
        "Connect",
        _NO_STREAMS,
        "serviceInstanceSid inboundAutocreation routingAssignmentTimeout inboundTimeout url method "
        "record trim recordingStatusCallback recordingStatusCallbackEvent "
        f"recordingStatusCallbackMethod {_STATUS}",
    ),
    _refused(
        "ConversationRelay",
        "Connect",
        _NO_STREAMS,
        "url language ttsLanguage transcriptionLanguage ttsProvider voice transcriptionProvider "
        "speechModel profanityFilter dtmfDetection welcomeGreeting partialPrompts "
        "welcomeGreetingInterruptible interruptible preemptible hints intelligenceService "
        "elevenlabsTextNormalization interruptSensitivity debug reportInputDuringAgentSpeech "
        "ignorebackchannel events backgroundnoisereduction speechtimeout deepgramsmartformat",
    ),
    _refused("ConversationRelaySession", "Connect", _NO_STREAMS, "connector sessionConfiguration"),
    _refused("Room", "Connect", _NO_STREAMS, "participantIdentity"),
    _refused(
        "VirtualAgent",
        "Connect",
        _NO_STREAMS,
        "connectorName language sentimentAnalysis statusCallback statusCallbackMethod",
    ),
    _refused("Parameter", "Hangup Reject", "nobody is told of it", "name value"),
)

ELEMENTS: Final = (*_VERBS, *_NOUNS, *_SPEECH_MARKUP, *_OTHERS)
"""Every element. What only stands in refused ones, and has no entry, is refused with them."""

_BY_PLACE: Final = {(parent, one.name): one for one in ELEMENTS for parent in one.within}
