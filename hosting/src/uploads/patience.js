/** Waiting, in ways that can be ended early. */

const FIRST_MS = 1000;
const LONGEST_MS = 60_000;

/** How long to wait before try `attempt` (from 0): doubling up to a minute, and never for two clients alike. */
export const backoff = (attempt, random = Math.random) => Math.min(FIRST_MS * 2 ** attempt, LONGEST_MS) * (0.5 + random() / 2);

/** Resolves after `ms`, at once when `target` fires `event`, and rejects when `signal` aborts. */
export function sleep(ms, { signal, target, event }) {
  return new Promise((resolve, reject) => {
    const over = new AbortController();
    const end = (act) => {
      over.abort();
      clearTimeout(timer);
      act();
    };
    const timer = setTimeout(() => end(resolve), ms);
    target.addEventListener(event, () => end(resolve), { signal: over.signal });
    signal.addEventListener('abort', () => end(() => reject(signal.reason)), { signal: over.signal });
    if (signal.aborted) end(() => reject(signal.reason));
  });
}

/** Resolves when the browser says that there is a connection. */
export function untilOnline(signal) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    if (navigator.onLine) return resolve();
    window.addEventListener('online', () => resolve(), { once: true, signal });
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** `promise`, unless `signal` aborts before. For work that cannot be stopped itself. */
export function unlessAborted(signal, promise) {
  return new Promise((resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    promise.then(resolve, reject);
  });
}
