/** The links in mails: which one the page was opened with, and who asked for a link to sign in on this device. */

const MODES = new Set(['resetPassword', 'verifyEmail', 'signIn', 'recoverEmail', 'verifyAndChangeEmail']);
const STORAGE_KEY = 'drop.signInLink';
const CHANNEL = 'drop.mailLinks';

/** `{ mode, code, href }` when the page was opened from a mail, else null. */
export function readMailLink({ href }) {
  const parameters = new URL(href).searchParams;
  const mode = parameters.get('mode');
  const code = parameters.get('oobCode');
  return MODES.has(mode) && code ? { mode, code, href } : null;
}

/** Takes the code out of the address, so that it is in no history and a reload does not use it twice. */
export function clearMailLink() {
  history.replaceState(null, '', `${location.pathname}${location.hash}`);
}

/** `{ email, guest }`: the address that asked for a link here, and the uid of the guest who did. */
export function pendingSignInLink() {
  try {
    return JSON.parse(localStorage.getItem(STORAGE_KEY)) ?? { email: null, guest: null };
  } catch {
    return { email: null, guest: null }; // storage can be forbidden; the person is asked for the address then
  }
}

export function rememberSignInLink(request) {
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(request));
  } catch {
    // the person is asked for the address when the link is opened
  }
}

export function forgetSignInLink() {
  try {
    localStorage.removeItem(STORAGE_KEY);
  } catch {
    // nothing was kept then
  }
}

/** Tells the other tabs that a link was followed; `listener` of theirs runs at once. */
export function tellMailLink() {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage('followed');
  channel.close();
}

export function hearMailLinks(listener) {
  const channel = new BroadcastChannel(CHANNEL);
  channel.addEventListener('message', listener);
  return () => channel.close();
}
