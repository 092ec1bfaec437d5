/** What the page of a shared file asks the functions: `/api/shares/…`, on the page's own origin and without any account. */

const SHARE_ID = /^[A-Za-z0-9_-]{22}$/;

/** The link is over, or never was: the functions tell nobody which. */
export class ShareEnded extends Error {}

/** Anything else. `canRetry` when the same request may work in a moment; `reason` tells apart what has the same status. */
export class RequestFailed extends Error {
  constructor(status, retryAfter = null, reason = null) {
    super(`the server answered ${status}`);
    this.status = status;
    this.retryAfter = retryAfter;
    this.reason = reason;
  }

  get canRetry() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** The id in `/s/{shareId}`, or null when it can be none. */
export function shareIdIn(path) {
  const id = path.split('/')[2] ?? '';
  return SHARE_ID.test(id) ? id : null;
}

/** `{ name, size, contentType, kind, expiresAt, downloadsLeft, preview }`; `expiresAt` is a Date. */
export async function readShare(id) {
  const share = await (await request(`/api/shares/${id}`)).json();
  return { ...share, expiresAt: new Date(share.expiresAt) };
}

export const previewAddress = (id) => `/api/shares/${id}/preview`;

/** Counts one download; answers `{ grant, size, chunk }`, which `readPiece` needs. */
export async function beginDownload(id, signal) {
  return (await request(`/api/shares/${id}/downloads`, { method: 'POST', signal })).json();
}

/** The response with the bytes from `start` up to and without `end`. */
export function readPiece(id, grant, start, end, signal) {
  const address = `/api/shares/${id}/content?grant=${encodeURIComponent(grant)}`;
  return request(address, { headers: { Range: `bytes=${start}-${end - 1}` }, signal });
}

async function request(address, options = {}) {
  const response = await fetch(address, { cache: 'no-store', ...options }).catch((error) => {
    if (error.name === 'AbortError') throw error;
    throw new RequestFailed(0);
  });
  if (response.ok) return response;
  if (response.status === 404) throw new ShareEnded();
  const body = await response.json().catch(() => null); // a proxy may answer in another form
  throw new RequestFailed(response.status, Number(response.headers.get('Retry-After')) || null, body?.error?.details?.reason ?? null);
}
