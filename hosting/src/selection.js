/** Which files are selected, by id, and the one that a range begins at. */
export class Selection {
  #ids = new Set();
  #anchor = null;
  #onChange;

  constructor(onChange) {
    this.#onChange = onChange;
  }

  get size() {
    return this.#ids.size;
  }

  has(id) {
    return this.#ids.has(id);
  }

  toggle(id) {
    if (!this.#ids.delete(id)) this.#ids.add(id);
    this.#anchor = id;
    this.#onChange();
  }

  /** Selects everything from the last one chosen to this one, in the order of `ids`. */
  extendTo(id, ids) {
    const from = Math.max(ids.indexOf(this.#anchor), 0);
    const to = ids.indexOf(id);
    for (const each of ids.slice(Math.min(from, to), Math.max(from, to) + 1)) this.#ids.add(each);
    this.#onChange();
  }

  selectAll(ids) {
    this.#ids = new Set(ids);
    this.#onChange();
  }

  clear() {
    if (this.#ids.size === 0) return;
    this.#ids.clear();
    this.#anchor = null;
    this.#onChange();
  }

  /** Forgets what is no longer in the list. */
  keepOnly(ids) {
    const known = new Set(ids);
    this.#ids = new Set([...this.#ids].filter((id) => known.has(id)));
  }
}
