/**
 * The uploads of this device in IndexedDB: what a page needs to go on where another one stopped.
 *
 * `uploads` holds a small record for each, `bytes` the file itself, which is written once. Everything is kept by user:
 * nobody is given what another person began on the same device.
 */
import { openDB } from 'idb';
import { within } from '../within.js';

const NAME = 'drop-uploads';
// The rules give an upload a week; bytes that were left here for longer are of no use to anybody.
const KEPT_MS = 7 * 24 * 60 * 60 * 1000;
// A large file on a slow disk takes seconds. An answer that does not come at all must not hold up an upload.
const ANSWER_MS = 30_000;

let opened = null;

/** The store, the same one each time. Rejects where the browser keeps nothing, and is then asked for anew. */
export function openStore() {
  if (!opened) {
    opened = openUploads();
    opened.catch(() => (opened = null));
  }
  return opened;
}

async function openUploads() {
  const db = await openDB(NAME, 1, {
    upgrade(fresh) {
      fresh.createObjectStore('uploads', { keyPath: 'key' }).createIndex('uid', 'uid');
      fresh.createObjectStore('bytes');
    },
  });
  const store = new UploadStore(db);
  await store.forgetBefore(Date.now() - KEPT_MS);
  return store;
}

const answer = (promise) => within(ANSWER_MS, promise);

class UploadStore {
  #db;

  constructor(db) {
    this.#db = db;
  }

  /** Keeps a new upload. Rejects when there is no room for its bytes. */
  async add(record, file) {
    const change = this.#change();
    await answer(Promise.all([change.objectStore('uploads').put(record), change.objectStore('bytes').put(file, record.key), change.done]));
  }

  /** Renews what is known about an upload; its bytes stay as they are. */
  async save(record) {
    await answer(this.#db.put('uploads', record));
  }

  async remove(key) {
    const change = this.#change();
    await answer(Promise.all([change.objectStore('uploads').delete(key), change.objectStore('bytes').delete(key), change.done]));
  }

  /** Lets go of the bytes; the record stays. */
  async removeBytes(key) {
    await answer(this.#db.delete('bytes', key));
  }

  async record(key) {
    return answer(this.#db.get('uploads', key));
  }

  /** The file itself, or undefined. */
  async bytes(key) {
    return answer(this.#db.get('bytes', key));
  }

  async recordsOf(uid) {
    return answer(this.#db.getAllFromIndex('uploads', 'uid', uid));
  }

  async forgetBefore(time) {
    const records = await this.#db.getAll('uploads');
    for (const { key, addedAt } of records) if (addedAt < time) await this.remove(key);
  }

  /** Removes everything that is kept for a user. */
  async forget(uid) {
    for (const { key } of await this.recordsOf(uid)) await this.remove(key);
  }

  #change() {
    return this.#db.transaction(['uploads', 'bytes'], 'readwrite');
  }
}
