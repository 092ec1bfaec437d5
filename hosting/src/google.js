/**
 * Google: to sign in, to link with who is signed in, or to prove who is there.
 *
 * In production a popup does it, whose script from Google loads only then. The Auth emulator takes the identity that
 * `pretend()` gives (null: changed their mind), since its popup would need that script as well.
 */
import { GoogleAuthProvider, linkWithCredential, reauthenticateWithCredential, signInWithCredential } from 'firebase/auth';
import { answered } from './auth.js';

const BY_CREDENTIAL = {
  enter: (auth, credential) => signInWithCredential(auth, credential),
  link: (auth, credential) => linkWithCredential(auth.currentUser, credential),
  confirm: (auth, credential) => reauthenticateWithCredential(auth.currentUser, credential),
};

/** Runs `purpose` ("enter", "link" or "confirm"); answers false when the person changed their mind. */
export async function withGoogle(auth, purpose, pretend) {
  if (!pretend) return (await import('./google-popup.js')).byPopup(auth, purpose);
  const identity = await pretend();
  if (!identity) return false;
  const credential = pretendCredential(identity);
  try {
    await BY_CREDENTIAL[purpose](auth, credential);
  } catch (error) {
    throw Object.assign(error, { credential }); // a popup's error carries it as well
  }
  return true;
}

/** Signs in with the Google account that could not be linked because it has an account of its own. */
export const enterInstead = (auth, error) => answered(signInWithCredential(auth, error.credential ?? GoogleAuthProvider.credentialFromError(error)));

/** What the Auth emulator takes for a token of Google: the claims, unsigned. */
function pretendCredential({ email, name }) {
  const claims = { sub: `pretend-${email}`, email, email_verified: true, name };
  return GoogleAuthProvider.credential(JSON.stringify(claims));
}
