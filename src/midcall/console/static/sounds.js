// The sounds of the phone, made here: by default the SDK fetches its own from a third party's host.
//
// Each is a short WAV file in a blob. The SDK plays them through its public `sounds` option.

const RATE = 8000; // samples a second: telephone quality

// Frequency pairs of the keys (ITU-T Q.23).
const ROWS = [697, 770, 852, 941];
const COLUMNS = [1209, 1336, 1477];
const KEYS = ['123', '456', '789', 's0h'];

/** A sample of a chord at a time, faded in and out over 8 ms so that it does not click. */
function chord(frequencies, at, seconds) {
  const fade = Math.min(1, at / 0.008, (seconds - at) / 0.008);
  const sum = frequencies.reduce((total, hertz) => total + Math.sin(2 * Math.PI * hertz * at), 0);
  return (fade * sum) / frequencies.length;
}

/** One WAV file, 16 bit mono: chords one after another, each `[frequencies, seconds, volume]`. */
function wav(...chords) {
  const samples = chords.flatMap(([frequencies, seconds, volume]) =>
    Array.from({ length: Math.round(seconds * RATE) }, (_, index) =>
      frequencies.length ? volume * chord(frequencies, index / RATE, seconds) : 0));
  const view = new DataView(new ArrayBuffer(44 + samples.length * 2));
  const text = (offset, letters) =>
    [...letters].forEach((letter, index) => view.setUint8(offset + index, letter.charCodeAt(0)));
  text(0, 'RIFF');
  view.setUint32(4, 36 + samples.length * 2, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true); // channels
  view.setUint32(24, RATE, true);
  view.setUint32(28, RATE * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, 'data');
  view.setUint32(40, samples.length * 2, true);
  samples.forEach((sample, index) => view.setInt16(44 + index * 2, sample * 32767, true));
  return URL.createObjectURL(new Blob([view], { type: 'audio/wav' }));
}

/** Make every sound that the SDK knows, by the SDK's names. */
export function makeSounds() {
  const sounds = {
    incoming: wav([[440, 480], 1, 0.25], [[], 2, 0]),
    outgoing: wav([[440], 0.08, 0.15], [[660], 0.12, 0.15]),
    disconnect: wav([[660], 0.08, 0.15], [[440], 0.12, 0.15]),
  };
  KEYS.forEach((keys, row) => [...keys].forEach((key, column) => {
    sounds[`dtmf${key}`] = wav([[ROWS[row], COLUMNS[column]], 0.16, 0.15]);
  }));
  return sounds;
}
