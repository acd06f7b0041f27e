"""Media: an endpoint for each device in each leg, and two-way audio between two of them.

``engine.AiortcEngine`` carries audio in this process; ``none.NoMedia`` is the same without any, for
tests and load. Both fulfil the port ``MediaEngine``. From the wire inward:

    ice, dtls, transport    sockets, ICE and DTLS-SRTP, on aioice and aiortc
    sdp, remote             session descriptions: ours, and those of devices
    rtp, reports, digits    packets and their books, RTCP, keypad events: pure
    codecs, streams         PCMU and Opus; what a device sends, and what it is sent
    peer                    one connection with a device, from offer to end
    party                   who can be bridged and played to: what it hears, and who hears it
    endpoint, line          a device in a leg; two ends without a device, back to back
    metronome, playback     20 ms after 20 ms of what we make ourselves
    sounds, ringback, recordings, speech, prompts    tones, files, spoken text
    engine                  all of it, behind the port

Two legs that agree on a codec exchange their packets as they are: decrypted, renumbered, encrypted.
Decoding and encoding happen only where they do not agree. Nothing is renegotiated when a leg is
joined, parted or played to, because an endpoint sends one stream from its first packet to its last.
"""
