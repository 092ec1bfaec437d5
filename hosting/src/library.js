/**
 * What the library knows: profile, files and uploads of one user, live. It has no elements; views listen to it, and a
 * change of language builds new views on the same library.
 */
import { Bytes } from './bytes.js';
import { call } from './callables.js';
import { Changes } from './changes.js';
import { closeData } from './data.js';
import { FileList } from './file-list.js';
import { fileQueries } from './file-queries.js';
import { ALL_FILES, TRASH } from './file-view.js';
import { viewSettings } from './view-settings.js';
import { deleteFiles, fileName, renameFile, restoreFiles, trashFiles } from './files.js';
import { language } from './i18n.js';
import { searchFields } from './keywords.js';
import { PROFILE_SLOW_MS } from './missing-profile.js';
import { saveProfile, watchProfile } from './profile.js';
import { Uploads } from './uploads/uploads.js';

export class Library {
  profile = null;
  isProfileSlow = false;
  error = null;
  trash = null;

  #user;
  #isNewUser;
  #services;
  #queries;
  #changes;
  #listeners = new Set();
  #stops = [];

  /** `isNewUser`: the account was made on this page a moment ago. */
  constructor(firebase, services, user, { isNewUser }) {
    this.#user = user;
    this.#isNewUser = isNewUser;
    this.#services = services;
    this.#queries = fileQueries(services.db, user.uid);
    this.bytes = new Bytes(user.uid, services.storage);
    this.uploads = new Uploads({ firebase, user, db: services.db });
    this.#changes = new Changes(this.#queries, (error) => this.#fail(error));
    this.list = new FileList(this.#queries, this.#changes, { ...ALL_FILES, sort: viewSettings().sort }, () => this.#listed());
    this.#stops.push(this.uploads.onHiding(() => this.#changed()));
    this.#watchProfile();
  }

  get uid() {
    return this.#user.uid;
  }

  get db() {
    return this.#services.db;
  }

  /** Changes made here that Firestore was not told of yet, such as those made without a connection. */
  get pendingCount() {
    const before = this.list.files?.filter(({ id, isPending }) => isPending && !this.#changes.files.has(id)) ?? []; // of before a reload
    return this.#changes.pendingCount + before.length;
  }

  /** Resolves once every change made here is sent. */
  sent() {
    if (this.pendingCount === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const stop = this.onChange(() => {
        if (this.pendingCount > 0) return;
        stop();
        resolve();
      });
    });
  }

  /** What the list shows; a document that only stands for an upload of this device is in the tray instead. */
  get files() {
    return this.list.files?.filter((file) => !this.uploads.hides(file)) ?? null;
  }

  onChange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The name of a file that may not be on any list, or null when it is gone. */
  async nameOf(id) {
    const known = this.list.files?.find((file) => file.id === id);
    return known ? known.name : fileName(this.#services.db, this.#user.uid, id);
  }

  /** Asks again for what could not be loaded. */
  reload() {
    this.error = null;
    this.list.reload();
    this.trash?.reload();
  }

  /** The list of the trash, kept from the first look at it on. */
  openTrash() {
    this.trash ??= new FileList(this.#queries, this.#changes, TRASH, () => this.#changed());
    return this.trash;
  }

  /** The language the functions use for this user. The page itself follows the device. */
  saveLocale(locale) {
    if (!this.profile || this.profile.locale === locale) return Promise.resolve();
    return saveProfile(this.#services.db, this.#user.uid, { locale });
  }

  // A change shows when the device has it, also without a connection. The promise is kept when Firestore has it.

  rename(file, name) {
    return this.#changes.writing([{ ...file, name, ...searchFields(name), isPending: true }], renameFile(this.#services.db, this.#user.uid, file.id, name));
  }

  moveToTrash(files) {
    const trashedAt = new Date();
    const trashed = files.map((file) => ({ ...file, state: 'trashed', trashedAt, isPending: true }));
    return this.#changes.writing(trashed, trashFiles(this.#services.db, this.#user.uid, files.map(({ id }) => id)));
  }

  restore(files) {
    const restored = files.map((file) => ({ ...file, state: 'ready', isPending: true }));
    return this.#changes.writing(restored, restoreFiles(this.#services.db, this.#user.uid, files.map(({ id }) => id)));
  }

  deleteForGood(files) {
    const ids = files.map(({ id }) => id);
    return this.#changes.deleting(ids, deleteFiles(this.#services.db, this.#user.uid, ids));
  }

  /** Deletes what is in the trash, also what no page has shown yet. */
  async emptyTrash() {
    const nextPage = () => this.#queries.readPage(TRASH);
    for (let page = await nextPage(); page.files.length > 0; page = await nextPage()) await this.deleteForGood(page.files);
  }

  /** Asks the functions to look at a file again that they had given up. */
  retryProcessing(file) {
    return call('retry_processing', { fileId: file.id });
  }

  /** Ends all listening and removes from this device what Firestore kept there. Unfinished uploads go on when their owner comes back. */
  close() {
    this.uploads.close();
    this.list.close();
    this.trash?.close();
    this.#changes.close();
    for (const stop of this.#stops) stop();
    this.#listeners.clear();
    return closeData(this.#services);
  }

  #watchProfile() {
    const slow = setTimeout(() => {
      this.isProfileSlow = this.profile === null;
      this.#changed();
    }, PROFILE_SLOW_MS);
    const stop = watchProfile(this.#services.db, this.#user.uid, (profile) => this.#showProfile(profile), (error) => this.#fail(error));
    this.#stops.push(stop, () => clearTimeout(slow));
  }

  #showProfile(profile) {
    const isFirst = this.profile === null && profile !== null;
    this.profile = profile;
    this.isProfileSlow = false;
    this.uploads.setProfile(profile);
    if (isFirst && this.#isNewUser) this.saveLocale(language()).catch(() => {}); // the person can still choose one
    this.#changed();
  }

  #listed() {
    if (this.list?.files) this.#changes.start();
    this.#changed();
  }

  #fail(error) {
    this.error = error;
    this.#changed();
  }

  #changed() {
    for (const listener of [...this.#listeners]) listener();
  }
}
