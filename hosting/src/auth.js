/** The ways in and out: password, link by e-mail, guest. Google is in google.js; what went wrong is put in words by auth-problem.js. */
import {
  browserLocalPersistence,
  connectAuthEmulator,
  createUserWithEmailAndPassword,
  EmailAuthProvider,
  indexedDBLocalPersistence,
  initializeAuth,
  linkWithCredential,
  onIdTokenChanged,
  sendEmailVerification,
  sendPasswordResetEmail,
  sendSignInLinkToEmail,
  signInAnonymously,
  signInWithCredential,
  signInWithEmailAndPassword,
  signOut,
} from 'firebase/auth';
import { language, onLanguageChange } from './i18n.js';
import { forgetSignInLink, rememberSignInLink } from './mail-links.js';
import { noteLeft, readOwner } from './owner.js';
import { within } from './within.js';

/** Signing out asks only the browser's storage, which answers at once or not at all. */
const LEAVE_MS = 3000;
/** Everything else asks the server, for which the SDK itself waits a minute at most, and then the storage. */
const ANSWER_MS = 75_000;

const departures = new EventTarget();
/** Users who left this page. The SDK may still hold one whose removal storage did not answer. */
const departed = new WeakSet();

/** Connects to the Auth of `app`. No popup resolver: it would load a script from another site. */
export function openAuth(app, emulators) {
  const auth = initializeAuth(app, { persistence: [indexedDBLocalPersistence, browserLocalPersistence] });
  if (emulators?.auth) {
    const { host, port } = emulators.auth;
    connectAuthEmulator(auth, `http://${host}:${port}`, { disableWarnings: true });
  }
  // The language of the mails.
  auth.languageCode = language();
  onLanguageChange((code) => (auth.languageCode = code));
  return auth;
}

/** What the SDK answers. Rejects with NoAnswer when storage keeps it from answering. */
export const answered = (promise) => within(ANSWER_MS, promise);

/**
 * Calls `listener` with who is signed in, or null. The SDK tells nobody of a sign-out that its storage did not take, nor of
 * the same user coming back after it; so every token is heard, and every departure.
 */
export function watchUser(auth, listener) {
  let heard;
  const hear = (user) => {
    const present = departed.has(user) ? null : user;
    const uid = present?.uid ?? null;
    if (uid === heard) return;
    heard = uid;
    listener(present);
  };
  departures.addEventListener('left', () => hear(null));
  onIdTokenChanged(auth, hear);
}

export const signIn = (auth, { email, password }) => answered(signInWithEmailAndPassword(auth, email.trim(), password));

/** Makes an account and asks its owner to confirm the address. */
export async function signUp(auth, { email, password }) {
  const { user } = await answered(createUserWithEmailAndPassword(auth, email.trim(), password));
  await sendFirstVerification(user);
}

export const signInAsGuest = (auth) => answered(signInAnonymously(auth));

/** The guest becomes an account with a password; uid and files stay. */
export async function keepGuestWithPassword(auth, { email, password }) {
  const { user } = await answered(linkWithCredential(auth.currentUser, EmailAuthProvider.credential(email.trim(), password)));
  await sendFirstVerification(user);
}

/** Where the links in mails lead to in the end: this page, which reads them (mail-links.js). */
const mailSettings = () => ({ url: `${location.origin}/` });

/** Sends the mail that confirms the address of `user`. */
export const sendVerification = (user) => sendEmailVerification(user, mailSettings());

/** The account is there whether or not this mail went out; the page offers to send it again. */
const sendFirstVerification = (user) => sendVerification(user).catch(() => {});

/** Sends a link that signs in. A guest who asks for it takes the files along when it is opened in this browser. */
export async function sendSignInLink(auth, { email }) {
  await sendSignInLinkToEmail(auth, email.trim(), { ...mailSettings(), handleCodeInApp: true });
  const guest = auth.currentUser?.isAnonymous ? auth.currentUser.uid : null;
  rememberSignInLink({ email: email.trim(), guest });
}

/** Signs in with the link at `href`; the guest who asked for it becomes that account. */
export async function followSignInLink(auth, { email, href, guest }) {
  const credential = EmailAuthProvider.credentialWithLink(email.trim(), href);
  const isThatGuest = guest !== null && auth.currentUser?.uid === guest && auth.currentUser.isAnonymous;
  await answered(isThatGuest ? linkWithCredential(auth.currentUser, credential) : signInWithCredential(auth, credential));
  forgetSignInLink();
}

/** Sends the mail. An unknown address is no error, so nobody can find out who has an account. */
export async function resetPassword(auth, { email }) {
  try {
    await sendPasswordResetEmail(auth, email.trim(), mailSettings());
  } catch (error) {
    if (error.code !== 'auth/user-not-found') throw error;
  }
}

/**
 * Signs out; whatever the browser's storage answers, the person is out of this page and out of the other tabs. A session
 * that storage still holds then is ended by `finishLeaving` at the next start.
 */
export async function leave(auth) {
  const user = auth.currentUser;
  if (user) {
    departed.add(user);
    noteLeft(user.uid);
  }
  try {
    await within(LEAVE_MS, signOut(auth));
  } catch {
    // the departure counts all the same
  }
  departures.dispatchEvent(new Event('left'));
}

/** Ends a session that was left and is still there, before anything of it is shown. */
export async function finishLeaving(auth) {
  const { uid, hasLeft } = readOwner();
  if (!hasLeft) return;
  await auth.authStateReady();
  if (auth.currentUser?.uid === uid) await leave(auth);
}
