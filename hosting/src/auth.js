/** Sign-in: e-mail and password, kept in IndexedDB. What can go wrong is answered as a key of the messages. */
import {
  browserLocalPersistence,
  connectAuthEmulator,
  createUserWithEmailAndPassword,
  indexedDBLocalPersistence,
  initializeAuth,
  onAuthStateChanged,
  sendPasswordResetEmail,
  signInWithEmailAndPassword,
  signOut,
} from 'firebase/auth';
import { language } from './i18n.js';

const SENTENCES = {
  'auth/invalid-email': 'errEmailInvalid',
  'auth/missing-email': 'errEmailMissing',
  'auth/missing-password': 'errPasswordMissing',
  'auth/weak-password': 'errPasswordWeak',
  'auth/password-does-not-meet-requirements': 'errPasswordWeak',
  'auth/invalid-credential': 'errCredentials',
  'auth/wrong-password': 'errCredentials',
  'auth/user-not-found': 'errCredentials',
  'auth/email-already-in-use': 'errEmailTaken',
  'auth/too-many-requests': 'errTooMany',
  'auth/network-request-failed': 'errNetwork',
  'auth/user-disabled': 'errDisabled',
};

/** Connects to the Auth of `app`. No popup resolver: it would load a script from another site. */
export function openAuth(app, emulators) {
  const auth = initializeAuth(app, { persistence: [indexedDBLocalPersistence, browserLocalPersistence] });
  if (emulators?.auth) {
    const { host, port } = emulators.auth;
    connectAuthEmulator(auth, `http://${host}:${port}`, { disableWarnings: true });
  }
  return auth;
}

export const watchUser = (auth, listener) => onAuthStateChanged(auth, listener);

export const signIn = (auth, { email, password }) => signInWithEmailAndPassword(auth, email, password);

export const signUp = (auth, { email, password }) => createUserWithEmailAndPassword(auth, email, password);

/** Sends the mail. An unknown address is no error, so nobody can find out who has an account. */
export async function resetPassword(auth, { email }) {
  auth.languageCode = language();
  try {
    await sendPasswordResetEmail(auth, email);
  } catch (error) {
    if (error.code !== 'auth/user-not-found') throw error;
  }
}

export const leave = (auth) => signOut(auth);

/** The key of the sentence that says what went wrong. */
export function authProblem(error) {
  if (SENTENCES[error.code]) return SENTENCES[error.code];
  return error.code === 'auth/internal-error' ? refusalSentence(error.message) : 'errSomething';
}

/** A function that was asked before sign-up or sign-in said no: Auth passes its answer on as text, in JSON. */
function refusalSentence(message) {
  if (/is suspended/.test(message)) return 'errDisabled';
  if (/being deleted/.test(message)) return 'profileDeleting';
  if (/cannot be used here/.test(message)) return 'errDomainBlocked';
  if (/INVALID_ARGUMENT/.test(message)) return 'errEmailInvalid';
  return /PERMISSION_DENIED/.test(message) ? 'errRefused' : 'errSomething';
}
