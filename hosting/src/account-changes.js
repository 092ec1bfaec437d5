/** What somebody signed in changes about the account: how to sign in, and the address. */
import {
  EmailAuthProvider,
  GoogleAuthProvider,
  reauthenticateWithCredential,
  unlink,
  updatePassword,
  verifyBeforeUpdateEmail,
} from 'firebase/auth';
import { call } from './callables.js';
import { answered, sendSignInLink } from './auth.js';
import { withGoogle } from './google.js';
import { WAYS } from './session.js';

// Functions ask for a sign-in of the last five minutes before something that cannot be undone.
const RECENT_SECONDS = 5 * 60;

/** How this person can prove to be who signed in: "password" (or a link by mail, which looks the same) or "google". */
export const proofOf = ({ ways }) => (ways.has(WAYS.password) ? 'password' : 'google');

export function provePassword({ user, email }, password) {
  return answered(reauthenticateWithCredential(user, EmailAuthProvider.credential(email, password)));
}

/** On emulators the account that is linked already is taken; answers false when the popup was closed. */
export function proveGoogle({ auth, user }, development) {
  const linked = user.providerData.find(({ providerId }) => providerId === WAYS.google);
  return withGoogle(auth, 'confirm', development && (async () => ({ email: linked.email, name: linked.displayName })));
}

/** Sends the link; once it was opened in this browser, `hasRecentSignIn` is true here as well. */
export const sendProof = ({ auth, email }) => sendSignInLink(auth, { email });

export async function hasRecentSignIn({ user }) {
  const { claims } = await answered(user.getIdTokenResult());
  return Date.now() / 1000 - Number(claims.auth_time) < RECENT_SECONDS;
}

export const changePassword = ({ user }, password) => answered(updatePassword(user, password));

/** Sends a mail to the new address; the change happens when its link is opened. */
export async function changeEmail(session, email) {
  await answered(verifyBeforeUpdateEmail(session.user, email.trim(), { url: `${location.origin}/` }));
  session.expectNewEmail();
}

export const linkGoogle = ({ auth }, development) => withGoogle(auth, 'link', development?.askIdentity);

export const unlinkGoogle = ({ user }) => answered(unlink(user, GoogleAuthProvider.PROVIDER_ID));

/** Ends every session of this user, this one too. */
export const signOutEverywhere = () => call('sign_out_everywhere');
