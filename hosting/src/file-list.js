/**
 * One list of files, sorted and without gaps: the first page live, older pages as they were read, and over both what
 * changed since. It has no elements; views listen to it.
 */
import { belongs, comparison } from './file-view.js';

export class FileList {
  /** null until the first page is there. */
  files = null;
  hasMore = false;
  isLoadingMore = false;
  error = null;
  view;

  #queries;
  #changes;
  #onChange;
  #live = new Map();
  #older = new Map();
  #cursor = null;
  #end = null;
  #stop = () => {};
  #stopChanges;

  constructor(queries, changes, view, onChange) {
    this.#queries = queries;
    this.#changes = changes;
    this.#onChange = onChange;
    this.#stopChanges = changes.onChange((left) => this.#takeChanges(left));
    this.show(view);
  }

  /** Turns to another view. Until its first page is there, what is known of it is shown. */
  show(view) {
    this.#stop();
    const known = this.view && this.view.isTrash === view.isTrash ? (this.files ?? []) : [];
    Object.assign(this, { view, error: null, isLoadingMore: false, hasMore: false });
    this.#live = new Map();
    this.#older = new Map(known.map((file) => [file.id, file]));
    this.#end = null;
    let isFirst = true;
    const onPage = (page) => {
      if (isFirst) this.#older = new Map();
      this.#takeFirst(page, isFirst);
      isFirst = false;
    };
    this.#stop = this.#queries.watchFirst(view, onPage, (error) => this.#fail(error));
    this.#compose(known.length > 0);
  }

  reload() {
    this.show(this.view);
  }

  /** Reads the next page. While one is on its way, or when there is none, nothing happens. */
  async readMore() {
    if (!this.hasMore || this.isLoadingMore || !this.#cursor) return;
    const { view } = this;
    this.isLoadingMore = true;
    this.#onChange();
    try {
      const page = await this.#queries.readPage(view, this.#cursor);
      if (view !== this.view) return;
      for (const file of page.files) this.#older.set(file.id, file);
      this.#setEnd(page);
    } catch (error) {
      if (view === this.view) this.error = error;
    }
    this.isLoadingMore = false;
    this.#compose();
  }

  close() {
    this.#stop();
    this.#stopChanges();
  }

  #takeFirst(page, isFirst) {
    this.error = null;
    this.#live = new Map(page.files.map((file) => [file.id, file]));
    if (isFirst || this.#older.size === 0) this.#setEnd(page);
    this.#keepPushedOut(page);
    this.#compose();
  }

  /** A file that only made room for another one is still there; any other that left is not. */
  #keepPushedOut({ files, left, isFull }) {
    const order = comparison(this.view);
    for (const file of left) {
      const wasPushed = isFull && order(file, files.at(-1)) > 0;
      if (wasPushed) this.#older.set(file.id, file);
      else if (this.#older.get(file.id)?.stamps.updatedAt === file.stamps.updatedAt) this.#older.delete(file.id);
    }
  }

  #takeChanges(left) {
    for (const { id, isPending } of left) if (!isPending) this.#older.delete(id);
    this.#compose();
  }

  #setEnd({ files, cursor, isFull }) {
    this.hasMore = isFull;
    if (cursor) this.#cursor = cursor;
    this.#end = isFull ? files.at(-1) : null;
  }

  /** Where the list is not read to its end, what lies behind would be an island: it comes with its page. */
  #compose(isReady = true) {
    if (isReady) {
      const order = comparison(this.view);
      const isWithin = (file) => this.#end === null || order(file, this.#end) <= 0;
      const shown = this.#merged().filter((file) => belongs(file, this.view) && !this.#changes.isDeleted(file.id) && isWithin(file));
      this.files = shown.sort(order);
    } else this.files = null;
    this.#onChange();
  }

  #merged() {
    const merged = new Map(this.#older);
    for (const file of this.#live.values()) merged.set(file.id, file);
    for (const [id, file] of this.#changes.files) if (isNewer(file, merged.get(id))) merged.set(id, file);
    return [...merged.values()];
  }

  #fail(error) {
    this.error = error;
    this.#onChange();
  }
}

const isNewer = (file, known) => !known || file.isPending || file.stamps.updatedAt >= known.stamps.updatedAt;
