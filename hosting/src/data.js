/** Firestore and Storage of the signed-in user; loaded only once there is one. */
import { connectFirestoreEmulator, initializeFirestore } from 'firebase/firestore';
import { connectStorageEmulator, getStorage } from 'firebase/storage';

// How long an upload keeps trying on its own before the person is asked.
const UPLOAD_RETRY_MS = 60_000;
const OTHER_RETRY_MS = 15_000;

let services = null;

/** `{ db, storage }` of `app`, the same ones each time. */
export function openData({ app, emulators }) {
  services ??= connect(app, emulators);
  return services;
}

function connect(app, emulators) {
  const db = initializeFirestore(app, {});
  const storage = getStorage(app);
  storage.maxUploadRetryTime = UPLOAD_RETRY_MS;
  storage.maxOperationRetryTime = OTHER_RETRY_MS;
  if (emulators?.firestore) connectFirestoreEmulator(db, emulators.firestore.host, emulators.firestore.port);
  if (emulators?.storage) connectStorageEmulator(storage, emulators.storage.host, emulators.storage.port);
  return { db, storage };
}
