"""What one device may ask of the server, and how long each waits for the other."""

from dataclasses import dataclass

from midcall.core.limits import HEARTBEAT_SECONDS, LISTEN_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Every limit of the signalling, with its reason. Times are in seconds."""

    heartbeat_seconds: float = HEARTBEAT_SECONDS
    """How often a heartbeat goes out: the SDK gives a socket up after 15 s of silence."""

    unanswered_heartbeats: int = 6
    """A device that has not answered so many heartbeats is gone without a word."""

    listen_seconds: float = LISTEN_SECONDS
    """How long a fresh socket may take to present its token; until then nobody answers for it."""

    close_seconds: float = 5.0
    """How long a client may take to read what is still said to it, and the server to finish what
    it took from it."""

    queued_bytes: int = 1024 * 1024
    """What may wait to be written to one socket: who has more waiting does not read, or not fast
    enough. All that honest legs have on their way at once is far less."""

    sockets_per_identity: int = 50
    """The most sockets of one identity: somebody's tabs, phones and those that are not missed yet.

    Whoever has a token could otherwise take every socket there is. A token that names nobody is
    shared by strangers, so those are not counted.
    """

    frames_per_second: float = 200
    frames_burst: int = 1000
    """How fast a socket is read, on average and after a quiet time. Above it reading pauses, so
    that one busy client does not keep the others waiting; nothing is lost. Echoes count."""

    malformed_frames: int = 50
    """A client that sent so many malformed frames is not a device."""

    held_seconds: float = 0.0
    """How old a downlink may be when it is first sent; 0 for any age."""

    incoming_hold_seconds: float = 2.5
    """How long the messages of an incoming call wait for an app that does not answer it.

    The SDK plays its ringtone for up to 2 s before the app gets the call; what came before that
    would be dispatched to nobody.
    """


LIMITS = Limits()
