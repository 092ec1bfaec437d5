/** Starts the page: language, Firebase, and the screen that fits who is signed in and what the address asks for. */
import { leave, openAuth, watchUser } from './auth.js';
import { forgetCache } from './cache.js';
import { connectCallables } from './callables.js';
import { startFirebase } from './firebase.js';
import { language, onLanguageChange, preferredLanguage, setLanguage, t } from './i18n.js';
import { clearMailLink, readMailLink } from './mail-links.js';
import { clearToasts } from './ui/announce.js';
import { closeDialogs } from './ui/dialog.js';
import { fill, h } from './ui/dom.js';
import { showSignIn } from './views/sign-in.js';

const NEW_USER_MS = 60_000;

/** What each hash shows to who is signed in; the library for all others. Each answers a promise of what mounts it. */
const ROUTES = {
  '#/settings': async () => (await import('./views/settings.js')).showSettings,
  '#/trash': async () => libraryRoute((await import('./views/trash.js')).trashScreen),
};

async function libraryRoute(makeScreen) {
  const { showLibrary } = await import('./views/library.js');
  return (root, context) => showLibrary(root, { ...context, makeScreen });
}

const root = document.getElementById('app');

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
  const starting = startFirebase();
  await sentences;
  onLanguageChange(() => screen && show(screen));
  try {
    const page = await openPage(await starting);
    await followMailLink(page);
    followUser(page);
  } catch {
    show(startFailed);
  }
}

/** `{ firebase, auth, development }`; `development` is what there is on emulators only, else null. */
async function openPage(firebase) {
  const { app, emulators } = firebase;
  const siteKey = import.meta.env.VITE_APP_CHECK_KEY;
  const appCheckToken = siteKey && !emulators ? (await import('./app-check.js')).startAppCheck(app, siteKey) : undefined;
  const auth = openAuth(app, emulators);
  const idToken = async () => (await auth.currentUser?.getIdToken()) ?? null;
  connectCallables({ projectId: app.options.projectId, emulators, idToken, appCheckToken, language });
  const development = emulators && (await import('./dev/development.js')).developmentTools(firebase);
  return { firebase: { ...firebase, appCheckToken }, auth, development };
}

/** When the page was opened from a mail, that comes first. */
async function followMailLink({ auth }) {
  const link = readMailLink(location);
  if (!link) return;
  const [{ MailVisit }, { showMailLink }] = await Promise.all([import('./mail-visit.js'), import('./views/mail-link.js'), auth.authStateReady()]);
  clearMailLink();
  const visit = new MailVisit(auth, link);
  show(() => showMailLink(root, { visit }));
  await visit.finished;
}

/** Shows the library, or what the hash asks for, while somebody is signed in, and the sign-in card otherwise. */
function followUser(page) {
  const { auth, development } = page;
  let visit = null;
  let farewell = null;

  const end = (reason) => {
    if (!visit) return;
    farewell = reason;
    if (reason === 'deleting') visit.library.uploads.forgetAll();
    visit.close();
    leave(auth);
  };
  const sayGoodbye = () => {
    const reason = farewell;
    farewell = null;
    if (reason === 'deleting') return showGoodbyeScreen(() => show(signIn(null)));
    show(signIn(reason === 'elsewhere' ? 'signedOutElsewhere' : null));
  };
  const signIn = (notice) => () => showSignIn(root, { auth, development, notice });

  watchUser(auth, async (user) => {
    clearToasts();
    closeDialogs();
    if (!user && !visit) forgetCache(); // of somebody whose sign-out this browser did not live to see
    if (visit) history.replaceState(null, '', location.pathname); // where one user was is nothing to the next
    visit?.close();
    visit = null;
    if (!user) return sayGoodbye();
    const opened = await openVisit(page, user, end);
    if (auth.currentUser !== user) return opened.close(); // signed out again while the rest of the page was loading
    visit = opened;
    await visit.showRoute();
  });
  window.addEventListener('hashchange', () => visit?.showRoute({ isMove: true }));
  window.addEventListener('beforeunload', (event) => visit?.library.uploads.busy && event.preventDefault());
}

async function showGoodbyeScreen(onStart) {
  const { showGoodbye } = await import('./views/goodbye.js');
  show(() => showGoodbye(root, { onStart }));
}

/** Everything that is there while `user` is signed in. `end(reason)` signs out. */
async function openVisit({ firebase, auth, development }, user, end) {
  const [{ openData }, { Session }, { Library }, { accountNotes }] = await Promise.all([
    import('./data.js'),
    import('./session.js'),
    import('./library.js'),
    import('./views/account-notes.js'),
  ]);
  const services = await openData(firebase, user.uid);
  const session = new Session(services, auth, user, { onEnd: end });
  const library = new Library(firebase, services, user, { isNewUser: isNew(user) });
  const context = { session, library, development, onSignOut: async () => (await mayLeave(library)) && end(null), onDeleted: () => end('deleting') };
  let isClosed = false;

  const mount = (route) => () => {
    const strip = accountNotes(context);
    const stop = route(root, context);
    root.querySelector('.skip-link').after(strip.element);
    return () => {
      strip.stop();
      stop?.();
    };
  };
  const showRoute = async ({ isMove = false } = {}) => {
    const { hash } = location;
    const route = await (ROUTES[hash] ?? libraryRoute)();
    if (isClosed || location.hash !== hash) return;
    show(mount(route));
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

/** Signing out removes what this device keeps, also changes that were not sent yet: that is asked first. */
async function mayLeave(library) {
  if (library.pendingCount === 0) return true;
  const { confirmLeaving } = await import('./views/leaving.js');
  return confirmLeaving(library.pendingCount);
}

const isNew = (user) => Date.now() - Date.parse(user.metadata.creationTime) < NEW_USER_MS;

function startFailed() {
  const again = h('button', { type: 'button', class: 'button primary', on: { click: () => location.reload() } }, t('tryAgain'));
  const card = h('div', { class: 'card', role: 'alert' }, h('h1', {}, t('startFailedTitle')), h('p', {}, t('startFailedBody')), again);
  fill(root, h('main', { class: 'welcome' }, card));
}

start();
