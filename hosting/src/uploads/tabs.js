/**
 * The tabs of one user on this device: one of them leads, all of them talk.
 *
 * A lock makes sure that exactly one tab drives the uploads. The browser gives it to the next one when that tab goes,
 * however it goes. One that is frozen or stuck keeps the lock and does nothing: whoever asks it in vain takes its place.
 */
const PATIENCE_MS = 5000;
const OF_THE_LEADER = new Set(['heard', 'news']);

export class Tabs {
  #name;
  #channel;
  #onLead;
  #onDeposed;
  #isLeading = false;
  #closing = new AbortController();
  #standing = null; // ends the wait for the lock
  #asking = null; // runs until the tab that leads has answered

  /**
   * `onLead()` is called once this tab leads, `onDeposed()` when another one took its place, `onMessage(message)` with what
   * other tabs say.
   */
  constructor(uid, { onLead, onDeposed, onMessage }) {
    this.#name = `drop-uploads:${uid}`;
    this.#onLead = onLead;
    this.#onDeposed = onDeposed;
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.onmessage = ({ data }) => this.#hear(data, onMessage);
    this.#stand();
  }

  get isClosed() {
    return this.#closing.signal.aborted;
  }

  get isLeading() {
    return this.#isLeading && !this.isClosed;
  }

  /** Tells all other tabs. */
  post(message) {
    if (!this.isClosed) this.#channel.postMessage(message);
  }

  /** Tells the tab that leads, which has to answer that it heard. */
  ask(message) {
    if (this.isClosed) return;
    this.#channel.postMessage({ ...message, isQuestion: true });
    this.#asking ??= setTimeout(() => this.#takeLead(), PATIENCE_MS);
  }

  close() {
    this.#channel.close();
    this.#answered();
    this.#closing.abort();
    this.#standing?.abort();
  }

  #hear(message, onMessage) {
    if (OF_THE_LEADER.has(message.type)) this.#answered();
    if (message.isQuestion && this.#isLeading) this.#channel.postMessage({ type: 'heard' });
    onMessage(message);
  }

  #answered() {
    clearTimeout(this.#asking);
    this.#asking = null;
  }

  /** Waits to be the next. */
  #stand() {
    this.#standing = new AbortController();
    this.#hold({ signal: this.#standing.signal });
  }

  #takeLead() {
    this.#asking = null;
    if (this.#isLeading || this.isClosed) return;
    this.#standing.abort();
    this.#hold({ steal: true });
  }

  async #hold(options) {
    try {
      await navigator.locks.request(this.#name, options, () => this.#lead());
    } catch {
      if (this.#isLeading && !this.isClosed) this.#stepDown();
    }
  }

  /** The lock is held until this tab closes. */
  #lead() {
    if (this.isClosed) return null;
    this.#isLeading = true;
    this.#answered();
    this.#onLead();
    return new Promise((resolve) => this.#closing.signal.addEventListener('abort', resolve));
  }

  #stepDown() {
    this.#isLeading = false;
    this.#onDeposed();
    this.#stand();
  }
}
