import { within } from './within.js';

/** The device has a change at once, or does not answer: then it shows all the same, and is sent when it can be. */
const STORED_MS = 5000;

/**
 * The files that changed since the library was opened, by id, and those deleted on this page. Every list looks here, so a
 * row that was read once stays right without being listened to.
 */
export class Changes {
  #files = new Map();
  #written = new Map();
  #deleted = new Set();
  #listeners = new Set();
  #queries;
  #onError;
  #stop = null;

  constructor(queries, onError) {
    this.#queries = queries;
    this.#onError = onError;
  }

  /** Begins to listen. Not before a first page is there: else the cache holds one file and shows it as if it were the list. */
  start() {
    this.#stop ??= this.#queries.watchChanges((news) => this.#take(news), this.#onError);
  }

  /** `listener(left)` hears of news; `left` are files that are gone from the changes, so deleted or taken back. */
  onChange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get files() {
    return new Map([...this.#files, ...this.#written]);
  }

  /** How many changes made here were not sent yet. */
  get pendingCount() {
    return this.#written.size + this.#deleted.size;
  }

  isDeleted(id) {
    return this.#deleted.has(id);
  }

  /**
   * Shows files as they will be, from when the device has the change until Firestore has it. A time that no server has set
   * yet is behind no other for the SDK, so the listener above does not hear of these.
   */
  async writing(files, { stored, sent }) {
    await begun(stored, sent);
    for (const file of files) this.#written.set(file.id, file);
    this.#tell([]);
    try {
      await sent;
    } finally {
      for (const file of files) if (this.#written.get(file.id) === file) this.#written.delete(file.id);
      this.#tell([]);
    }
  }

  /** Hides files that are being deleted; they come back when that fails. */
  async deleting(ids, { stored, sent }) {
    await begun(stored, sent);
    for (const id of ids) this.#deleted.add(id);
    this.#tell([]);
    try {
      await sent;
      this.#tell(ids.map((id) => ({ id, isPending: false })));
    } finally {
      for (const id of ids) this.#deleted.delete(id);
      this.#tell([]);
    }
  }

  close() {
    this.#stop?.();
    this.#listeners.clear();
  }

  #take({ files, left }) {
    this.#files = new Map(files.map((file) => [file.id, file]));
    this.#tell(left);
  }

  #tell(left) {
    for (const listener of [...this.#listeners]) listener(left);
  }
}

/** A refusal that comes before the change is stored is for who waits for `sent`. */
function begun(stored, sent) {
  sent.catch(() => {});
  return within(STORED_MS, stored).catch(() => {});
}
