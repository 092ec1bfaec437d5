/** The file documents of a user: how they read, and every change that their owner may make to one. */
import { collection, deleteField, doc, getDoc, getDocFromCache, serverTimestamp, updateDoc, writeBatch } from 'firebase/firestore';
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

// A change is `{ stored, sent }`: promises kept when this device has it, so that a reload cannot lose it, and when Firestore has it.

export function renameFile(db, uid, fileId, name) {
  const file = fileRef(db, uid, fileId);
  return change(file, updateDoc(file, { name, ...searchFields(name), updatedAt: serverTimestamp() }));
}

export const trashFiles = (db, uid, ids) =>
  changeAll(db, uid, ids, (batch, file) =>
    batch.update(file, { state: 'trashed', trashedAt: serverTimestamp(), updatedAt: serverTimestamp() }),
  );

export const restoreFiles = (db, uid, ids) =>
  changeAll(db, uid, ids, (batch, file) =>
    batch.update(file, { state: 'ready', trashedAt: deleteField(), updatedAt: serverTimestamp() }),
  );

/** Deletes the documents; a function removes the bytes and gives the space back. */
export const deleteFiles = (db, uid, ids) => changeAll(db, uid, ids, (batch, file) => batch.delete(file));

/** The name of one file, or null when there is none. */
export const fileName = async (db, uid, fileId) => (await getDoc(fileRef(db, uid, fileId))).data()?.name ?? null;

const fileRef = (db, uid, fileId) => doc(filesCollection(db, uid), fileId);

function changeAll(db, uid, ids, write) {
  const files = ids.map((id) => fileRef(db, uid, id));
  const batches = [];
  for (let start = 0; start < files.length; start += BATCH) {
    const batch = writeBatch(db);
    for (const file of files.slice(start, start + BATCH)) write(batch, file);
    batches.push(batch.commit());
  }
  return change(files.at(-1), Promise.all(batches));
}

/** The SDK does one thing after the other: its cache answers when the write before the question is in it, whatever it answers. */
const change = (file, sent) => ({ sent, stored: getDocFromCache(file).then(ignore, ignore) });

const ignore = () => {};
