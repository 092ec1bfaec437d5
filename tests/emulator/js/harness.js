// What the scenarios are given: clients of the emulator, and ways to wait and to check.

import { initializeApp, deleteApp } from 'firebase/app';
import * as firestore from 'firebase/firestore';
import * as lite from 'firebase/firestore/lite';
import { scenarios } from './scenarios.js';

const DEADLINE_MS = 10_000;

export class Harness {
  #apps = [];
  #names = 0;

  // transport: the FirestoreSettings that choose how the SDK talks.
  constructor({ host, port, project, transport }) {
    Object.assign(this, { host, port, project, transport });
    this.sdk = firestore;
    this.lite = lite;
  }

  /** A Firestore instance of an app of its own: another client. */
  client({ user } = {}) {
    const db = firestore.initializeFirestore(this.#app(), this.transport);
    firestore.connectFirestoreEmulator(db, this.host, this.port, user && { mockUserToken: { sub: user } });
    return db;
  }

  liteClient({ user } = {}) {
    const db = lite.getFirestore(this.#app());
    lite.connectFirestoreEmulator(db, this.host, this.port, user && { mockUserToken: { sub: user } });
    return db;
  }

  #app() {
    const app = initializeApp({ projectId: this.project, apiKey: 'none' }, `app${this.#apps.length}`);
    this.#apps.push(app);
    return app;
  }

  /** The name of a collection nobody else uses. */
  collection() {
    this.#names += 1;
    return `c${this.#names}`;
  }

  /** A write that no client knows of: REST, as the owner. */
  async writeRemotely(path, fields) {
    const root = `http://${this.host}:${this.port}/v1/projects/${this.project}/databases/(default)/documents`;
    const response = await fetch(`${root}/${path}`, {
      method: 'PATCH',
      headers: { Authorization: 'Bearer owner' },
      body: JSON.stringify({ fields }),
    });
    if (!response.ok) throw new Error(`remote write: ${response.status} ${await response.text()}`);
  }

  /** Listens and keeps every snapshot; `until(test)` waits for one that passes. */
  watch(target, options = {}) {
    const seen = [];
    const errors = [];
    let wake = () => {};
    const stop = firestore.onSnapshot(
      target,
      options,
      (snapshot) => { seen.push(snapshot); wake(); },
      (error) => { errors.push(error); wake(); },
    );
    const until = async (test, what = 'a snapshot') => {
      const deadline = Date.now() + DEADLINE_MS;
      for (let next = 0; ;) {
        for (; next < seen.length; next += 1) if (test(seen[next])) return seen[next];
        if (errors.length) throw errors[0];
        await within(deadline - Date.now(), new Promise((resolve) => { wake = resolve; }), what);
      }
    };
    const failure = async () => {
      const deadline = Date.now() + DEADLINE_MS;
      while (!errors.length) {
        await within(deadline - Date.now(), new Promise((resolve) => { wake = resolve; }), 'an error');
      }
      return errors[0];
    };
    return { seen, errors, until, failure, stop };
  }

  /** Every scenario, one after the other: name → {ok, ms, value | error}. */
  async run(names = Object.keys(scenarios)) {
    const results = {};
    for (const name of names) {
      const start = performance.now();
      const ms = () => Math.round(performance.now() - start);
      try {
        const value = await within(30_000, scenarios[name](this), name);
        results[name] = { ok: true, ms: ms(), value: value ?? null };
      } catch (error) {
        results[name] = { ok: false, ms: ms(), error: `${error.stack ?? error}` };
      } finally {
        await Promise.all(this.#apps.splice(0).map((app) => deleteApp(app)));
      }
    }
    return results;
  }
}

export function within(ms, promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no ${what} in time`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Structural equality of JSON-like values, told by both texts. */
export function same(actual, expected) {
  const [left, right] = [actual, expected].map((value) => JSON.stringify(value, replaceUndefined));
  if (left !== right) throw new Error(`expected ${right}, got ${left}`);
}

function replaceUndefined(_, value) {
  return value === undefined ? '(undefined)' : value;
}

export async function rejected(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('expected a rejection');
}
