/** The download of a shared file as a person follows it: idle, starting, running, stopped, saved. It has no elements. */
import { saveBlob } from '../save.js';
import { ShareEnded } from './api.js';
import { Pieces } from './pieces.js';

const TOO_MANY_REQUESTS = 429;
/** The day's bytes of the link, or of its owner, are used up. */
const BUDGET_SPENT = 'download-budget';

export class Download {
  phase = 'idle';
  bytes = 0;
  /** The key of the sentence that says why it stopped. */
  problem = null;
  /** Set by the screen that shows it. */
  onChange = () => {};

  #share;
  #pieces;
  #abort = null;

  constructor(id, share) {
    this.#share = share;
    this.#pieces = new Pieces(id);
  }

  get size() {
    return this.#share.size;
  }

  /** Begins, or goes on after it stopped. */
  async start() {
    this.#abort = new AbortController();
    this.#change(this.bytes === 0 ? 'starting' : 'running');
    try {
      this.#save(await this.#pieces.fetch({ signal: this.#abort.signal, onProgress: (bytes) => this.#advance(bytes) }));
    } catch (error) {
      this.#stop(error);
    }
  }

  cancel() {
    this.#abort.abort();
  }

  #advance(bytes) {
    this.bytes = bytes;
    this.#change('running');
  }

  #save(pieces) {
    const { name, contentType } = this.#share;
    saveBlob(new Blob(pieces, { type: contentType }), name);
    if (this.#share.downloadsLeft !== null) this.#share.downloadsLeft -= 1;
    this.#renew();
    this.#change('saved');
  }

  #stop(error) {
    if (error instanceof ShareEnded) return this.#change('ended');
    if (error.name === 'AbortError') {
      this.#renew();
      return this.#change('cancelled');
    }
    this.problem = problemOf(error);
    this.#change('stopped');
  }

  /** The next start is a download of its own. */
  #renew() {
    this.bytes = 0;
    this.#pieces = this.#pieces.anew();
  }

  #change(phase) {
    this.phase = phase;
    this.onChange();
  }
}

function problemOf({ status, reason }) {
  if (reason === BUDGET_SPENT) return 'publicSpent';
  return status === TOO_MANY_REQUESTS ? 'publicBusy' : 'publicStopped';
}
