/**
 * The files that changed since the library was opened, by id, and those deleted on this page. Every list looks here, so a
 * row that was read once stays right without being listened to.
 */
export class Changes {
  #files = new Map();
  #deleted = new Set();
  #listeners = new Set();
  #stop;

  constructor(queries, onError) {
    this.#stop = queries.watchChanges((news) => this.#take(news), onError);
  }

  /** `listener(left)` hears of news; `left` are files that are gone from the changes, so deleted or taken back. */
  onChange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get files() {
    return this.#files;
  }

  /** How many changes made here were not sent yet. */
  get pendingCount() {
    return [...this.#files.values()].filter(({ isPending }) => isPending).length + this.#deleted.size;
  }

  isDeleted(id) {
    return this.#deleted.has(id);
  }

  /** Hides files that are being deleted; they come back when that fails. */
  async deleting(ids, work) {
    for (const id of ids) this.#deleted.add(id);
    this.#tell([]);
    try {
      await work();
      this.#tell(ids.map((id) => ({ id, isPending: false })));
    } finally {
      for (const id of ids) this.#deleted.delete(id);
      this.#tell([]);
    }
  }

  close() {
    this.#stop();
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
