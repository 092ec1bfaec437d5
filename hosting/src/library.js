/**
 * What the library knows: profile, files and uploads of one user, live. It has no elements; views listen to it, and a
 * change of language builds new views on the same library.
 */
import { openData } from './data.js';
import { deleteFile, downloadFile, PAGE_SIZE, thumbnailUrl, watchFiles } from './files.js';
import { language } from './i18n.js';
import { saveProfile, watchProfile } from './profile.js';
import { Uploads } from './uploads/uploads.js';

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
  #listeners = new Set();
  #stops = [];
  #stopFiles = () => {};

  /** `isNewUser`: the account was made on this page a moment ago. */
  constructor(firebase, user, { isNewUser }) {
    this.#user = user;
    this.#isNewUser = isNewUser;
    this.#services = openData(firebase);
    this.uploads = new Uploads({ firebase, user, db: this.#services.db });
    this.#stops.push(this.uploads.onHiding(() => this.#changed()));
    this.#watchProfile();
    this.#watchFiles();
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

  /** What the list shows: every document but those that only stand for an upload of this device. */
  get listed() {
    return (this.files ?? []).filter((file) => !this.uploads.hides(file));
  }

  showMore() {
    this.#count += PAGE_SIZE;
    this.#watchFiles();
  }

  reload() {
    this.#watchFiles();
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

  /** Ends all listening. Unfinished uploads go on when their owner comes back. */
  close() {
    this.uploads.close();
    this.#stopFiles();
    for (const stop of this.#stops) stop();
    this.#listeners.clear();
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
      this.#changed();
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
