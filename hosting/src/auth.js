/** The ways in and out: password, link by e-mail, guest. Google is in google.js; what went wrong is put in words by auth-problem.js. */
import {
  browserLocalPersistence,
  connectAuthEmulator,
  createUserWithEmailAndPassword,
  EmailAuthProvider,
  indexedDBLocalPersistence,
  initializeAuth,
  linkWithCredential,
  onAuthStateChanged,
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

export const watchUser = (auth, listener) => onAuthStateChanged(auth, listener);

export const signIn = (auth, { email, password }) => signInWithEmailAndPassword(auth, email.trim(), password);

/** Makes an account and asks its owner to confirm the address. */
export async function signUp(auth, { email, password }) {
  const { user } = await createUserWithEmailAndPassword(auth, email.trim(), password);
  await sendFirstVerification(user);
}

export const signInAsGuest = (auth) => signInAnonymously(auth);

/** The guest becomes an account with a password; uid and files stay. */
export async function keepGuestWithPassword(auth, { email, password }) {
  const { user } = await linkWithCredential(auth.currentUser, EmailAuthProvider.credential(email.trim(), password));
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
  await (isThatGuest ? linkWithCredential(auth.currentUser, credential) : signInWithCredential(auth, credential));
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

export const leave = (auth) => signOut(auth);
