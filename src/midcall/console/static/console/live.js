// The server's word that something changed. What, the page finds out by asking for what it shows.

import { session } from '/console/static/session.js';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
const SILENCE_MS = 40_000; // the server says something every 15 s

/**
 * Listen until the signal is aborted. `changed` is called for every change and after every gap,
 * `show` with `live` or `lost`, `refused` if the session is over.
 */
export async function listen(signal, { changed, show, refused }) {
  let pause = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    try {
      const status = await follow(signal, () => {
        pause = FIRST_PAUSE_MS;
        show('live');
        changed();
      }, changed);
      if (status === 401) {
        refused();
        return;
      }
    } catch {
      // However it ended, it is begun again.
    }
    if (signal.aborted) return;
    show('lost');
    await new Promise((resolve) => { setTimeout(resolve, pause); });
    pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
  }
}

/** Read the stream to its end; return the status it was answered with. */
async function follow(signal, opened, changed) {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  try {
    const response = await fetch('/console/live', {
      headers: { Authorization: `Bearer ${session()?.token}`, Accept: 'text/event-stream' },
      cache: 'no-store',
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (!response.ok) return response.status;
    opened();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return response.status;
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
      const lines = (rest + value).split(/\r?\n/);
      rest = lines.pop();
      if (lines.some((line) => line.startsWith('event: change'))) changed();
    }
  } finally {
    clearTimeout(timer);
  }
}
