/** One upload: what the store keeps of it, what an engine works with, and what others are shown. */

const RECORDED = ['key', 'uid', 'addedAt', 'order', 'name', 'size', 'contentType', 'fileId', 'isAnnounced', 'session', 'digest', 'isWanted', 'phase', 'problem', 'duplicate', 'sent'];
const SHOWN = ['key', 'order', 'name', 'size', 'contentType', 'fileId', 'phase', 'problem', 'duplicate', 'sent', 'speed', 'retryAt', 'reason', 'isKept'];
// What another page was in the middle of, this one begins anew from what is known.
const LASTING = new Set(['paused', 'duplicate', 'failed', 'processing', 'discarded']);

const pick = (source, names) => Object.fromEntries(names.map((name) => [name, source[name]]));

/** The record of a new upload: what the store keeps and an engine starts from. */
export const newRecord = (uid, { key, order, name, size, contentType }) => ({
  key,
  uid,
  addedAt: Date.now(),
  order,
  name,
  size,
  contentType,
  fileId: null,
  isAnnounced: false,
  session: null,
  digest: null,
  isWanted: false,
  phase: 'waiting',
  problem: null,
  duplicate: null,
  sent: 0,
});

/** A record in the hands of an engine. */
export function liveUpload(record, { file, isKept }) {
  const phase = LASTING.has(record.phase) ? record.phase : 'waiting';
  return {
    ...record,
    phase,
    file,
    isKept,
    isVerified: false, // whether this page knows that the document is still there
    speed: null,
    retryAt: null,
    reason: null,
    attempts: 0,
    confusions: 0,
    nudge: new EventTarget(),
    control: null,
    stopWatching: null,
  };
}

/** What the store keeps. */
export const recordOf = (upload) => pick(upload, RECORDED);

/** What whoever shows uploads is given. */
export const snapshotOf = (upload) => pick(upload, SHOWN);
