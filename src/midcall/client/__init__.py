"""The Python Voice client: the JavaScript SDK's ``Device`` and ``Call``, for bots, tests and load.

It speaks the SDK's signalling, and the same sans-I/O session as the server's gateway. Audio is in
``midcall.client.audio``.
"""

from midcall.client.call import Call
from midcall.client.device import Device
from midcall.client.errors import VoiceError
from midcall.client.messages import Message

__all__ = ["Call", "Device", "Message", "VoiceError"]
