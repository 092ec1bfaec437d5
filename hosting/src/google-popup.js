/** Google's popup. Loaded when somebody asks for it, since the SDK then loads a script from apis.google.com. */
import {
  browserPopupRedirectResolver,
  GoogleAuthProvider,
  linkWithPopup,
  reauthenticateWithPopup,
  signInWithPopup,
} from 'firebase/auth';

const CLOSED = new Set(['auth/popup-closed-by-user', 'auth/cancelled-popup-request', 'auth/user-cancelled']);

const BY_POPUP = {
  enter: (auth, provider) => signInWithPopup(auth, provider, browserPopupRedirectResolver),
  link: (auth, provider) => linkWithPopup(auth.currentUser, provider, browserPopupRedirectResolver),
  confirm: (auth, provider) => reauthenticateWithPopup(auth.currentUser, provider, browserPopupRedirectResolver),
};

/** Runs `purpose`; answers false when the person closed the popup. */
export async function byPopup(auth, purpose) {
  const provider = new GoogleAuthProvider();
  if (purpose === 'enter') provider.setCustomParameters({ prompt: 'select_account' });
  try {
    await BY_POPUP[purpose](auth, provider);
    return true;
  } catch (error) {
    if (CLOSED.has(error.code)) return false;
    throw error;
  }
}
