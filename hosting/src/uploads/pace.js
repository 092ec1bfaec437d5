/** How fast an upload is, over the last few seconds, and how long the rest will take. */
const WINDOW_MS = 6000;
// Before this, a guess would jump about.
const SETTLED_MS = 1000;

export class Pace {
  #samples = [];

  /** `sent` bytes have left at `now`. */
  note(sent, now = performance.now()) {
    if (sent < this.#samples.at(-1)?.sent) this.#samples = []; // went back to what the server really has
    this.#samples.push({ sent, now });
    while (this.#samples.length > 2 && now - this.#samples[1].now > WINDOW_MS) this.#samples.shift();
  }

  /** Bytes per second, or null while there is too little to tell. */
  get speed() {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || last.now - first.now < SETTLED_MS) return null;
    return ((last.sent - first.sent) / (last.now - first.now)) * 1000;
  }
}
