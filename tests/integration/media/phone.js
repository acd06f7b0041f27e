// A page's worth of WebRTC, doing what the Voice SDK does: descriptions leave without candidates,
// right after setLocalDescription, and nothing is trickled.

const FFT_SIZE = 4096;

class Phone {
  constructor() {
    this.context = new AudioContext();
    this.connection = new RTCPeerConnection();
    this.connection.ontrack = (event) => this.listen(event.streams[0]);
    this.analyser = this.context.createAnalyser();
    this.analyser.fftSize = FFT_SIZE;
    this.analyser.smoothingTimeConstant = 0;
  }

  // The microphone is a tone, so that it can be told who is heard; 0 takes the (fake) real one.
  async speak(frequency, codecs) {
    await this.context.resume();
    const stream = frequency ? this.hum(frequency)
      : await navigator.mediaDevices.getUserMedia({ audio: true });
    stream.getAudioTracks().forEach((track) => this.connection.addTrack(track, stream));
    this.codecs = codecs.map((name) => `audio/${name}`.toLowerCase());
  }

  hum(frequency) {
    this.oscillator = new OscillatorNode(this.context, { frequency });
    const destination = this.context.createMediaStreamDestination();
    this.oscillator.connect(destination);
    this.oscillator.start();
    return destination.stream;
  }

  retune(frequency) {
    this.oscillator.frequency.value = frequency;
  }

  listen(stream) {
    // Chromium decodes remote audio only for an element that plays it.
    this.element = new Audio();
    this.element.srcObject = stream;
    this.element.play();
    this.context.createMediaStreamSource(stream).connect(this.analyser);
  }

  // As the SDK's setCodecPreferences: preferred codecs first, all the others behind them.
  prefer() {
    const all = RTCRtpReceiver.getCapabilities('audio').codecs;
    const rank = (codec) => {
      const index = this.codecs.indexOf(codec.mimeType.toLowerCase());
      return index < 0 ? this.codecs.length : index;
    };
    const ordered = all.map((codec, index) => ({ codec, index }))
      .sort((a, b) => rank(a.codec) - rank(b.codec) || a.index - b.index)
      .map(({ codec }) => codec);
    this.connection.getTransceivers().forEach((t) => t.setCodecPreferences(ordered));
  }

  async offer(options = {}) {
    this.prefer();
    await this.connection.setLocalDescription(await this.connection.createOffer(options));
    return this.connection.localDescription.sdp;
  }

  async accept(sdp) {
    await this.connection.setRemoteDescription({ type: 'answer', sdp });
  }

  async answer(sdp) {
    // The SDK settles the DTLS roles itself.
    const settled = sdp.replace(/^a=setup:actpass$/gm, 'a=setup:passive');
    await this.connection.setRemoteDescription({ type: 'offer', sdp: settled });
    this.prefer();
    await this.connection.setLocalDescription(await this.connection.createAnswer());
    return this.connection.localDescription.sdp;
  }

  press(digits) {
    this.connection.getSenders()[0].dtmf.insertDTMF(digits, 160, 70);
  }

  async heard() {
    const stats = [...(await this.connection.getStats()).values()];
    const inbound = stats.find((s) => s.type === 'inbound-rtp' && s.kind === 'audio') ?? {};
    const remote = stats.find((s) => s.type === 'remote-inbound-rtp') ?? {};
    const codec = stats.find((s) => s.id === inbound.codecId) ?? {};
    return {
      state: this.connection.connectionState,
      ice: this.connection.iceConnectionState,
      packets: inbound.packetsReceived ?? 0,
      lost: inbound.packetsLost ?? 0,
      level: inbound.audioLevel ?? 0,
      codec: codec.mimeType ?? '',
      roundTrip: remote.roundTripTime ?? null,
      frequency: this.loudestFrequency(),
    };
  }

  // In hertz; 0 where nothing is to be heard.
  loudestFrequency() {
    const bins = new Float32Array(this.analyser.frequencyBinCount);
    this.analyser.getFloatFrequencyData(bins);
    const loudest = bins.indexOf(Math.max(...bins));
    return bins[loudest] < -60 ? 0 : loudest * this.context.sampleRate / FFT_SIZE;
  }

  async close() {
    this.connection.close();
    this.connection.getSenders().forEach((sender) => sender.track?.stop());
    await this.context.close();
  }
}

window.phone = new Phone();
