/**
 * What the library knows: profile, files and uploads of one user, live. It has no elements; views listen to it, and a
 * change of language builds new views on the same library.
 */
import { openData } from './data.js';
import { deleteFile, downloadFile, PAGE_SIZE, thumbnailUrl, watchFiles } from './files.js';
import { language } from './i18n.js';
import { saveProfile, watchProfile } from './profile.js';
import { Uploads } from './upload.js';

const PROFILE_SLOW_MS = 10_000;

export class Library {
  profile = null;
  isProfileSlow = false;
  files = null;
  hasMore = false;
  listError = null;

  #user;
  #isNewUser;
  #services;
  #count = PAGE_SIZE;
  #keys = new Map();
  #listeners = new Set();
  #stops = [];
  #stopFiles = () => {};

  /** `isNewUser`: the account was made on this page a moment ago. */
  constructor(firebase, user, { isNewUser }) {
    this.#user = user;
    this.#isNewUser = isNewUser;
    this.#services = openData(firebase);
    this.uploads = new Uploads(user.uid, this.#services);
    this.#stops.push(this.uploads.onChange(() => this.#settle()));
    this.#watchProfile();
    this.#watchFiles();
  }

  get email() {
    return this.#user.email;
  }

  get uid() {
    return this.#user.uid;
  }

  get db() {
    return this.#services.db;
  }

  onChange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Uploads without a document first, then the documents, newest first: `{ key, file, upload }`. */
  get entries() {
    const uploads = new Map(this.uploads.list.map((upload) => [upload.fileId, upload]));
    const kept = (this.files ?? []).filter(({ id }) => !this.uploads.discarded.has(id));
    const documents = kept.map((file) => this.#entry(file, uploads.get(file.id) ?? null));
    const listed = new Set(documents.map(({ upload }) => upload));
    const alone = this.uploads.list.filter((upload) => !listed.has(upload));
    return [...alone.map((upload) => ({ key: upload.key, file: null, upload })), ...documents];
  }

  showMore() {
    this.#count += PAGE_SIZE;
    this.#watchFiles();
  }

  reload() {
    this.#watchFiles();
  }

  saveName(name) {
    return saveProfile(this.#services.db, this.#user.uid, { name });
  }

  /** The language the functions use for this user. The page itself follows the device. */
  saveLocale(locale) {
    if (!this.profile || this.profile.locale === locale) return Promise.resolve();
    return saveProfile(this.#services.db, this.#user.uid, { locale });
  }

  remove(file) {
    return deleteFile(this.#services.db, this.#user.uid, file.id);
  }

  download(file) {
    return downloadFile(this.#services.storage, this.#user.uid, file);
  }

  thumbnailUrl(path) {
    return thumbnailUrl(this.#services.storage, path);
  }

  /** Ends all listening. Uploads still running are taken back. */
  close() {
    this.uploads.cancelAll();
    this.#stopFiles();
    for (const stop of this.#stops) stop();
    this.#listeners.clear();
  }

  /** After news of files or uploads: a row keeps its key when its upload is over and only the document is left. */
  #settle() {
    for (const { fileId, key } of this.uploads.list) if (fileId) this.#keys.set(fileId, key);
    this.uploads.settle(this.files ?? []);
    this.#changed();
  }

  #entry(file, upload) {
    return { key: this.#keys.get(file.id) ?? file.id, file, upload };
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

  #watchFiles() {
    this.#stopFiles();
    this.listError = null;
    const show = ({ files, hasMore }) => {
      Object.assign(this, { files, hasMore });
      this.#settle();
    };
    this.#stopFiles = watchFiles(this.#services.db, this.#user.uid, this.#count, show, (error) => this.#fail(error));
    this.#changed();
  }

  #fail(error) {
    this.listError = error;
    this.#changed();
  }

  #changed() {
    for (const listener of [...this.#listeners]) listener();
  }
}
