/** The file documents of a user: how they read, and every change that their owner may make to one. */
import { collection, deleteField, doc, getDoc, serverTimestamp, updateDoc, writeBatch } from 'firebase/firestore';
import { searchFields } from './keywords.js';

/** How many changes go in one request. */
const BATCH = 100;
// An upload that somebody still works on is never this old.
const ABANDONED_AFTER_MS = 60 * 60 * 1000;

export const TRASH_DAYS = 30;
const DAY_MS = 24 * 60 * 60 * 1000;

export const filesCollection = (db, uid) => collection(db, 'users', uid, 'files');

/** Where the bytes of a new file go in the bucket. They stay there when the file is renamed. */
export const originalPath = (uid, fileId, name) => `users/${uid}/files/${fileId}/${name}`;

/**
 * A document as the page uses it: its data with `id`, times as Dates, and `isPending` for changes not sent yet.
 *
 * `stamps` are the exact times as texts that compare as the times do; a Date has only milliseconds.
 */
export function toFile(snapshot) {
  const data = snapshot.data({ serverTimestamps: 'estimate' });
  const stamp = (field) => data[field]?.valueOf() ?? '';
  const time = (field) => data[field]?.toDate() ?? null;
  return {
    ...data,
    id: snapshot.id,
    createdAt: time('createdAt') ?? new Date(),
    trashedAt: time('trashedAt'),
    retryAt: time('retryAt'),
    stamps: { createdAt: stamp('createdAt'), updatedAt: stamp('updatedAt'), trashedAt: stamp('trashedAt') },
    isPending: snapshot.metadata.hasPendingWrites,
  };
}

/** Still "uploading" although nobody can be at it any more: the browser that began it went away. */
export const isAbandoned = (file, now = Date.now()) =>
  file.state === 'uploading' && now - file.createdAt.getTime() > ABANDONED_AFTER_MS;

/** When the functions remove a trashed file for good. */
export const purgeDate = ({ trashedAt }) => new Date(trashedAt.getTime() + TRASH_DAYS * DAY_MS);

export const renameFile = (db, uid, fileId, name) =>
  updateDoc(fileRef(db, uid, fileId), { name, ...searchFields(name), updatedAt: serverTimestamp() });

export const trashFiles = (db, uid, ids) =>
  writeAll(db, ids, (batch, id) =>
    batch.update(fileRef(db, uid, id), { state: 'trashed', trashedAt: serverTimestamp(), updatedAt: serverTimestamp() }),
  );

export const restoreFiles = (db, uid, ids) =>
  writeAll(db, ids, (batch, id) =>
    batch.update(fileRef(db, uid, id), { state: 'ready', trashedAt: deleteField(), updatedAt: serverTimestamp() }),
  );

/** Deletes the documents; a function removes the bytes and gives the space back. */
export const deleteFiles = (db, uid, ids) => writeAll(db, ids, (batch, id) => batch.delete(fileRef(db, uid, id)));

/** The name of one file, or null when there is none. */
export const fileName = async (db, uid, fileId) => (await getDoc(fileRef(db, uid, fileId))).data()?.name ?? null;

const fileRef = (db, uid, fileId) => doc(filesCollection(db, uid), fileId);

function writeAll(db, ids, write) {
  const batches = [];
  for (let start = 0; start < ids.length; start += BATCH) {
    const batch = writeBatch(db);
    for (const id of ids.slice(start, start + BATCH)) write(batch, id);
    batches.push(batch.commit());
  }
  return Promise.all(batches);
}
