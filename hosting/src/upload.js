/**
 * Uploads: checked first, three at a time, each with progress, cancel and retry.
 *
 * One upload goes through `waiting` (for the profile), `queued`, `uploading` and `stored`; from there the functions take
 * over and the file's document tells the rest. It may also end as `failed` (retry helps) or `refused` (it does not).
 * Whoever listens is told of every change; the order of the list is the order of adding, newest first.
 */
import { deleteDoc, doc, serverTimestamp, setDoc } from 'firebase/firestore';
import { ref, uploadBytesResumable } from 'firebase/storage';
import { safeFileName } from './file-name.js';
import { filesCollection, originalPath } from './files.js';

export const MAX_FILE_BYTES = 50 * 1024 * 1024;
const AT_ONCE = 3;
const UNKNOWN_TYPE = 'application/octet-stream';
const MEDIA_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*$/;
// What a browser would run when it opens it; the rules refuse the same.
const ACTIVE_CONTENT = /^(text\/(html|xml|xsl)|application\/xml|multipart\/.*|[^/]+\/(.*\+xml|(x-)?(java|ecma|j|live)script.*))$/;
const UNSETTLED = new Set(['waiting', 'queued', 'uploading']);
const COUNTED = new Set(['queued', 'uploading', 'stored']);

/** What went wrong, as the key of a sentence and its values. */
const problem = (key, values = {}) => ({ key, values });

const STORAGE_PROBLEMS = {
  'storage/unauthorized': 'problemDenied',
  'storage/unauthenticated': 'problemDenied',
  'permission-denied': 'problemDenied',
  'storage/retry-limit-exceeded': 'problemNetwork',
  'storage/cannot-slice-blob': 'problemGone',
  unavailable: 'problemNetwork',
};

let nextKey = 1;

export class Uploads {
  #uid;
  #services;
  #profile = null;
  #list = [];
  #listeners = new Set();

  /** Ids of documents whose upload came to nothing: about to go, so no longer shown. */
  discarded = new Set();

  constructor(uid, services) {
    this.#uid = uid;
    this.#services = services;
  }

  get list() {
    return this.#list;
  }

  /** Something is still on its way; leaving the page now would lose it. */
  get busy() {
    return this.#list.some(({ phase }) => UNSETTLED.has(phase));
  }

  onChange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The quota comes with the profile; uploads wait until there is one. */
  setProfile(profile) {
    this.#profile = profile;
    this.#startNext();
  }

  /** Adds files of a picker or a drop. `folders` are names of dropped folders, which are refused. */
  add(files, folders = []) {
    const added = [...[...files].map(newUpload), ...folders.map(newFolder)];
    this.#list = [...added.reverse(), ...this.#list];
    this.#startNext();
    return added;
  }

  /** Takes an upload back: its bytes stop and its document goes. */
  cancel(upload) {
    const wasUploading = upload.phase === 'uploading';
    this.#forget(upload);
    if (wasUploading) {
      upload.task?.cancel();
      this.#deleteDocument(upload);
    }
    this.#startNext();
  }

  retry(upload) {
    Object.assign(upload, { phase: 'waiting', problem: null, fileId: null, progress: null });
    this.#startNext();
  }

  dismiss(upload) {
    this.#forget(upload);
    this.#changed();
  }

  /** Hands over to the documents: a stored upload whose document has moved on needs no row of its own. */
  settle(files) {
    const open = new Set(files.filter(({ state }) => state === 'uploading').map(({ id }) => id));
    this.#list = this.#list.filter((upload) => upload.phase !== 'stored' || open.has(upload.fileId));
  }

  cancelAll() {
    for (const upload of this.#list.filter(({ phase }) => UNSETTLED.has(phase))) this.cancel(upload);
  }

  #startNext() {
    if (this.#profile) {
      for (const upload of this.#oldestFirst('waiting')) this.#admit(upload);
      const free = AT_ONCE - this.#oldestFirst('uploading').length;
      for (const upload of this.#oldestFirst('queued').slice(0, Math.max(free, 0))) this.#run(upload);
    }
    this.#changed();
  }

  #oldestFirst(phase) {
    return this.#list.filter((upload) => upload.phase === phase).reverse();
  }

  #admit(upload) {
    const refusal = this.#quotaProblem(upload);
    if (refusal) Object.assign(upload, { phase: 'failed', problem: refusal });
    else upload.phase = 'queued';
  }

  #quotaProblem({ size }) {
    const { quota, usage, state } = this.#profile;
    if (state !== 'active') return problem('problemSuspended');
    const coming = this.#list.filter(({ phase }) => COUNTED.has(phase));
    const bytesLeft = quota.bytes - usage.bytes - coming.reduce((sum, upload) => sum + upload.size, 0);
    if (size > bytesLeft) return problem('problemQuotaBytes', { left: Math.max(bytesLeft, 0) });
    if (usage.files + coming.length >= quota.files) return problem('problemQuotaFiles', { quota: quota.files });
    return null;
  }

  async #run(upload) {
    upload.fileId = doc(filesCollection(this.#services.db, this.#uid)).id;
    upload.phase = 'uploading';
    const { fileId } = upload;
    // A cancelled or retried upload is another attempt: what the old one still reports is not for it.
    const current = () => this.#list.includes(upload) && upload.fileId === fileId;
    try {
      await this.#createDocument(upload);
      if (!current()) return;
      await this.#sendBytes(upload, current);
      if (current()) upload.phase = 'stored';
    } catch (error) {
      if (!current()) return;
      this.#deleteDocument(upload);
      Object.assign(upload, { phase: 'failed', problem: uploadProblem(error) });
    }
    this.#startNext();
  }

  #createDocument({ fileId, name, size, contentType }) {
    const file = { name, size, contentType, state: 'uploading', createdAt: serverTimestamp() };
    return setDoc(doc(filesCollection(this.#services.db, this.#uid), fileId), file);
  }

  #sendBytes(upload, current) {
    const target = ref(this.#services.storage, originalPath(this.#uid, upload.fileId, upload.name));
    upload.task = uploadBytesResumable(target, upload.file, { contentType: upload.contentType });
    upload.task.on('state_changed', ({ bytesTransferred, totalBytes }) => {
      if (!current()) return;
      upload.progress = bytesTransferred / totalBytes;
      this.#changed();
    });
    return upload.task;
  }

  /** Removes the document of an upload that came to nothing. When that fails, it is shown again and can be deleted. */
  async #deleteDocument({ fileId }) {
    this.discarded.add(fileId);
    try {
      await deleteDoc(doc(filesCollection(this.#services.db, this.#uid), fileId));
    } catch {
      this.discarded.delete(fileId);
      this.#changed();
    }
  }

  #forget(upload) {
    this.#list = this.#list.filter((other) => other !== upload);
  }

  #changed() {
    for (const listener of [...this.#listeners]) listener();
  }
}

function newUpload(file) {
  const contentType = mediaType(file.type);
  const refusal = fileProblem(file.size, contentType);
  return {
    key: `upload-${nextKey++}`,
    fileId: null,
    file,
    name: safeFileName(file.name),
    size: file.size,
    contentType,
    phase: refusal ? 'refused' : 'waiting',
    problem: refusal,
    progress: null,
    task: null,
  };
}

function newFolder(name) {
  const upload = newUpload(new File([], name));
  return Object.assign(upload, { phase: 'refused', problem: problem('problemFolder') });
}

/** The type the browser found, without parameters; many kinds of file have none. */
function mediaType(type) {
  const bare = type.split(';')[0].trim().toLowerCase();
  return MEDIA_TYPE.test(bare) ? bare : UNKNOWN_TYPE;
}

/** Why a file cannot be taken whatever the account, or null. */
function fileProblem(size, contentType) {
  if (size === 0) return problem('problemEmpty');
  if (size > MAX_FILE_BYTES) return problem('problemTooLarge', { limit: MAX_FILE_BYTES });
  if (ACTIVE_CONTENT.test(contentType)) return problem('problemKind');
  return null;
}

function uploadProblem(error) {
  return problem(STORAGE_PROBLEMS[error.code] ?? 'problemUnknown');
}
