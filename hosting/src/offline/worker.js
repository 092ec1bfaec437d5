/**
 * The service worker: the page starts without a connection, and nothing of a user is ever kept here (files and documents
 * have caches of their own).
 *
 * - The page itself (`/`) and its settings (`/__/firebase/…`) come from the network, and from here only without one.
 * - Files under `/assets/` have their content in their name, so what is kept is right.
 * - Everything else, the API and other hosts above all, does not pass through here.
 *
 * The build fills in the version and the list of files.
 */
const VERSION = '__VERSION__';
const ASSETS = '__ASSETS__';

const PAGE = '/';
const PICTURES = ['/favicon.svg', '/empty.svg'];
const SETTINGS = ['/__/firebase/init.json', '/__/firebase/init.js?useEmulator=true'];
const OWN = 'drop-page-';
const CACHE = `${OWN}${VERSION}`;
/** A connection that lets nothing through is taken for none after this long. */
const PATIENCE_MS = 8000;

self.addEventListener('install', (event) => event.waitUntil(keepPage()));
self.addEventListener('activate', (event) => event.waitUntil(dropOldPages()));
self.addEventListener('fetch', (event) => {
  const answer = answerTo(event.request);
  if (answer) event.respondWith(answer);
});
self.addEventListener('message', ({ data, ports }) => {
  if (data === 'version') ports[0].postMessage(VERSION);
  if (data === 'activate') self.skipWaiting();
});

/** All or nothing: a file that is missing ends the installation, and the browser tries again later. */
async function keepPage() {
  const cache = await caches.open(CACHE);
  await Promise.all(ASSETS.map((path) => keepAsset(cache, path)));
  await cache.addAll([PAGE, ...PICTURES].map((path) => new Request(path, { cache: 'reload' })));
  const page = await cache.match(PAGE);
  if (!(await page.text()).includes(VERSION)) throw new Error('the page is of another version than its worker');
  await Promise.allSettled(SETTINGS.map((path) => cache.add(path)));
}

/** The one before stays: a window that was opened with it may still ask for its parts. */
async function dropOldPages() {
  const others = (await caches.keys()).filter((name) => name.startsWith(OWN) && name !== CACHE);
  await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)));
}

/** A promise of a response, or null to stay out of the way. */
function answerTo(request) {
  const { origin, pathname, search } = new URL(request.url);
  if (request.method !== 'GET' || origin !== location.origin) return null;
  if (request.mode === 'navigate') return pathname === PAGE ? fromNetwork(request, PAGE) : null;
  if (pathname.startsWith('/assets/')) return fromCaches(request);
  if (SETTINGS.includes(pathname + search)) return fromNetwork(request, request, { keep: true });
  return PICTURES.includes(pathname) ? fromNetwork(request, request) : null;
}

async function fromCaches(request) {
  return (await caches.match(request)) ?? fetchAsset(request);
}

/** The browser may have kept that a file was missing, from a moment when it was: that is asked again. */
async function fetchAsset(request) {
  const response = await fetch(request);
  return response.ok ? response : fetch(request, { cache: 'reload' });
}

async function keepAsset(cache, path) {
  const response = await fetchAsset(path);
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  await cache.put(path, response);
}

async function fromNetwork(request, key, { keep = false } = {}) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(key);
  const answer = fetch(request).then(async (response) => {
    if (keep && response.ok) await cache.put(key, response.clone());
    return response;
  });
  return kept ? orElse(kept, answer) : answer;
}

/** `answer`, or `kept` when it fails or does not come. */
function orElse(kept, answer) {
  return new Promise((resolve) => {
    const giveUp = () => resolve(kept);
    const timer = setTimeout(giveUp, PATIENCE_MS);
    answer.then(resolve, giveUp).finally(() => clearTimeout(timer));
  });
}
