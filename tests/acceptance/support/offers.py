"""A session description as browsers make it, for callers that never hear anything."""

from typing import Final

_LINES: Final = (
    "v=0",
    "o=- 4004276931 2 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    "a=group:BUNDLE 0",
    "a=msid-semantic: WMS stream",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 0 126",
    "c=IN IP4 0.0.0.0",
    "a=rtcp:9 IN IP4 0.0.0.0",
    "a=ice-ufrag:zhXt",
    "a=ice-pwd:7yIyvyoMLItavXtHTWMsiKab",
    "a=ice-options:trickle",
    "a=fingerprint:sha-256 00:4E:54:26:53:90:B1:86:30:8B:26:DC:20:D1:6A:5C:"
    "87:7A:31:9A:CE:38:E4:5C:B7:15:EE:CA:C9:E2:04:16",
    "a=setup:actpass",
    "a=mid:0",
    "a=sendrecv",
    "a=msid:stream track",
    "a=rtcp-mux",
    "a=rtpmap:111 opus/48000/2",
    "a=fmtp:111 minptime=10;useinbandfec=1",
    "a=rtpmap:0 PCMU/8000",
    "a=rtpmap:126 telephone-event/8000",
    "a=ssrc:690567200 cname:caller",
    "a=ssrc:690567200 msid:stream track",
)

OFFER: Final = "\r\n".join((*_LINES, ""))
"""One audio line, no candidates (RFC 8829, section 5.2.1)."""
