/**
 * The resumable upload protocol of Cloud Storage for Firebase, spoken to its endpoint directly.
 *
 * Firebase's own SDK keeps the address of a session to itself, so what it began is lost with the page. Requests and
 * headers are those of that SDK (`@firebase/storage`): `start` answers the address of a session; `upload` appends a chunk
 * at an offset, with `finalize` beside it for the last one; `query` tells how much has arrived; `cancel` ends it.
 */

import { within } from '../within.js';

/** Every chunk but the last is a multiple of this many bytes. */
export const CHUNK_UNIT = 256 * 1024;

const PRODUCTION = 'https://firebasestorage.googleapis.com';
// A request that moves no byte for this long is taken for lost.
const STALLED_MS = 60_000;
const UNHEARD = new Set(['auth/network-request-failed', 'drop/no-answer']);

/**
 * Why a request came to nothing. `kind` is one of
 * - `lost`: no answer, or one that asks to come again; the session may have taken bytes or not
 * - `expired`: the session is not known any more
 * - `denied`: the rules (or the token) say no
 * - `confused`: the server and this page do not agree about the session; `query` tells where it stands
 */
export class TransferError extends Error {
  constructor(kind, status) {
    super(`${kind} (status ${status})`);
    this.name = 'TransferError';
    this.kind = kind;
  }
}

const KINDS = { 401: 'denied', 403: 'denied', 404: 'expired', 408: 'lost', 410: 'expired', 429: 'lost' };

const kindOf = (status) => KINDS[status] ?? (status === 0 || status >= 500 ? 'lost' : 'confused');

export class ResumableEndpoint {
  #objects;
  #identity;

  /** `identity(isRefreshed)` answers a promise of `{ idToken, appCheck }`; the latter may be null. */
  constructor({ bucket, emulator, identity }) {
    const origin = emulator ? `http://${emulator.host}:${emulator.port}` : PRODUCTION;
    this.#objects = `${origin}/v0/b/${encodeURIComponent(bucket)}/o`;
    this.#identity = identity;
  }

  /** Begins an upload to `path`; answers the address of its session. */
  async start({ path, size, contentType }, signal) {
    const answer = await this.#ask(`${this.#objects}?name=${encodeURIComponent(path)}`, {
      headers: {
        'X-Goog-Upload-Protocol': 'resumable',
        'X-Goog-Upload-Command': 'start',
        'X-Goog-Upload-Header-Content-Length': size,
        'X-Goog-Upload-Header-Content-Type': contentType,
        'Content-Type': 'application/json; charset=utf-8',
      },
      body: JSON.stringify({ name: path, contentType }),
      signal,
    });
    const session = answer.header('X-Goog-Upload-URL');
    if (!session) throw new TransferError('lost', answer.status);
    return session;
  }

  /** How far a session has come: `{ received, isFinal }`. */
  async query(session, signal) {
    const answer = await this.#ask(session, { headers: { 'X-Goog-Upload-Command': 'query' }, signal });
    const isFinal = isFinished(answer);
    const received = Number(answer.header('X-Goog-Upload-Size-Received') ?? NaN);
    if (!isFinal && !Number.isSafeInteger(received)) throw new TransferError('lost', answer.status);
    return { received, isFinal };
  }

  /** Appends `chunk` at `offset`; `onProgress` hears how many of its bytes have left. Answers whether the upload is complete. */
  async send(session, chunk, { offset, isLast, onProgress, signal }) {
    const answer = await this.#ask(session, {
      headers: {
        'X-Goog-Upload-Command': isLast ? 'upload, finalize' : 'upload',
        'X-Goog-Upload-Offset': offset,
        'Content-Type': 'application/octet-stream',
      },
      body: chunk,
      onProgress,
      signal,
    });
    return isFinished(answer);
  }

  async cancel(session) {
    await this.#ask(session, { headers: { 'X-Goog-Upload-Command': 'cancel' } });
  }

  /** Whether an object is stored under `path`. */
  async exists(path, signal) {
    try {
      await this.#ask(`${this.#objects}/${encodeURIComponent(path)}`, { method: 'GET', headers: {}, signal });
      return true;
    } catch (error) {
      if (error.kind === 'expired') return false;
      throw error;
    }
  }

  /** A token that is refused although it should be good may have been taken back; a fresh one gets one more try. */
  async #ask(url, request) {
    const answer = await this.#askAs(await this.#credentials(false), url, request);
    const final = answer.status === 401 ? await this.#askAs(await this.#credentials(true), url, request) : answer;
    if (final.status >= 200 && final.status < 300) return final;
    throw new TransferError(kindOf(final.status), final.status);
  }

  #askAs(credentials, url, { headers, ...request }) {
    return exchange(url, { ...request, headers: { ...headers, ...credentials } });
  }

  async #credentials(isRefreshed) {
    try {
      const { idToken, appCheck } = await within(STALLED_MS, this.#identity(isRefreshed));
      return { Authorization: `Firebase ${idToken}`, ...(appCheck && { 'X-Firebase-AppCheck': appCheck }) };
    } catch (error) {
      throw new TransferError(UNHEARD.has(error.code) ? 'lost' : 'denied', 0);
    }
  }
}

/** Only the endpoint itself says `X-Goog-Upload-Status`; whatever else answers 200 is no upload server. */
function isFinished(answer) {
  const status = answer.header('X-Goog-Upload-Status');
  if (status === 'final') return true;
  if (status === 'active') return false;
  throw new TransferError(status === 'cancelled' ? 'expired' : 'lost', answer.status);
}

/** One request. XMLHttpRequest, because `fetch` does not tell how much of a body has left. */
function exchange(url, { method = 'POST', headers, body = null, onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    const watchdog = stallWatch(abort);
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, String(value));
    request.upload.onprogress = ({ loaded }) => {
      watchdog.alive();
      onProgress?.(loaded);
    };
    request.onloadend = () => {
      watchdog.stop();
      signal?.removeEventListener('abort', abort);
      if (signal?.aborted) reject(signal.reason);
      else resolve({ status: request.status, header: (name) => request.getResponseHeader(name) });
    };
    if (signal?.aborted) return reject(signal.reason);
    signal?.addEventListener('abort', abort);
    request.send(body);
  });
}

function stallWatch(onStalled) {
  let timer = setTimeout(onStalled, STALLED_MS);
  return {
    alive: () => {
      clearTimeout(timer);
      timer = setTimeout(onStalled, STALLED_MS);
    },
    stop: () => clearTimeout(timer),
  };
}
