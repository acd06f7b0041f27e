// Asks again for what a view shows: one question at a time, and not too often.

const GAP_MS = 300;
const UNSEEN_GAP_MS = 5_000; // nobody looks at the page
const AGAIN_MS = 5_000; // after the server could not be reached
const OLDEST_MS = 60_000; // whatever became of the server's word, nothing shown is older than this

export class Refresher {
  /** `work` refreshes the view; `failed` is told why it could not, `worked` that it could. */
  constructor(work, { signal, failed, worked }) {
    Object.assign(this, { work, signal, failed, worked, busy: false, wanted: false, pause: null, oldest: null });
    document.addEventListener('visibilitychange', () => this.onVisible(), { signal });
    signal.addEventListener('abort', () => this.stop());
  }

  /** Ask for a refresh soon. Whatever is asked for meanwhile is the same refresh. */
  ask() {
    this.wanted = true;
    if (!this.busy && !this.signal.aborted) this.run();
  }

  async run() {
    clearTimeout(this.oldest);
    this.busy = true;
    this.wanted = false;
    let gap = document.hidden ? UNSEEN_GAP_MS : GAP_MS;
    try {
      await this.work();
      if (!this.signal.aborted) this.worked();
    } catch (error) {
      gap = AGAIN_MS;
      this.wanted = true;
      if (!this.signal.aborted) this.failed(error);
    } finally {
      this.rest(gap);
    }
  }

  /** Do nothing for a while, then what was asked for meanwhile. */
  rest(gap) {
    if (this.signal.aborted) return;
    this.pause = setTimeout(() => this.rested(), gap);
    this.oldest = setTimeout(() => this.ask(), OLDEST_MS);
  }

  rested() {
    clearTimeout(this.pause);
    this.pause = null;
    this.busy = false;
    if (this.wanted) this.ask();
  }

  onVisible() {
    if (!document.hidden && this.pause !== null) this.rested();
  }

  stop() {
    clearTimeout(this.pause);
    clearTimeout(this.oldest);
  }
}
