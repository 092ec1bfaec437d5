/** Sends the bytes of one file, from wherever the server says it stopped. */
import { CHUNK_UNIT, TransferError } from './protocol.js';

const LARGEST_CHUNK = 32 * CHUNK_UNIT;
// A chunk is lost whole when the connection is: so long ones are for fast lines only.
const BRIEF_MS = 1000;
const LONG_MS = 4000;

/** Doubles after a brief chunk, halves after a long one. */
export function nextChunkSize(size, elapsed) {
  if (elapsed < BRIEF_MS) return Math.min(size * 2, LARGEST_CHUNK);
  return elapsed > LONG_MS ? Math.max(size / 2, CHUNK_UNIT) : size;
}

/**
 * Sends what the server does not have yet of `upload` (`{ file, size, contentType, session }`) to `path`.
 *
 * `onSession(url)` hears of a new session before its first byte is sent, `onSent(bytes, isConfirmed)` how far it is.
 * Answers true when the object is stored. False means that the session had ended before: somebody else has to say
 * whether the object is there.
 */
export async function transfer(endpoint, path, upload, { onSession, onSent, signal }) {
  let session = upload.session;
  let offset = 0;
  if (session) {
    const known = await whereItStands(endpoint, session, signal);
    if (known.isFinal) return false;
    if (known.isExpired) session = null;
    else offset = known.received;
  }
  if (!session) {
    session = await endpoint.start({ path, size: upload.size, contentType: upload.contentType }, signal);
    await onSession(session);
  }
  onSent(offset, true);
  return sendFrom(endpoint, session, upload, offset, { onSent, signal });
}

async function whereItStands(endpoint, session, signal) {
  try {
    return await endpoint.query(session, signal);
  } catch (error) {
    if (error.kind === 'expired') return { isExpired: true };
    throw error;
  }
}

async function sendFrom(endpoint, session, { file, size }, start, { onSent, signal }) {
  let chunkSize = CHUNK_UNIT;
  let offset = start;
  for (;;) {
    const end = Math.min(offset + chunkSize, size);
    const from = offset;
    const began = performance.now();
    const onProgress = (loaded) => onSent(Math.min(from + loaded, end), false);
    const isFinal = await endpoint.send(session, file.slice(from, end), { offset: from, isLast: end === size, onProgress, signal });
    onSent(end, true);
    if (isFinal) return true;
    if (end === size) throw new TransferError('confused', 200);
    offset = end;
    chunkSize = nextChunkSize(chunkSize, performance.now() - began);
  }
}
