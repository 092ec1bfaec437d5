/**
 * The bytes of a shared file, piece after piece. A piece that fails is asked for again a few times; after that the person
 * may go on where it stopped. The pieces are blobs, which the browser may hold on disk.
 */
import { beginDownload, readPiece, RequestFailed } from './api.js';

const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

export class Pieces {
  #id;
  #allowance = null;
  #pieces = [];

  constructor(id) {
    this.#id = id;
  }

  /** The same file from its beginning, counted as another download. */
  anew() {
    return new Pieces(this.#id);
  }

  /**
   * All pieces as a list of Blobs. Called again after a failure it goes on where it stopped, and is not counted again.
   * `onProgress(bytes, size)` hears of every arrival.
   *
   * Raises ShareEnded, RequestFailed when a piece failed for good, or the AbortError of `signal`.
   */
  async fetch({ signal, onProgress }) {
    this.#allowance ??= await beginDownload(this.#id, signal);
    const { size, chunk } = this.#allowance;
    try {
      while (this.#pieces.length * chunk < size) {
        const start = this.#pieces.length * chunk;
        const read = () => this.#read(start, Math.min(start + chunk, size), signal, (bytes) => onProgress(start + bytes, size));
        this.#pieces.push(await persistently(read, signal));
      }
    } catch (error) {
      if (isRefused(error)) this.#startOver();
      throw error;
    }
    return this.#pieces;
  }

  async #read(start, end, signal, tell) {
    const response = await readPiece(this.#id, this.#allowance.grant, start, end, signal);
    const parts = [];
    let bytes = 0;
    for await (const part of arrivals(response, signal)) {
      parts.push(part);
      bytes += part.length;
      tell(bytes);
    }
    if (bytes !== end - start) throw new RequestFailed(0);
    return new Blob(parts);
  }

  #startOver() {
    this.#allowance = null;
    this.#pieces = [];
  }
}

/** The allowance lasts minutes; one that is over is no use any more. */
const isRefused = ({ status }) => status === 401 || status === 403;

/** The bytes of a body as they come. A connection that breaks in the middle is a failure that may be tried again. */
async function* arrivals(response, signal) {
  const reader = response.body.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof TypeError ? new RequestFailed(0) : error;
  }
}

async function persistently(work, signal) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!error.canRetry || attempt === ATTEMPTS) throw error;
      await pause(error.retryAfter === null ? FIRST_PAUSE_MS * 2 ** (attempt - 1) : error.retryAfter * 1000, signal);
    }
  }
}

function pause(wish, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, Math.min(wish, LONGEST_PAUSE_MS));
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    signal.addEventListener('abort', stop, { once: true });
  });
}
