/** Long work done for a user by functions, live: the archive of everything, and the end of the account. */
import { collection, onSnapshot, query, where } from 'firebase/firestore';
import { call } from './callables.js';

/** Calls `onExport` with the newest export, as its document's data with `id` and Dates, or null. */
export function watchExport({ services, uid }, onExport, onError) {
  const exports = query(collection(services.db, 'users', uid, 'jobs'), where('kind', '==', 'export'));
  const newest = (a, b) => b.createdAt - a.createdAt;
  return onSnapshot(exports, ({ docs }) => onExport(docs.map(toJob).sort(newest)[0] ?? null), onError);
}

function toJob(snapshot) {
  const data = snapshot.data();
  return { ...data, id: snapshot.id, createdAt: data.createdAt?.toDate() ?? new Date(), expiresAt: data.expiresAt?.toDate() ?? null };
}

export const startExport = () => call('start_export');

/** Where a part can be had from; the browser saves it, so that its size does not matter. */
export async function partUrl({ services }, { path }) {
  const { at, getDownloadURL } = await services.storage();
  return getDownloadURL(at(path));
}

/** `confirm` is the address of the account, or "DELETE" for a guest. Throws CallableError. */
export const deleteAccount = (confirm) => call('delete_account', { confirm });
