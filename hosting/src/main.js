/** Starts the page: language, Firebase, and then what fits who is signed in. */
import { finishLeaving, leave, openAuth, watchUser } from './auth.js';
import { forgetCache, hasCache } from './cache.js';
import { connectCallables } from './callables.js';
import { startFirebase } from './firebase.js';
import { language, needSentences, preferredLanguage, setLanguage, t } from './i18n.js';
import { clearMailLink, readMailLink } from './mail-links.js';
import { noteGone, readOwner, watchOwner } from './owner.js';
import { clear, root, show } from './screen.js';
import { clearToasts } from './ui/announce.js';
import { closeDialogs } from './ui/dialog.js';
import { fill, h } from './ui/dom.js';
import { within } from './within.js';

/** How long the page looks empty before it says that it could not start. */
const START_MS = 15_000;
const LOAD_MS = 30_000;

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
const withSentences = async (importing, ...parts) => (await within(LOAD_MS, Promise.all([importing, needSentences(...parts)])))[0];
const loadSignIn = () => withSentences(import('./views/sign-in.js'), 'entry');
const loadGoodbye = () => withSentences(import('./views/goodbye.js'), 'entry');
const loadMailLink = () => withSentences(import('./views/mail-link.js'), 'entry');
const loadDevelopment = () => withSentences(import('./dev/development.js'), 'development');
const loadVisit = () => within(LOAD_MS, import('./visit.js'));

/** Does not wait for Firebase to tell who is there: whoever left a cache on this device is. A wrong guess costs nothing but time. */
function loadAhead() {
  const loading = hasCache() ? loadVisit() : loadSignIn();
  loading.catch(() => {}); // whoever needs it asks again, and hears of it
}

/**
 * `{ firebase, auth, development, cleared }`; `development` is what there is on emulators only, else null, and `cleared` a
 * promise that is kept once no session is left that somebody had signed out of.
 */
async function openPage(firebase) {
  const { app, emulators } = firebase;
  const siteKey = import.meta.env.VITE_APP_CHECK_KEY;
  const appCheckToken = siteKey && !emulators ? (await import('./app-check.js')).startAppCheck(app, siteKey) : undefined;
  const auth = openAuth(app, emulators);
  const idToken = async () => (await auth.currentUser?.getIdToken()) ?? null;
  connectCallables({ projectId: app.options.projectId, emulators, idToken, appCheckToken, language });
  const development = emulators && (await loadDevelopment()).developmentTools(firebase);
  return { firebase: { ...firebase, appCheckToken }, auth, development, cleared: finishLeaving(auth) };
}

/** When the page was opened from a mail, that comes first. */
async function followMailLink({ auth, cleared }) {
  const link = readMailLink(location);
  if (!link) return;
  const [{ MailVisit }, { showMailLink }] = await Promise.all([import('./mail-visit.js'), loadMailLink(), within(START_MS, Promise.all([cleared, auth.authStateReady()]))]);
  clearMailLink();
  const visit = new MailVisit(auth, link);
  show(() => showMailLink(root, { visit }));
  await visit.finished;
}

/** Shows the files, or what the hash asks for, while somebody is signed in, and the sign-in card otherwise. */
function followUser(page) {
  const { auth, firebase, cleared } = page;
  let here; // who the page is for: null for nobody, undefined before the SDK has said
  let visit = null;
  let farewell = null;

  /** Nothing is left of the visit to look at; what it kept on the device goes in the background. */
  const takeLeave = () => {
    clearToasts();
    closeDialogs();
    if (!visit) return;
    const left = visit;
    visit = null;
    history.replaceState(null, '', location.pathname); // where one user was is nothing to the next
    clear();
    left.close();
  };
  const end = (reason) => {
    if (!visit) return;
    farewell = reason;
    if (reason === 'deleting') visit.library.uploads.forgetAll();
    try {
      takeLeave();
    } finally {
      leave(auth);
    }
  };
  const showNobody = () => {
    const reason = farewell;
    farewell = null;
    here = null;
    return showEntry(page, reason, { isWanted: () => here === null });
  };
  const follow = async (user) => {
    const before = here;
    here = user;
    takeLeave();
    if (!user) {
      noteGone(before === undefined ? readOwner().uid : before?.uid);
      if (before === undefined) forgetCache(firebase.app); // of somebody whose sign-out this browser did not live to see
      return showNobody();
    }
    const { openVisit } = await loadVisit();
    const opened = await openVisit(page, user, end);
    if (here !== user) return opened.close(); // signed out again while the rest of the page was loading
    visit = opened;
    await visit.showRoute();
  };
  /** Another tab may have signed out, or somebody else in, before the SDK of this one finds out. */
  const followOwner = () => {
    const { uid, hasLeft } = readOwner();
    const isHere = uid === visit?.uid;
    if (!visit || uid === null || (isHere && !hasLeft)) return;
    if (isHere) return end(null);
    takeLeave();
    showNobody().catch(() => show(startFailed)); // until the SDK says who it is
  };
  const emptyFor = setTimeout(() => show(startFailed), START_MS);
  const hear = (user) => {
    clearTimeout(emptyFor);
    follow(user).catch(() => show(startFailed));
  };
  cleared.then(() => watchUser(auth, hear));
  watchOwner(followOwner);
  window.addEventListener('hashchange', () => visit?.showRoute({ isMove: true }));
  window.addEventListener('beforeunload', (event) => visit?.library.uploads.busy && event.preventDefault());
}

/** The sign-in card; `reason` is why somebody left who did not ask to: "elsewhere" or "deleting". */
async function showEntry({ auth, development }, reason, { isWanted }) {
  clear();
  const [{ showSignIn }, goodbye] = await Promise.all([loadSignIn(), reason === 'deleting' && loadGoodbye()]);
  if (!isWanted()) return;
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
