/** What the bucket holds of a user: originals and thumbnails, to look at and to save. The SDK is loaded when needed. */
import { originalPath } from './files.js';
import { saveBlob } from './save.js';

/** The bytes of one user's files. */
export class Bytes {
  #uid;
  #storage;
  #urls = new Map();

  /** `storage()` as in data.js. */
  constructor(uid, storage) {
    this.#uid = uid;
    this.#storage = storage;
  }

  pathOf(file) {
    return file.path ?? originalPath(this.#uid, file.id, file.name);
  }

  /** The address of an object, asked for once. */
  url(path) {
    if (!this.#urls.has(path)) {
      const url = this.#with(path, ({ getDownloadURL }, ref) => getDownloadURL(ref));
      url.catch(() => this.#urls.delete(path));
      this.#urls.set(path, url);
    }
    return this.#urls.get(path);
  }

  originalUrl(file) {
    return this.url(this.pathOf(file));
  }

  blob(file) {
    return this.#with(this.pathOf(file), ({ getBlob }, ref) => getBlob(ref));
  }

  /** The first `most` bytes. */
  start(file, most) {
    return this.#with(this.pathOf(file), ({ getBytes }, ref) => getBytes(ref, most));
  }

  /** Saves the original under its name of today. */
  async download(file) {
    try {
      saveBlob(await this.blob(file), file.name);
    } catch (error) {
      if (!isBlockedByCors(error)) throw error;
      const href = await this.originalUrl(file);
      Object.assign(document.createElement('a'), { href, target: '_blank', rel: 'noopener' }).click();
    }
  }

  async #with(path, use) {
    const storage = await this.#storage();
    return use(storage, storage.at(path));
  }
}

/** A bucket without a CORS setting lets scripts read no bytes, but a link still works. */
export const isBlockedByCors = (error) => navigator.onLine && error.code === 'storage/retry-limit-exceeded';
