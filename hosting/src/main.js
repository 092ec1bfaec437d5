/** Starts the page: language, Firebase, and the screen that fits whether somebody is signed in. */
import { leave, openAuth, watchUser } from './auth.js';
import { connectCallables } from './callables.js';
import { startFirebase } from './firebase.js';
import { language, onLanguageChange, preferredLanguage, setLanguage, t } from './i18n.js';
import { clearToasts } from './ui/announce.js';
import { fill, h } from './ui/dom.js';
import { showSignIn } from './views/sign-in.js';

const NEW_USER_MS = 60_000;

const root = document.getElementById('app');
const libraryParts = () => Promise.all([import('./library.js'), import('./views/library.js')]);

/** The screen that is on, as a function that mounts it and answers how to take it down. */
let screen = null;
let takeDown = null;

function show(next) {
  takeDown?.();
  screen = next;
  takeDown = screen();
}

async function start() {
  const sentences = setLanguage(preferredLanguage());
  const firebase = startFirebase();
  await sentences;
  onLanguageChange(() => screen && show(screen));
  try {
    await followUser(await firebase);
  } catch {
    show(startFailed);
  }
}

/** Shows the library while somebody is signed in, and the sign-in card otherwise. */
async function followUser(firebase) {
  const auth = openAuth(firebase.app, firebase.emulators);
  const idToken = async () => (await auth.currentUser?.getIdToken()) ?? null;
  connectCallables({ projectId: firebase.app.options.projectId, emulators: firebase.emulators, idToken, language });
  const development = firebase.emulators && import('./dev/seeded-users.js');
  let library = null;
  watchUser(auth, async (user) => {
    clearToasts();
    library?.close();
    library = null;
    if (!user) return show(() => showSignIn(root, { auth, development }));
    const [{ Library }, { showLibrary }] = await libraryParts();
    if (auth.currentUser !== user) return; // signed out again while the rest of the page was loading
    library = new Library(firebase, user, { isNewUser: isNew(user) });
    const opened = library;
    const signOut = () => {
      opened.close();
      leave(auth);
    };
    show(() => showLibrary(root, { library: opened, onSignOut: signOut }));
  });
  window.addEventListener('beforeunload', (event) => library?.uploads.busy && event.preventDefault());
}

const isNew = (user) => Date.now() - Date.parse(user.metadata.creationTime) < NEW_USER_MS;

function startFailed() {
  const again = h('button', { type: 'button', class: 'button primary', on: { click: () => location.reload() } }, t('tryAgain'));
  const card = h('div', { class: 'card', role: 'alert' }, h('h1', {}, t('startFailedTitle')), h('p', {}, t('startFailedBody')), again);
  fill(root, h('main', { class: 'welcome' }, card));
}

start();
