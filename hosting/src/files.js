/** The file documents of a user, live, and what can be done with one of them. */
import { collection, deleteDoc, doc, limit, onSnapshot, orderBy, query } from 'firebase/firestore';
import { getBlob, getDownloadURL, ref } from 'firebase/storage';

export const PAGE_SIZE = 30;
// An upload that somebody still works on is never this old.
const ABANDONED_AFTER_MS = 60 * 60 * 1000;

export const filesCollection = (db, uid) => collection(db, 'users', uid, 'files');

/** Where the bytes of a new file go in the bucket. They stay there when the file is renamed. */
export const originalPath = (uid, fileId, name) => `users/${uid}/files/${fileId}/${name}`;

/**
 * Watches the newest `count` files.
 *
 * `onFiles` gets `{ files, hasMore }`; each file is its document's data with `id` and a Date in `createdAt`.
 * One more than asked is fetched to know whether there are more.
 */
export function watchFiles(db, uid, count, onFiles, onError) {
  const newest = query(filesCollection(db, uid), orderBy('createdAt', 'desc'), limit(count + 1));
  const deliver = (snapshot) => {
    const docs = snapshot.docs.slice(0, count);
    onFiles({ files: docs.map(toFile).filter(isListed), hasMore: snapshot.size > count });
  };
  return onSnapshot(newest, deliver, onError);
}

function toFile(snapshot) {
  const data = snapshot.data({ serverTimestamps: 'estimate' });
  return { ...data, id: snapshot.id, createdAt: data.createdAt?.toDate() ?? new Date() };
}

const isListed = (file) => file.state !== 'trashed';

/** Still "uploading" although nobody can be at it any more: the browser that began it went away. */
export const isAbandoned = (file, now = Date.now()) =>
  file.state === 'uploading' && now - file.createdAt.getTime() > ABANDONED_AFTER_MS;

/** Deletes the document; a function removes the bytes and the usage. */
export const deleteFile = (db, uid, fileId) => deleteDoc(doc(filesCollection(db, uid), fileId));

/** Saves the original under its own name. */
export async function downloadFile(storage, uid, file) {
  const original = ref(storage, file.path ?? originalPath(uid, file.id, file.name));
  try {
    saveBlob(await getBlob(original), file.name);
  } catch (error) {
    if (!isBlockedByCors(error)) throw error;
    clickLink({ href: await getDownloadURL(original), target: '_blank', rel: 'noopener' });
  }
}

/** A bucket without a CORS setting lets scripts read no bytes, but a link still works. */
const isBlockedByCors = (error) => navigator.onLine && error.code === 'storage/retry-limit-exceeded';

function saveBlob(blob, name) {
  const url = URL.createObjectURL(blob);
  clickLink({ href: url, download: name });
  // The browser has taken hold of the bytes once the click was handled; a minute is ample.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

const clickLink = (properties) => Object.assign(document.createElement('a'), properties).click();

const thumbnailUrls = new Map();

/** The address of a thumbnail, asked for once per path. */
export function thumbnailUrl(storage, path) {
  if (!thumbnailUrls.has(path)) {
    const url = getDownloadURL(ref(storage, path));
    url.catch(() => thumbnailUrls.delete(path));
    thumbnailUrls.set(path, url);
  }
  return thumbnailUrls.get(path);
}
