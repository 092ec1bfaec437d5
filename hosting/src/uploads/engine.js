/**
 * Drives the uploads of one user: checks, announces and sends each, three at a time, until the functions have spoken.
 *
 * There is one engine per user and device, in the tab that leads. What it knows is kept in the store, so the engine of
 * the next page goes on from there. It has no elements; whoever shows uploads gets plain snapshots through `publish`.
 */
import { originalPath } from '../files.js';
import { problem, quotaProblem, UploadProblem } from './admission.js';
import { sha256 } from './digest.js';
import { News } from './news.js';
import { Pace } from './pace.js';
import { backoff, sleep, unlessAborted, untilOnline } from './patience.js';
import { mayBeProcessedAgain, PAUSABLE, RUNNING } from './phases.js';
import { TransferError } from './protocol.js';
import { liveUpload, newRecord, recordOf, snapshotOf } from './records.js';
import { transfer } from './transfer.js';

const AT_ONCE = 3;
// How often the server may answer what makes no sense before the person is asked.
const MOST_CONFUSIONS = 5;

const LOST_CONNECTION = new Set(['unavailable', 'deadline-exceeded', 'auth/network-request-failed']);
const DENIED = new Set(['permission-denied', 'unauthenticated']);
const UNREADABLE = new Set(['NotReadableError', 'NotFoundError']);

export class Engine {
  #uid;
  #store;
  #documents;
  #endpoint;
  #askToProcess;
  #news;
  #profile = null;
  #uploads = new Map();
  #isStarting = false;
  #closing = new AbortController();

  /**
   * `store` is null where the browser keeps nothing; `askToProcess(fileId)` has a file checked again that was given up;
   * `publish({ changed, gone })` hears of every change.
   */
  constructor({ uid, store, documents, endpoint, askToProcess, publish }) {
    this.#uid = uid;
    this.#store = store;
    this.#documents = documents;
    this.#endpoint = endpoint;
    this.#askToProcess = askToProcess;
    this.#news = new News((changed, gone) => publish({ changed: changed.map(snapshotOf), gone }));
    window.addEventListener('online', () => this.#nudgeAll(), { signal: this.#closing.signal });
  }

  /** Takes up what the store holds. */
  async load() {
    const records = (await this.#store?.recordsOf(this.#uid)) ?? [];
    records.sort((one, other) => one.order - other.order);
    for (const record of records) this.#take(liveUpload(record, { file: null, isKept: true }));
    this.#startNext();
  }

  /** Snapshots of all uploads. */
  get snapshots() {
    return [...this.#uploads.values()].map(snapshotOf);
  }

  setProfile(profile) {
    this.#profile = profile;
    this.#startNext();
  }

  /** Takes up an upload that was put into the store a moment ago. */
  async adopt(key) {
    const record = this.#uploads.has(key) ? null : await this.#store?.record(key);
    if (!record || record.uid !== this.#uid || this.#uploads.has(key)) return;
    this.#take(liveUpload(record, { file: null, isKept: true }));
    this.#startNext();
  }

  /** Takes up an upload that the store had no room for: it lives as long as this page. */
  carry(record, file) {
    if (this.#uploads.has(record.key)) return;
    this.#take(liveUpload(record, { file, isKept: false }));
    this.#startNext();
  }

  pause(key) {
    const upload = this.#uploads.get(key);
    if (!upload || !PAUSABLE.has(upload.phase)) return;
    this.#change(upload, { phase: 'paused', speed: null, retryAt: null });
    upload.control?.abort();
    this.#startNext();
  }

  resume(key) {
    const upload = this.#uploads.get(key);
    if (upload?.phase !== 'paused') return;
    this.#change(upload, { phase: 'waiting', attempts: 0, confusions: 0 });
    this.#startNext();
  }

  /** Tries again: a failed upload from the beginning, one that waits for the server at once, one that was given up by asking. */
  retry(key) {
    const upload = this.#uploads.get(key);
    if (upload && mayBeProcessedAgain(upload)) this.#processAgain(upload);
    if (upload?.phase === 'retrying') upload.nudge.dispatchEvent(new Event('go'));
    if (upload?.phase !== 'failed') return;
    this.#change(upload, { phase: 'waiting', problem: null, attempts: 0, confusions: 0 });
    this.#startNext();
  }

  /** Uploads a file although the library has its bytes already. */
  accept(key) {
    const upload = this.#uploads.get(key);
    if (upload?.phase !== 'duplicate') return;
    this.#change(upload, { phase: 'waiting', duplicate: null, isWanted: true });
    this.#startNext();
  }

  /** Takes an upload back: its bytes stop, its session and its document go. */
  cancel(key) {
    const upload = this.#uploads.get(key);
    if (!upload || !(PAUSABLE.has(upload.phase) || upload.phase === 'paused')) return;
    upload.control?.abort();
    if (upload.isAnnounced) this.#discard(upload);
    else this.#forget(upload);
    this.#startNext();
  }

  /** Shows an upload no longer about which nothing more will be done. */
  dismiss(key) {
    const upload = this.#uploads.get(key);
    if (!upload || !['duplicate', 'failed', 'ready', 'rejected'].includes(upload.phase)) return;
    if (upload.phase === 'failed' && upload.isAnnounced) this.#discard(upload);
    else this.#forget(upload);
  }

  /** Stops everything where it is; the store knows the rest. */
  close() {
    this.#closing.abort();
    this.#news.end();
    for (const { control, stopWatching } of this.#uploads.values()) {
      control?.abort();
      stopWatching?.();
    }
  }

  get #isClosed() {
    return this.#closing.signal.aborted;
  }

  #take(upload) {
    this.#uploads.set(upload.key, upload);
    this.#tell(upload);
    if (upload.phase === 'processing') this.#watch(upload);
    if (upload.phase === 'discarded') this.#removeTraces(upload);
  }

  // The queue

  /** However many uploads changed in one go, the queue is looked at once. */
  #startNext() {
    if (this.#isStarting) return;
    this.#isStarting = true;
    queueMicrotask(() => {
      this.#isStarting = false;
      if (!this.#isClosed && this.#profile) this.#fillSlots();
    });
  }

  #fillSlots() {
    const inOrder = [...this.#uploads.values()];
    this.#admit(inOrder);
    let free = AT_ONCE - inOrder.filter(({ phase }) => RUNNING.has(phase)).length;
    for (const upload of inOrder) {
      if (free <= 0) return;
      if (upload.phase !== 'queued') continue;
      free -= 1;
      this.#run(upload);
    }
  }

  #admit(inOrder) {
    const coming = { bytes: 0, files: 0 };
    const count = ({ size }) => {
      coming.bytes += size;
      coming.files += 1;
    };
    inOrder.filter(takesRoom).forEach(count);
    for (const upload of inOrder) {
      if (upload.phase !== 'waiting') continue;
      const refusal = quotaProblem(this.#profile, upload.size, coming);
      if (refusal) this.#change(upload, { phase: 'failed', problem: refusal });
      else {
        count(upload);
        this.#change(upload, { phase: 'queued' });
      }
    }
  }

  async #run(upload) {
    const control = new AbortController();
    upload.control = control;
    upload.pace = new Pace();
    try {
      await this.#send(upload, control.signal);
    } catch (error) {
      if (!control.signal.aborted) await this.#fail(upload, error, control.signal);
    }
    if (upload.control === control) upload.control = null;
    this.#startNext();
  }

  // One upload

  async #send(upload, signal) {
    this.#enter(upload, 'checking', signal); // at once: this is what takes the slot
    await this.#untilOnline(upload, signal);
    this.#enter(upload, 'checking', signal);
    upload.file ??= await this.#bytesOf(upload);
    if (!upload.isAnnounced && !upload.isWanted && !(await this.#isNew(upload, signal))) return;
    for (;;) {
      await this.#untilOnline(upload, signal);
      this.#enter(upload, 'uploading', signal);
      try {
        await this.#attempt(upload, signal);
        break;
      } catch (error) {
        if (signal.aborted || !this.#isWorthAnotherTry(upload, error)) throw error;
      }
      await this.#backOff(upload, signal);
    }
    signal.throwIfAborted();
    this.#stored(upload);
  }

  /** A phase of its own making. What was paused or taken back meanwhile stays as it is. */
  #enter(upload, phase, signal) {
    signal.throwIfAborted();
    this.#change(upload, { phase, retryAt: null });
  }

  async #bytesOf(upload) {
    const file = await this.#store?.bytes(upload.key);
    if (!file) throw new UploadProblem('problemGone');
    return file;
  }

  /** Whether the library lacks these bytes. Asked once, before anything is sent. */
  async #isNew(upload, signal) {
    upload.digest ??= await unlessAborted(signal, sha256(upload.file));
    if (!upload.digest) return true;
    const twin = this.#twinOf(upload);
    const duplicate = twin ? { fileId: null, name: twin.name } : await this.#sameInLibrary(upload, signal);
    signal.throwIfAborted();
    if (duplicate) this.#change(upload, { phase: 'duplicate', duplicate });
    return !duplicate;
  }

  /** Another upload of the same bytes that was there first. */
  #twinOf(upload) {
    const isFirst = (other) => other.phase !== 'checking' || other.order < upload.order;
    return [...this.#uploads.values()].find(
      (other) => other !== upload && other.digest === upload.digest && takesRoom(other) && isFirst(other),
    );
  }

  async #sameInLibrary({ digest }, signal) {
    try {
      return await unlessAborted(signal, this.#documents.withDigest(digest));
    } catch (error) {
      if (signal.aborted) throw error;
      return null; // a convenience: whoever cannot be asked does not stop an upload
    }
  }

  /** One try, after which the object is stored. */
  async #attempt(upload, signal) {
    if (!(await this.#announce(upload, signal))) return;
    const path = originalPath(this.#uid, upload.fileId, upload.name);
    const isComplete = await transfer(this.#endpoint, path, upload, {
      signal,
      onSession: (session) => this.#keep(upload, { session }),
      onSent: (sent, isConfirmed) => this.#progress(upload, sent, isConfirmed),
    });
    if (!isComplete && !(await this.#hasArrived(upload, path, signal))) throw new TransferError('expired', 200);
  }

  /** Makes sure that the document is there. False when its file has arrived already. */
  async #announce(upload, signal) {
    if (upload.isAnnounced) return upload.isVerified || this.#verify(upload, signal);
    await this.#keep(upload, { fileId: upload.fileId ?? this.#documents.newId(), isAnnounced: true });
    signal.throwIfAborted();
    await unlessAborted(signal, this.#documents.announce(upload));
    upload.isVerified = true;
    return true;
  }

  /** An earlier page announced it; it may have ended before the server heard, or the file may have gone since. */
  async #verify(upload, signal) {
    const state = await unlessAborted(signal, this.#documents.state(upload.fileId));
    if (state === null && upload.session) throw new UploadProblem('problemRemoved');
    if (state === null) await unlessAborted(signal, this.#documents.announce(upload));
    upload.isVerified = true;
    return state === null || state === 'uploading';
  }

  async #hasArrived(upload, path, signal) {
    const state = await unlessAborted(signal, this.#documents.state(upload.fileId));
    return (state !== null && state !== 'uploading') || this.#endpoint.exists(path, signal);
  }

  async #untilOnline(upload, signal) {
    if (navigator.onLine) return;
    this.#change(upload, { phase: 'offline', speed: null, retryAt: null });
    await untilOnline(signal);
  }

  #isWorthAnotherTry(upload, error) {
    if (error.kind === 'expired') upload.session = null;
    if (error.kind === 'expired' || error.kind === 'confused') return ++upload.confusions <= MOST_CONFUSIONS;
    return error.kind === 'lost' || LOST_CONNECTION.has(error.code);
  }

  async #backOff(upload, signal) {
    if (!navigator.onLine) return;
    const delay = backoff(upload.attempts++);
    upload.pace = new Pace();
    this.#change(upload, { phase: 'retrying', speed: null, retryAt: Date.now() + delay });
    await sleep(delay, { signal, target: upload.nudge, event: 'go' });
  }

  #nudgeAll() {
    for (const { nudge } of this.#uploads.values()) nudge.dispatchEvent(new Event('go'));
  }

  #progress(upload, sent, isConfirmed) {
    upload.pace.note(sent);
    if (isConfirmed && sent > 0) Object.assign(upload, { attempts: 0, confusions: 0 });
    Object.assign(upload, { sent, speed: upload.pace.speed });
    this.#tell(upload, { isUrgent: false });
  }

  // After the bytes

  #stored(upload) {
    this.#change(upload, { phase: 'processing', sent: upload.size, speed: null, session: null, file: null });
    if (upload.isKept) this.#store.removeBytes(upload.key).catch(() => {});
    this.#watch(upload);
  }

  #watch(upload) {
    upload.stopWatching = this.#documents.watch(upload.fileId, (file) => this.#hear(upload, file));
  }

  /** What the functions say about a file. */
  #hear(upload, file) {
    if (!file) return this.#forget(upload);
    if (file.state === 'uploading') return;
    if (file.state === 'processing') return this.#change(upload, { retryAt: file.retryAt?.toMillis() ?? null });
    upload.stopWatching?.();
    const verdict = file.state === 'rejected' ? { phase: 'rejected', reason: file.reason ?? null } : { phase: 'ready' };
    Object.assign(upload, verdict, { retryAt: null, stopWatching: null });
    this.#tell(upload);
    if (upload.isKept) this.#store.remove(upload.key).catch(() => {});
    upload.isKept = false;
  }

  async #processAgain(upload) {
    this.#change(upload, { phase: 'processing', reason: null });
    await this.#askToProcess(upload.fileId).catch(() => {}); // the document still says how it stands
    if (!this.#isClosed && this.#uploads.has(upload.key)) this.#watch(upload);
  }

  async #fail(upload, error, signal) {
    const reason = await this.#explain(upload, error);
    if (signal.aborted || this.#isClosed) return;
    if (upload.isAnnounced) this.#discardDocumentOf(upload);
    const anew = { fileId: null, isAnnounced: false, isVerified: false, session: null, sent: 0, speed: null, retryAt: null };
    this.#change(upload, { ...anew, phase: 'failed', problem: reason });
  }

  async #explain(upload, error) {
    if (error instanceof UploadProblem) return error.problem;
    if (UNREADABLE.has(error.name)) return problem('problemGone');
    const isDenied = error.kind === 'denied' || DENIED.has(error.code);
    if (!isDenied) return problem('problemUnknown');
    const state = upload.isVerified ? await this.#documents.state(upload.fileId).catch(() => 'uploading') : 'uploading';
    if (state === null) return problem('problemRemoved');
    return quotaProblem(this.#profile, upload.size, { bytes: 0, files: 0 }) ?? problem('problemDenied');
  }

  // What is taken back

  #discard(upload) {
    this.#change(upload, { phase: 'discarded', file: null });
    if (upload.isKept) this.#store.removeBytes(upload.key).catch(() => {});
    this.#removeTraces(upload);
  }

  /** A failed upload stays in sight, so what is left of it on the server is taken back under a name of its own. */
  #discardDocumentOf({ uid, addedAt, order, name, size, contentType, fileId, isKept }) {
    const record = { ...newRecord(uid, { key: `discarded-${fileId}`, order, name, size, contentType }), addedAt, fileId };
    const upload = liveUpload({ ...record, phase: 'discarded' }, { file: null, isKept });
    this.#take(upload);
    this.#keep(upload).catch(() => {});
  }

  /** Without a connection this waits; after a reload the store still knows. */
  async #removeTraces(upload) {
    if (upload.session) this.#endpoint.cancel(upload.session).catch(() => {}); // it ends by itself within a week
    await this.#documents.remove(upload.fileId).catch(() => {});
    if (!this.#isClosed) this.#forget(upload);
  }

  #forget(upload) {
    upload.stopWatching?.();
    this.#uploads.delete(upload.key);
    this.#news.gone(upload);
    if (upload.isKept) this.#store.remove(upload.key).catch(() => {});
  }

  // Telling and keeping

  #change(upload, fields) {
    this.#keep(upload, fields).catch(() => {});
    this.#tell(upload);
  }

  async #keep(upload, fields = {}) {
    Object.assign(upload, fields);
    if (upload.isKept && this.#knows(upload) && !this.#isClosed) await this.#store.save(recordOf(upload));
  }

  #tell(upload, options) {
    if (this.#knows(upload)) this.#news.changed(upload, options);
  }

  /** What was forgotten stays so, whatever still comes back from the work on it. */
  #knows(upload) {
    return this.#uploads.get(upload.key) === upload;
  }
}

/** Its bytes will count; the usage does not have them before the file is ready. */
const takesRoom = ({ phase }) => phase === 'queued' || phase === 'processing' || RUNNING.has(phase);
