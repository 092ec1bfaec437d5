/** Where the page finds its Firebase project: Hosting says so under /__/firebase/, nothing is compiled in. */
import { initializeApp } from 'firebase/app';

/** A connection that lets nothing through must not look like a page that loads. */
const PATIENCE_MS = 30_000;

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Starts the Firebase app of this site.
 *
 * Answers `{ app, emulators }`; `emulators` is null in production, else `{ auth, firestore, storage, … }` with
 * `host` and `port` each.
 */
export async function startFirebase() {
  const [config, emulators] = await Promise.all([fetchConfig(), fetchEmulators()]);
  return { app: initializeApp(config), emulators };
}

async function fetchConfig() {
  const response = await fetch('/__/firebase/init.json', { signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!response.ok) throw new Error(`init.json answered ${response.status}`);
  return response.json();
}

/** Only a page served from this machine asks: a deployed page never talks to emulators. */
async function fetchEmulators() {
  if (!LOOPBACK.has(location.hostname)) return null;
  const response = await fetch('/__/firebase/init.js?useEmulator=true', { signal: AbortSignal.timeout(PATIENCE_MS) });
  return response.ok ? parseEmulators(await response.text()) : null;
}

/** Reads the JSON out of `var firebaseEmulators = {…};`. The script itself is never run. */
export function parseEmulators(script) {
  const found = /var firebaseEmulators = (\{[\s\S]*?\});/.exec(script);
  if (!found) return null;
  const emulators = JSON.parse(found[1]);
  return Object.keys(emulators).length > 0 ? emulators : null;
}
