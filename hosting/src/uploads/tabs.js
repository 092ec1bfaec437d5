/**
 * The tabs of one user on this device: one of them leads, all of them talk.
 *
 * A lock makes sure that exactly one tab drives the uploads. The browser gives it to the next one when that tab goes,
 * however it goes.
 */
export class Tabs {
  #channel;
  #closing = new AbortController();

  /** `onLead()` is called once this tab leads, `onMessage(message)` with what other tabs post. */
  constructor(uid, { onLead, onMessage }) {
    const name = `drop-uploads:${uid}`;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }) => onMessage(data);
    const { signal } = this.#closing;
    const lead = () => {
      onLead();
      return new Promise((resolve) => signal.addEventListener('abort', resolve)); // the lock is held until then
    };
    navigator.locks.request(name, { signal }, lead).catch(() => {}); // closed while it waited
  }

  get isClosed() {
    return this.#closing.signal.aborted;
  }

  post(message) {
    if (!this.isClosed) this.#channel.postMessage(message);
  }

  close() {
    this.#channel.close();
    this.#closing.abort();
  }
}
