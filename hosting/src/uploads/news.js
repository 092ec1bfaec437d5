/** What has changed, told in pieces: phases at once, progress ten times a second. */
const PROGRESS_EVERY_MS = 100;

export class News {
  #publish;
  #changed = new Set();
  #gone = new Set();
  #isUrgent = false;
  #timer = null;
  #isOver = false;

  /** `publish(changed, gone)` gets uploads, and keys of uploads. */
  constructor(publish) {
    this.#publish = publish;
  }

  changed(upload, { isUrgent = true } = {}) {
    this.#changed.add(upload);
    this.#schedule(isUrgent);
  }

  gone(upload) {
    this.#changed.delete(upload);
    this.#gone.add(upload.key);
    this.#schedule(true);
  }

  /** Nothing is told any more. */
  end() {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  #schedule(isUrgent) {
    if (isUrgent && !this.#isUrgent) {
      this.#isUrgent = true;
      queueMicrotask(() => this.#tell());
    } else {
      this.#timer ??= setTimeout(() => this.#tell(), PROGRESS_EVERY_MS);
    }
  }

  #tell() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#isUrgent = false;
    const [changed, gone] = [[...this.#changed], [...this.#gone]];
    this.#changed.clear();
    this.#gone.clear();
    if (!this.#isOver && changed.length + gone.length > 0) this.#publish(changed, gone);
  }
}
