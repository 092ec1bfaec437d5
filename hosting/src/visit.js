/** What is there while somebody is signed in: the data of this user, and the screens. */
import { openData } from './data.js';
import { needSentences } from './i18n.js';
import { Library } from './library.js';
import { root, show } from './screen.js';
import { Session } from './session.js';
import { closeDialogs } from './ui/dialog.js';
import { within } from './within.js';
import { accountNotes } from './views/account-notes.js';
import { showLibrary } from './views/library.js';
import { uploadTray } from './views/upload-tray.js';

const NEW_USER_MS = 60_000;
/** How long a change may take to be sent before somebody who signs out is asked about it. */
const SENDING_MS = 3000;

/** What each hash shows; the files for all others. Each answers a promise of what mounts it. */
const ROUTES = {
  async '#/settings'() {
    const [{ showSettings }] = await Promise.all([import('./views/settings.js'), needSentences('entry', 'settings', 'sharing')]);
    return showSettings;
  },
  async '#/trash'() {
    const { trashScreen } = await import('./views/trash.js');
    return (root, context) => showLibrary(root, { ...context, makeScreen: trashScreen });
  },
};
const filesRoute = async () => showLibrary;

/** Opens what `user` has; answers `{ uid, library, showRoute, close }`. `end(reason)` signs out. */
export async function openVisit({ firebase, auth, development }, user, end) {
  const services = await openData(firebase, user.uid);
  const session = new Session(services, auth, user, { onEnd: end });
  const library = new Library(firebase, services, user, { isNewUser: isNew(user) });
  let asking = null;
  const signOut = async () => {
    asking ??= mayLeave(library, session).finally(() => (asking = null));
    if (await asking) end(null);
  };
  const context = { session, library, development, onSignOut: signOut, onDeleted: () => end('deleting') };
  let isClosed = false;

  const showRoute = async ({ isMove = false } = {}) => {
    const { hash } = location;
    const route = await (ROUTES[hash] ?? filesRoute)();
    if (isClosed || location.hash !== hash) return;
    show(() => mount(route, context));
    if (!isMove) return;
    closeDialogs();
    window.scrollTo(0, 0);
    root.querySelector('h1')?.focus();
  };
  const close = () => {
    if (isClosed) return;
    isClosed = true;
    session.close();
    library.close();
  };
  return { uid: user.uid, library, showRoute, close };
}

/** A screen with what stands on every one: notes about the account, and the uploads. */
function mount(route, context) {
  const notes = accountNotes(context);
  const tray = uploadTray(context.library.uploads);
  const stop = route(root, { ...context, onFiles: tray.add });
  root.querySelector('.skip-link').after(notes.element);
  root.append(tray.element);
  return () => {
    notes.stop();
    tray.stop();
    stop();
  };
}

/**
 * Signing out removes what this device keeps, also changes that were not sent yet: that is asked first. A change that is
 * on its way is waited for, and the question is over once there is nothing left to lose.
 */
async function mayLeave(library, session) {
  const sent = Promise.all([library.sent(), session.sent()]);
  if (navigator.onLine) await within(SENDING_MS, sent).catch(() => {});
  const count = library.pendingCount + session.pendingCount;
  if (count === 0) return true;
  const { confirmLeaving } = await import('./views/leaving.js');
  return confirmLeaving(count, { sent });
}

const isNew = (user) => Date.now() - Date.parse(user.metadata.creationTime) < NEW_USER_MS;
