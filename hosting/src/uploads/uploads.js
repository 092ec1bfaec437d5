/**
 * The uploads of one user as a page sees them, in whichever tab they are driven.
 *
 * Every tab holds the same list. The tab that leads drives the uploads with an engine; the others show what it says and
 * pass on what is asked of them. New files go into the store first, so that no tab is needed for them to go on.
 */
import { call } from '../callables.js';
import { describeFile, fileProblem } from './admission.js';
import { FileDocuments } from './documents.js';
import { Engine } from './engine.js';
import { FINISHED, UNSENT } from './phases.js';
import { ResumableEndpoint } from './protocol.js';
import { newRecord } from './records.js';
import { openStore } from './store.js';
import { Tabs } from './tabs.js';
import { within } from '../within.js';

const COMMANDS = ['pause', 'resume', 'retry', 'accept', 'cancel', 'dismiss'];
const BEFORE_ARRIVAL = 'uploading';
/** Storage that does not answer is taken for none: an upload then lives as long as its page. */
const STORE_MS = 5000;

export class Uploads {
  #uid;
  #firebase;
  #user;
  #db;
  #store = within(STORE_MS, openStore()).catch(() => null);
  #tabs;
  #engine = null;
  #profile = null;
  #items = new Map();
  #own = new Set(); // keys of what only this tab knows: refused files, and new ones no engine has taken up yet
  #carried = new Map(); // new files the store had no room for, by key
  #hidden = new Set(); // ids of documents that stand for these uploads
  #listeners = new Set();
  #hidingListeners = new Set();
  #lastOrder = 0;

  /** `firebase` is `{ app, emulators, appCheckToken }`; `user` the one who is signed in. */
  constructor({ firebase, user, db }) {
    this.#uid = user.uid;
    this.#user = user;
    this.#firebase = firebase;
    this.#db = db;
    this.#tabs = new Tabs(user.uid, { onLead: () => this.#lead(), onDeposed: () => this.#stepDown(), onMessage: (message) => this.#hear(message) });
    this.#tabs.ask({ type: 'hello' });
  }

  /** Snapshots in the order of adding; `phases.js` tells what their `phase` may be. */
  get list() {
    const shown = [...this.#items.values()].filter(({ phase }) => phase !== 'discarded');
    return shown.sort((one, other) => one.order - other.order);
  }

  /** Some file is on its way that is kept nowhere: leaving the page now would lose it. */
  get busy() {
    return [...this.#items.values()].some(({ phase, isKept }) => UNSENT.has(phase) && !isKept);
  }

  onChange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Called when `hides` may answer differently. */
  onHiding(listener) {
    this.#hidingListeners.add(listener);
    return () => this.#hidingListeners.delete(listener);
  }

  /** Whether the document `file` only stands for an upload of this device, or for one that was taken back. */
  hides({ id, state }) {
    return state === BEFORE_ARRIVAL && this.#hidden.has(id);
  }

  /** The quota comes with the profile; uploads wait until there is one. */
  setProfile(profile) {
    this.#profile = profile;
    this.#engine?.setProfile(profile);
  }

  /** Adds files; answers their snapshots, refused ones with a `problem`. */
  add(files) {
    const added = [...files].map((file) => ({ file, item: this.#newItem(file) }));
    for (const { item } of added) this.#putOwn(item);
    this.#changed();
    this.#hand(added.filter(({ item }) => item.phase !== 'refused'));
    return added.map(({ item }) => item);
  }

  pause(key) {
    this.#command('pause', key);
  }

  resume(key) {
    this.#command('resume', key);
  }

  retry(key) {
    this.#command('retry', key);
  }

  accept(key) {
    this.#command('accept', key);
  }

  cancel(key) {
    this.#command('cancel', key);
  }

  /** Takes what has ended, or waits for a decision, out of the list. */
  dismiss(key) {
    const item = this.#items.get(key);
    if (!item || !FINISHED.has(item.phase)) return;
    this.#drop(key);
    this.#changed();
    this.#command('dismiss', key);
  }

  /** Lets go of everything this device keeps for the user, whose account is being deleted. */
  async forgetAll() {
    const store = await this.#store;
    await store?.forget(this.#uid);
  }

  /** Ends this page's part. Unfinished uploads stay in the store for their owner. */
  close() {
    this.#engine?.close();
    this.#tabs.close();
    this.#listeners.clear();
    this.#hidingListeners.clear();
  }

  #newItem(file) {
    const about = describeFile(file);
    const problem = fileProblem(about);
    this.#lastOrder = Math.max(this.#lastOrder + 0.001, Date.now());
    const record = newRecord(this.#uid, { ...about, key: crypto.randomUUID(), order: this.#lastOrder });
    return { ...record, phase: problem ? 'refused' : 'waiting', problem, speed: null, retryAt: null, reason: null, isKept: false };
  }

  /** Puts new files into the store one by one and tells the tab that leads. */
  async #hand(added) {
    const store = await this.#store;
    for (const { file, item } of added) {
      const record = newRecord(this.#uid, item);
      try {
        if (!store) throw new Error('the browser keeps nothing');
        await store.add(record, file);
      } catch {
        this.#carried.set(item.key, { record, file });
      }
      this.#handOver(item.key);
    }
  }

  /** Asks the tab that leads to take up a new file. Asking twice does no harm. */
  #handOver(key) {
    const carried = this.#carried.get(key);
    this.#pass(carried ? { type: 'carried', ...carried } : { type: 'added', key });
  }

  #pass(message) {
    if (this.#engine) this.#obey(message);
    else this.#tabs.ask(message);
  }

  #command(name, key) {
    this.#pass({ type: 'command', name, key });
  }

  /** From now on this tab drives. */
  async #lead() {
    const store = await this.#store;
    if (!this.#tabs.isLeading) return;
    const engine = new Engine({
      uid: this.#uid,
      store,
      documents: new FileDocuments(this.#db, this.#uid),
      askToProcess: (fileId) => call('retry_processing', { fileId }),
      endpoint: this.#endpoint(),
      publish: (news) => this.#publish(news),
    });
    await within(STORE_MS, engine.load()).catch(() => {}); // what the store tells later, the engine takes up then
    if (!this.#tabs.isLeading) return engine.close();
    this.#engine = engine;
    engine.setProfile(this.#profile);
    this.#publish(this.#everything());
  }

  /** Another tab drives, from what the store knows. */
  #stepDown() {
    this.#engine?.close();
    this.#engine = null;
  }

  #endpoint() {
    const { app, emulators, appCheckToken } = this.#firebase;
    const identity = async (isRefreshed) => ({
      idToken: await this.#user.getIdToken(isRefreshed),
      appCheck: (await appCheckToken?.()) ?? null,
    });
    return new ResumableEndpoint({ bucket: app.options.storageBucket, emulator: emulators?.storage, identity });
  }

  #everything() {
    return { changed: this.#engine.snapshots, gone: [], isAll: true };
  }

  #publish(news) {
    this.#tabs.post({ type: 'news', ...news });
    this.#take(news);
  }

  /** What another tab says. */
  #hear(message) {
    if (message.type === 'news') this.#take(message);
    else if (!this.#engine) return;
    else if (message.type === 'hello') this.#tabs.post({ type: 'news', ...this.#everything() });
    else this.#obey(message);
  }

  /** What was asked of the tab that leads, here or in another one. */
  #obey({ type, name, key, record, file }) {
    if (type === 'added') this.#engine.adopt(key);
    if (type === 'carried') this.#engine.carry(record, file);
    if (type === 'command' && COMMANDS.includes(name)) this.#engine[name](key);
  }

  #take({ changed, gone, isAll = false }) {
    if (isAll) this.#meetLeader(new Set(changed.map(({ key }) => key)));
    const isRehidden = gone.length > 0 || isAll || changed.some(({ key, fileId }) => this.#items.get(key)?.fileId !== fileId);
    for (const item of changed) {
      this.#items.set(item.key, item);
      this.#own.delete(item.key);
    }
    for (const key of gone) this.#drop(key);
    this.#changed();
    if (isRehidden) this.#rehide();
  }

  /** A new leader knows only what is unfinished: what had ended before is still worth seeing, what is new it has to hear of. */
  #meetLeader(known) {
    for (const [key, { phase }] of this.#items) {
      if (known.has(key)) continue;
      if (this.#carried.has(key) ? UNSENT.has(phase) : this.#own.has(key) && phase === 'waiting') this.#handOver(key);
      else if (!this.#own.has(key) && !FINISHED.has(phase)) this.#drop(key);
    }
  }

  #rehide() {
    const hidden = new Set([...this.#items.values()].map(({ fileId }) => fileId).filter(Boolean));
    const isSame = hidden.size === this.#hidden.size && [...hidden].every((id) => this.#hidden.has(id));
    this.#hidden = hidden;
    if (!isSame) for (const listener of [...this.#hidingListeners]) listener();
  }

  #putOwn(item) {
    this.#items.set(item.key, item);
    this.#own.add(item.key);
  }

  #drop(key) {
    this.#items.delete(key);
    this.#own.delete(key);
    this.#carried.delete(key);
  }

  #changed() {
    for (const listener of [...this.#listeners]) listener();
  }
}
