/** Starts the page: language, Firebase, and then what fits who is signed in. */
import { leave, openAuth, watchUser } from './auth.js';
import { forgetCache, hasCache } from './cache.js';
import { connectCallables } from './callables.js';
import { startFirebase } from './firebase.js';
import { language, needSentences, preferredLanguage, setLanguage, t } from './i18n.js';
import { clearMailLink, readMailLink } from './mail-links.js';
import { clear, root, show } from './screen.js';
import { clearToasts } from './ui/announce.js';
import { closeDialogs } from './ui/dialog.js';
import { fill, h } from './ui/dom.js';

async function start() {
  const sentences = setLanguage(preferredLanguage());
  const starting = startFirebase();
  loadAhead();
  await sentences;
  try {
    const page = await openPage(await starting);
    await followMailLink(page);
    followUser(page);
  } catch {
    show(startFailed);
  }
}

/** Loads with its sentences what only some visitors see. */
const withSentences = async (importing, ...parts) => (await Promise.all([importing, needSentences(...parts)]))[0];
const loadSignIn = () => withSentences(import('./views/sign-in.js'), 'entry');
const loadGoodbye = () => withSentences(import('./views/goodbye.js'), 'entry');
const loadMailLink = () => withSentences(import('./views/mail-link.js'), 'entry');
const loadDevelopment = () => withSentences(import('./dev/development.js'), 'development');
const loadVisit = () => import('./visit.js');

/** Does not wait for Firebase to tell who is there: whoever left a cache on this device is. A wrong guess costs nothing but time. */
function loadAhead() {
  const loading = hasCache() ? loadVisit() : loadSignIn();
  loading.catch(() => {}); // whoever needs it asks again, and hears of it
}

/** `{ firebase, auth, development }`; `development` is what there is on emulators only, else null. */
async function openPage(firebase) {
  const { app, emulators } = firebase;
  const siteKey = import.meta.env.VITE_APP_CHECK_KEY;
  const appCheckToken = siteKey && !emulators ? (await import('./app-check.js')).startAppCheck(app, siteKey) : undefined;
  const auth = openAuth(app, emulators);
  const idToken = async () => (await auth.currentUser?.getIdToken()) ?? null;
  connectCallables({ projectId: app.options.projectId, emulators, idToken, appCheckToken, language });
  const development = emulators && (await loadDevelopment()).developmentTools(firebase);
  return { firebase: { ...firebase, appCheckToken }, auth, development };
}

/** When the page was opened from a mail, that comes first. */
async function followMailLink({ auth }) {
  const link = readMailLink(location);
  if (!link) return;
  const [{ MailVisit }, { showMailLink }] = await Promise.all([import('./mail-visit.js'), loadMailLink(), auth.authStateReady()]);
  clearMailLink();
  const visit = new MailVisit(auth, link);
  show(() => showMailLink(root, { visit }));
  await visit.finished;
}

/** Shows the files, or what the hash asks for, while somebody is signed in, and the sign-in card otherwise. */
function followUser(page) {
  const { auth } = page;
  let visit = null;
  let farewell = null;

  const end = (reason) => {
    if (!visit) return;
    farewell = reason;
    if (reason === 'deleting') visit.library.uploads.forgetAll();
    visit.close();
    leave(auth);
  };
  const follow = async (user) => {
    clearToasts();
    closeDialogs();
    if (!user && !visit) forgetCache(); // of somebody whose sign-out this browser did not live to see
    if (visit) history.replaceState(null, '', location.pathname); // where one user was is nothing to the next
    visit?.close();
    visit = null;
    if (!user) {
      const reason = farewell;
      farewell = null;
      return showEntry(page, reason);
    }
    const { openVisit } = await loadVisit();
    const opened = await openVisit(page, user, end);
    if (auth.currentUser !== user) return opened.close(); // signed out again while the rest of the page was loading
    visit = opened;
    await visit.showRoute();
  };
  watchUser(auth, (user) => follow(user).catch(() => show(startFailed)));
  window.addEventListener('hashchange', () => visit?.showRoute({ isMove: true }));
  window.addEventListener('beforeunload', (event) => visit?.library.uploads.busy && event.preventDefault());
}

/** The sign-in card; `reason` is why somebody left who did not ask to: "elsewhere" or "deleting". */
async function showEntry({ auth, development }, reason) {
  clear();
  const [{ showSignIn }, goodbye] = await Promise.all([loadSignIn(), reason === 'deleting' && loadGoodbye()]);
  if (auth.currentUser) return;
  const signIn = (notice) => () => showSignIn(root, { auth, development, notice });
  if (goodbye) show(() => goodbye.showGoodbye(root, { onStart: () => show(signIn(null)) }));
  else show(signIn(reason === 'elsewhere' ? 'signedOutElsewhere' : null));
}

function startFailed() {
  const again = h('button', { type: 'button', class: 'button primary', on: { click: () => location.reload() } }, t('tryAgain'));
  const card = h('div', { class: 'card', role: 'alert' }, h('h1', {}, t('startFailedTitle')), h('p', {}, t('startFailedBody')), again);
  fill(root, h('main', { class: 'welcome' }, card));
}

start();
