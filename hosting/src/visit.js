/** What is there while somebody is signed in: the data of this user, and the screens. */
import { openData } from './data.js';
import { needSentences } from './i18n.js';
import { Library } from './library.js';
import { root, show } from './screen.js';
import { Session } from './session.js';
import { closeDialogs } from './ui/dialog.js';
import { accountNotes } from './views/account-notes.js';
import { showLibrary } from './views/library.js';
import { uploadTray } from './views/upload-tray.js';

const NEW_USER_MS = 60_000;

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

/** Opens what `user` has; answers `{ library, showRoute, close }`. `end(reason)` signs out. */
export async function openVisit({ firebase, auth, development }, user, end) {
  const services = await openData(firebase, user.uid);
  const session = new Session(services, auth, user, { onEnd: end });
  const library = new Library(firebase, services, user, { isNewUser: isNew(user) });
  const context = { session, library, development, onSignOut: async () => (await mayLeave(library)) && end(null), onDeleted: () => end('deleting') };
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
  return { library, showRoute, close };
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

/** Signing out removes what this device keeps, also changes that were not sent yet: that is asked first. */
async function mayLeave(library) {
  if (library.pendingCount === 0) return true;
  const { confirmLeaving } = await import('./views/leaving.js');
  return confirmLeaving(library.pendingCount);
}

const isNew = (user) => Date.now() - Date.parse(user.metadata.creationTime) < NEW_USER_MS;
