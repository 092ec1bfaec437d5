/** The file documents of a user as uploads need them: announced before the bytes, watched after them. */
import { deleteDoc, doc, getDocFromServer, getDocs, limit, onSnapshot, query, serverTimestamp, setDoc, where } from 'firebase/firestore';
import { filesCollection } from '../files.js';
import { searchFields } from '../keywords.js';

export class FileDocuments {
  #collection;

  constructor(db, uid) {
    this.#collection = filesCollection(db, uid);
  }

  newId() {
    return doc(this.#collection).id;
  }

  /** Announces a file; the rules ask for that before they let its bytes in. */
  async announce({ fileId, name, size, contentType }) {
    const file = { name, size, contentType, ...searchFields(name), state: 'uploading', createdAt: serverTimestamp() };
    await setDoc(doc(this.#collection, fileId), file);
  }

  /** The state of a file as the server knows it, or null when there is no such document. */
  async state(fileId) {
    const snapshot = await getDocFromServer(doc(this.#collection, fileId));
    return snapshot.exists() ? snapshot.get('state') : null;
  }

  async remove(fileId) {
    await deleteDoc(doc(this.#collection, fileId));
  }

  /** Calls `onFile` with the data of the document, or null when it is gone; answers how to stop. */
  watch(fileId, onFile) {
    const tell = (snapshot) => {
      const isUnknown = !snapshot.exists() && snapshot.metadata.fromCache; // the server has not been heard yet
      if (!isUnknown) onFile(snapshot.data() ?? null);
    };
    return onSnapshot(doc(this.#collection, fileId), tell, () => {});
  }

  /** A file in the library with these bytes as `{ fileId, name }`, or null. */
  async withDigest(sha256) {
    const same = query(this.#collection, where('sha256', '==', sha256), where('state', '==', 'ready'), limit(1));
    const [found] = (await getDocs(same)).docs;
    return found ? { fileId: found.id, name: found.get('name') } : null;
  }
}
