/**
 * What a link in a mail does when the page is opened with it: sign in, confirm, change or restore the address, choose a
 * new password. It runs once, whatever views are built on it; `state` says what there is to show.
 */
import { applyActionCode, checkActionCode, confirmPasswordReset, reload, verifyPasswordResetCode } from 'firebase/auth';
import { answered, followSignInLink, leave, resetPassword, signIn } from './auth.js';
import { authProblem } from './auth-problem.js';
import { pendingSignInLink, tellMailLink } from './mail-links.js';

export class MailVisit {
  /** `{ step, … }`: "working", "askEmail", "newPassword" {email}, "done" {outcome, email}, "taken" {email}, "failed" {problem}. */
  state = { step: 'working' };

  #auth;
  #link;
  #listeners = new Set();
  #finish;

  constructor(auth, link) {
    this.#auth = auth;
    this.#link = link;
    this.finished = new Promise((resolve) => (this.#finish = resolve));
    this.#attempt(() => STEPS[link.mode](this));
  }

  onChange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** On to the page. */
  finish() {
    this.#finish();
  }

  /** Signs in with the address the link was sent to. */
  async signInAs({ email }) {
    const { guest } = pendingSignInLink();
    try {
      await followSignInLink(this.#auth, { email, href: this.#link.href, guest });
      this.finish();
    } catch (error) {
      if (error.code !== 'auth/email-already-in-use') throw error;
      this.#to({ step: 'taken', email });
    }
  }

  /** Leaves the guest whose address has an account; the link is used up by now, so that account asks again. */
  async leaveGuest() {
    await leave(this.#auth);
    this.finish();
  }

  /** Sets the new password, and signs in with it unless a guest is here whose files would be left behind. */
  async choosePassword({ password }) {
    const { email } = this.state;
    await confirmPasswordReset(this.#auth, this.#link.code, password);
    if (this.#auth.currentUser?.isAnonymous) return this.#to({ step: 'done', outcome: 'reset', email });
    try {
      await signIn(this.#auth, { email, password });
      this.finish();
    } catch (error) {
      this.#to({ step: 'failed', problem: authProblem(error) });
    }
  }

  sendReset() {
    return resetPassword(this.#auth, { email: this.state.email });
  }

  async #attempt(work) {
    try {
      await work();
    } catch (error) {
      this.#to({ step: 'failed', problem: authProblem(error) });
    }
  }

  #to(state) {
    this.state = state;
    for (const listener of [...this.#listeners]) listener();
  }

  async startSignIn() {
    const { email } = pendingSignInLink();
    if (!email) return this.#to({ step: 'askEmail' });
    await this.signInAs({ email });
  }

  async startReset() {
    this.#to({ step: 'newPassword', email: await verifyPasswordResetCode(this.#auth, this.#link.code) });
  }

  /** The code says by itself what it does; it is looked at first to name the address. */
  async applyCode(outcome) {
    const { data } = await checkActionCode(this.#auth, this.#link.code);
    await applyActionCode(this.#auth, this.#link.code);
    tellMailLink();
    // Changing the address ends sessions in the cloud; the person then signs in again, with the new one.
    if (this.#auth.currentUser) await answered(reload(this.#auth.currentUser).then(() => this.#auth.currentUser?.getIdToken(true))).catch(() => {});
    this.#to({ step: 'done', outcome, email: data.email });
  }
}

const STEPS = {
  signIn: (visit) => visit.startSignIn(),
  resetPassword: (visit) => visit.startReset(),
  verifyEmail: (visit) => visit.applyCode('verified'),
  verifyAndChangeEmail: (visit) => visit.applyCode('changed'),
  recoverEmail: (visit) => visit.applyCode('recovered'),
};
