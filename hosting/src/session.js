/**
 * Who is signed in, live: the user of Authentication together with the profile. It has no elements; views listen to it.
 *
 * A session ends by itself when the user signed out everywhere or the account is being deleted.
 */
import { onIdTokenChanged, reload } from 'firebase/auth';
import { call } from './callables.js';
import { hearMailLinks } from './mail-links.js';
import { askForProfile } from './missing-profile.js';
import { saveProfile, watchProfile } from './profile.js';
import { NoAnswer, within } from './within.js';

export const WAYS = { password: 'password', google: 'google.com' };

/** How long a form waits for the server before it says that a change is kept and will be sent. */
const SAVE_MS = 5000;

const REFUSED_ADDRESS = new Set(['blocked-domain', 'invalid-email', 'suspended']);

export class Session {
  profile = null;
  /** Why functions do not accept the address of this user, in the user's language. */
  refusal = null;

  #auth;
  #services;
  #askedToRefresh = null;
  #expectsNewEmail = false;
  #listeners = new Set();
  #onEnd;
  #saving = new Set();
  #stops;

  /** `onEnd` hears "elsewhere" or "deleting" when the session is over. */
  constructor(services, auth, user, { onEnd }) {
    this.#auth = auth;
    this.user = user;
    this.#services = services;
    this.#onEnd = onEnd;
    const showProfile = (profile) => {
      // Deletion begins with the profile: one that was there and is gone is no profile that is still being made.
      if (this.profile && !profile) return onEnd('deleting');
      if (!this.profile && profile) this.refusal = null;
      this.profile = profile;
      this.#settle();
    };
    const look = () => this.lookAgain().catch(() => {}); // no connection: the next time the page gets the focus
    const focus = new AbortController();
    window.addEventListener('focus', look, { signal: focus.signal });
    this.#stops = [
      watchProfile(this.#services.db, user.uid, showProfile, () => {}), // the library tells when nothing can be read
      onIdTokenChanged(auth, (changed) => changed?.uid === user.uid && this.#settle()),
      hearMailLinks(() => this.lookAgain({ evenWhenVerified: true }).catch(() => {})),
      askForProfile({ isMissing: () => this.profile === null, onRefused: (error) => this.#refuse(error) }),
      () => focus.abort(),
    ];
  }

  get auth() {
    return this.#auth;
  }

  get services() {
    return this.#services;
  }

  get uid() {
    return this.user.uid;
  }

  get email() {
    return this.user.email;
  }

  get isGuest() {
    return this.user.isAnonymous;
  }

  /** An address that nobody proved to own yet. */
  get needsVerification() {
    return this.email !== null && !this.user.emailVerified;
  }

  /** The ids of the providers with which this user signs in; an address alone can always ask for a link. */
  get ways() {
    return new Set(this.user.providerData.map(({ providerId }) => providerId));
  }

  onChange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Changes the profile's own fields: `name`, `locale`, `picture`. Answers whether the server has the change; without a
   * connection the device keeps it and sends it later.
   */
  async save(fields) {
    const saving = saveProfile(this.#services.db, this.uid, fields);
    this.#saving.add(saving);
    saving.catch(() => {}).finally(() => this.#saving.delete(saving));
    try {
      await within(SAVE_MS, saving);
      return true;
    } catch (error) {
      if (error instanceof NoAnswer) return false;
      throw error;
    }
  }

  /** Changes of the profile that the server does not have yet. */
  get pendingCount() {
    return this.#saving.size;
  }

  /** Resolves once they are sent, or refused. */
  async sent() {
    await Promise.allSettled(this.#saving);
  }

  /** Tells the views about a change of which Authentication tells nobody, such as a provider that was taken off. */
  noteChange() {
    this.#settle();
  }

  /** A mail was sent that changes the address once its link is opened, perhaps elsewhere. */
  expectNewEmail() {
    this.#expectsNewEmail = true;
  }

  /** Asks the server what became of the address. A new token carries what it answers to rules and functions. */
  async lookAgain({ evenWhenVerified = this.#expectsNewEmail } = {}) {
    if (!this.needsVerification && !evenWhenVerified) return;
    const before = [this.user.emailVerified, this.email];
    await reload(this.user);
    const after = [this.user.emailVerified, this.email];
    if (String(before) !== String(after)) await this.user.getIdToken(true);
  }

  close() {
    for (const stop of this.#stops) stop();
    this.#listeners.clear();
  }

  #settle() {
    this.#endIfOver().catch(() => {}); // a token that cannot be renewed offline; one that is revoked signs out by itself
    this.#refreshProfile().catch(() => {}); // tried again with the next sign-in
    this.#tell();
  }

  async #endIfOver() {
    if (this.profile?.state === 'deleting') return this.#onEnd('deleting');
    const endedAt = this.profile?.sessionsEndedAt;
    if (!endedAt) return;
    const { claims } = await this.user.getIdTokenResult();
    if (Number(claims.auth_time) < endedAt.seconds) this.#onEnd('elsewhere');
  }

  /** A guest who became an account, a changed or a confirmed address: functions bring profile and claims in step. */
  async #refreshProfile() {
    const { email, emailVerified } = this.user;
    const state = `${email} ${emailVerified}`;
    if (!this.profile || !email || this.#askedToRefresh === state || isInStep(this.profile, this.user)) return;
    this.#askedToRefresh = state;
    try {
      await call('refresh_profile');
      await this.user.getIdToken(true);
    } catch (error) {
      if (!REFUSED_ADDRESS.has(error.reason)) throw error;
      this.#refuse(error);
    }
  }

  #refuse({ reason, message }) {
    if (reason === 'deleting') return this.#onEnd('deleting');
    this.refusal = message;
    this.#tell();
  }

  #tell() {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Addresses are in lower case in both places; a profile of before it was kept does not say whether it is confirmed. */
const isInStep = ({ email, emailVerified }, user) => email === user.email.toLowerCase() && (emailVerified ?? user.emailVerified) === user.emailVerified;
