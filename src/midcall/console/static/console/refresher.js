// Asks again for what a view shows: one question at a time, not too often, and not unseen.

const GAP_MS = 300;
const AGAIN_MS = 5_000; // after the server could not be reached

export class Refresher {
  /** `work` refreshes the view; `failed` is told why it could not, `worked` that it could. */
  constructor(work, { signal, failed, worked }) {
    Object.assign(this, { work, signal, failed, worked, busy: false, wanted: false, timer: null });
    this.onVisible = () => { if (this.wanted) this.ask(); };
    document.addEventListener('visibilitychange', this.onVisible, { signal });
    signal.addEventListener('abort', () => clearTimeout(this.timer));
  }

  /** Ask for a refresh soon. Whatever is asked for meanwhile is the same refresh. */
  ask() {
    this.wanted = true;
    if (this.busy || this.signal.aborted || document.hidden) return;
    this.run();
  }

  async run() {
    this.busy = true;
    this.wanted = false;
    let pause = GAP_MS;
    try {
      await this.work();
      if (!this.signal.aborted) this.worked();
    } catch (error) {
      if (!this.signal.aborted) {
        pause = AGAIN_MS;
        this.wanted = true;
        this.failed(error);
      }
    } finally {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => {
        this.busy = false;
        if (this.wanted) this.ask();
      }, pause);
    }
  }
}
