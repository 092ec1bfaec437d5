/** The share links of a user: read live from Firestore; only functions make and end them. */
import { collection, onSnapshot, query, where } from 'firebase/firestore';
import { call } from './callables.js';

export const MOST_HOURS = 720;
export const MOST_DOWNLOADS = 1000;

/** The address to hand on. */
export const shareAddress = (shareId) => `${location.origin}/s/${shareId}`;

/**
 * Watches the links to one file, or with no `fileId` all of them, newest first.
 *
 * Each is its document's data with `id` and Dates in `createdAt` and `expiresAt`.
 */
export function watchShares(db, uid, fileId, onShares, onError) {
  const own = [where('uid', '==', uid), ...(fileId ? [where('fileId', '==', fileId)] : [])];
  const deliver = (snapshot) => onShares(snapshot.docs.map(toShare).sort((one, other) => other.createdAt - one.createdAt));
  return onSnapshot(query(collection(db, 'shares'), ...own), deliver, onError);
}

function toShare(snapshot) {
  const data = snapshot.data({ serverTimestamps: 'estimate' });
  return { ...data, id: snapshot.id, createdAt: data.createdAt.toDate(), expiresAt: data.expiresAt.toDate() };
}

/** Makes a link; `maxDownloads` null means without a limit. Answers its id. Throws CallableError. */
export async function createShare({ fileId, hours, maxDownloads }) {
  return (await call('create_share', { fileId, hours, maxDownloads })).shareId;
}

/** Ends a link at once and for good. Throws CallableError. */
export const revokeShare = (shareId) => call('revoke_share', { shareId });

/** "active", or why it ended: "revoked", "expired", "used-up". */
export function shareState({ state, expiresAt, maxDownloads, downloads }, now = Date.now()) {
  if (state !== 'active') return 'revoked';
  if (expiresAt <= now) return 'expired';
  return maxDownloads !== null && downloads >= maxDownloads ? 'used-up' : 'active';
}
