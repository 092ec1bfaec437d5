// The same in a browser: a test calls `run` on the page.

import { setLogLevel } from 'firebase/firestore';
import { Harness } from './harness.js';

setLogLevel('silent');
globalThis.runScenarios = (settings, names) => new Harness(settings).run(names);

// For tests that watch the SDK's requests: keeps the ids of the collection's documents in `watched.ids`, and
// in `watched.errors` what the listener failed with.
globalThis.watchCollection = (settings, name) => {
  const t = new Harness(settings);
  const db = t.client();
  globalThis.watched = { ids: [], errors: [], stop: () => t.sdk.terminate(db) };
  t.sdk.onSnapshot(
    t.sdk.collection(db, name),
    (snapshot) => { watched.ids = snapshot.docs.map((doc) => doc.id); },
    (error) => { watched.errors.push(error.code); },
  );
};
