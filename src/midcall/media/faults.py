"""What can go wrong with a call's audio: one class a fault, its facts as attributes."""

from midcall.model.errors import BadMedia, EndpointGone, Fault, UnplayableSound


class MediaFault(Fault):
    """Something about a call's audio that cannot be done.

    The code is the one that the original's SDK gives to a media connection that fails.
    """

    code = 53405

    def __str__(self) -> str:
        """Compose the sentence from the fault's facts."""
        return "Media connection failed"


class UnusableDescription(BadMedia, MediaFault):
    """A session description that cannot be understood or agreed to."""


class NoCommonCodec(UnusableDescription):
    """A session description that offers no codec of ours. ``offered`` are its codecs' names."""

    def __init__(self, offered: tuple[str, ...]) -> None:
        super().__init__(f"no audio codec in common, offered: {', '.join(offered) or 'none'}")
        self.offered = offered


class UnknownEndpoint(EndpointGone, MediaFault):
    """An endpoint that was never made here, or was released."""


class NoDevice(MediaFault):
    """A session description for an endpoint that is a line, and has no device to connect."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(endpoint)
        self.endpoint = endpoint

    def __str__(self) -> str:
        return f"The media endpoint {self.endpoint} is a line without a device"


class EndpointExists(MediaFault):
    """A new endpoint was asked for under an id that is taken; a live one is *restarted*."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(endpoint)
        self.endpoint = endpoint

    def __str__(self) -> str:
        return f"The media endpoint {self.endpoint} exists already"


class EngineClosed(MediaFault):
    """The engine was closed and takes no more endpoints."""

    temporary = True

    def __str__(self) -> str:
        return "The media engine is closed"


class NotOffered(MediaFault):
    """An answer for an endpoint that has no offer open."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(endpoint)
        self.endpoint = endpoint

    def __str__(self) -> str:
        return f"The media endpoint {self.endpoint} has no offer that could be answered"


class NoAddress(MediaFault):
    """No UDP socket could be opened. ``addresses`` are the IP addresses that were tried."""

    def __init__(self, addresses: tuple[str, ...]) -> None:
        super().__init__(addresses)
        self.addresses = addresses

    def __str__(self) -> str:
        return f"No UDP socket could be opened on {', '.join(self.addresses) or 'any address'}"


class SetupTooSlow(MediaFault):
    """A step took longer than it may. ``step`` names it, ``seconds`` is the limit."""

    temporary = True

    def __init__(self, step: str, seconds: float) -> None:
        super().__init__(step, seconds)
        self.step = step
        self.seconds = seconds

    def __str__(self) -> str:
        return f"{self.step} took longer than {self.seconds:g} seconds"


class UnplayableRecording(UnplayableSound, MediaFault):
    """A recording that is no audio which can be played."""
