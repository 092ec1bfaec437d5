/**
 * Calls the callable functions: the protocol of the Firebase SDKs, which is one POST, without the SDK (10 kB).
 * https://firebase.google.com/docs/functions/callable-reference
 */
import { NoAnswer, within } from './within.js';

const REGION = 'us-central1';
// A callable answers within 60 s or is ended; a little more for the way there and back.
const PATIENCE_MS = 70_000;

/** What went wrong: `code` as Firebase spells it ("permission-denied"), `reason` for the page, `message` for people. */
export class CallableError extends Error {
  constructor({ code, reason, message, requestId = null, details = {} }) {
    super(message);
    this.name = 'CallableError';
    Object.assign(this, { code, reason, requestId, details });
  }
}

let connection = null;

/**
 * Says where the functions are and who asks. `idToken()` and `appCheckToken()` answer a promise of a token or null;
 * `language()` is the language that messages are wanted in.
 */
export function connectCallables({ projectId, emulators, idToken, appCheckToken = async () => null, language = () => 'en' }) {
  const at = emulators?.functions;
  const base = at ? `http://${at.host}:${at.port}/${projectId}/${REGION}` : `https://${REGION}-${projectId}.cloudfunctions.net`;
  connection = { base, idToken, appCheckToken, language };
}

/** Runs the function `name` on `data` and answers its result. Throws CallableError, whatever went wrong. */
export async function call(name, data = {}) {
  const { base } = connection;
  const response = await post(`${base}/${name}`, await within(PATIENCE_MS, headers()).catch(tooLate), JSON.stringify({ data }));
  const body = await response.json().catch(() => ({}));
  if (response.ok && 'result' in body) return body.result;
  throw refusal(response, body.error);
}

async function headers() {
  const [idToken, appCheck] = await Promise.all([connection.idToken(), connection.appCheckToken()]);
  return {
    'Content-Type': 'application/json',
    'Accept-Language': connection.language(),
    ...(idToken && { Authorization: `Bearer ${idToken}` }),
    ...(appCheck && { 'X-Firebase-AppCheck': appCheck }),
  };
}

async function post(url, headers, body) {
  try {
    return await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch (cause) {
    if (cause.name === 'TimeoutError') tooLate(cause);
    throw new CallableError({ code: 'unavailable', reason: 'network', message: cause.message });
  }
}

function tooLate(cause) {
  if (cause instanceof NoAnswer || cause.name === 'TimeoutError') throw new CallableError({ code: 'deadline-exceeded', reason: 'timeout', message: cause.message });
  throw cause;
}

/** The error of an answer. One that no function wrote (a proxy, a crash) has the code its HTTP status stands for. */
function refusal(response, error) {
  const code = (error?.status ?? STATUSES[response.status] ?? 'INTERNAL').toLowerCase().replaceAll('_', '-');
  const { reason = code, requestId, ...details } = error?.details ?? {};
  return new CallableError({ code, reason, requestId, details, message: error?.message ?? `HTTP ${response.status}` });
}

const STATUSES = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};
