"""Session descriptions for the tests, as they came from a browser and from the original."""

CHROMIUM_OFFER = """\
v=0
o=- 7207032320591220403 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
a=extmap-allow-mixed
a=msid-semantic: WMS 61b861e2-d7d1-4726-b2b5-c696004fb16c
m=audio 9 UDP/TLS/RTP/SAVPF 0 111 63 9 8 13 110 126
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:Tdsh
a=ice-pwd:KOkbvFnwtcf37IVGw2CmvcSx
a=ice-options:trickle
a=fingerprint:sha-256 E6:13:06:BD:1C:B1:AE:2C:4C:E7:E7:EB:A2:1E:58:54:C4:AA:04:52:2B:15:53:41:54:\
A7:68:3A:68:D7:61:C6
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=sendrecv
a=msid:61b861e2-d7d1-4726-b2b5-c696004fb16c 62bc8fef-22f0-40fb-ac7c-46a7c4508c1d
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:0 PCMU/8000
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:9 G722/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:13 CN/8000
a=rtpmap:110 telephone-event/48000
a=rtpmap:126 telephone-event/8000
a=ssrc:2629245089 cname:lryEX5nlb2KkT/Xk
""".replace("\n", "\r\n")

WITH_VIDEO = CHROMIUM_OFFER.replace("BUNDLE 0", "BUNDLE 0 1") + (
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=rtpmap:96 VP8/90000\r\n"
)

CHROMIUM_ANSWER = CHROMIUM_OFFER.replace("a=setup:actpass", "a=setup:active")
