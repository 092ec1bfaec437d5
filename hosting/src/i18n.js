/** The page's language: which one, how to change it, and the sentences in it. */

export const LANGUAGES = [
  { code: 'en', name: 'English' },
  { code: 'ko', name: '한국어' },
];

const STORAGE_KEY = 'drop.language';
const START = 'start';
/** The sentences that are there from the start, and those of some screens only, which ask for them with `needSentences`. */
let loaders = {
  en: {
    [START]: () => import('./messages/en.js'),
    entry: () => import('./messages/en/entry.js'),
    settings: () => import('./messages/en/settings.js'),
    sharing: () => import('./messages/en/sharing.js'),
    development: () => import('./messages/en/development.js'),
  },
  ko: {
    [START]: () => import('./messages/ko.js'),
    entry: () => import('./messages/ko/entry.js'),
    settings: () => import('./messages/ko/settings.js'),
    sharing: () => import('./messages/ko/sharing.js'),
    development: () => import('./messages/ko/development.js'),
  },
};

let current = 'en';
let messages = {};
let changing = Promise.resolve();
const parts = new Set([START]);
const listeners = new Set();

export const language = () => current;

/** For a page with sentences of its own: what loads all of them, by language. */
export function useMessages(own) {
  loaders = Object.fromEntries(Object.entries(own).map(([code, load]) => [code, { [START]: load }]));
}

/** The sentence `key` in the current language. A missing key is a mistake in the code, so it is loud. */
export function t(key, values = {}) {
  const message = messages[key];
  if (message === undefined) throw new Error(`no sentence called ${key} in ${current}`);
  return typeof message === 'function' ? message(values) : message;
}

/** What the person chose on this device, else the browser's wish, else the fallback. */
export function preferredLanguage(fallback = 'en') {
  const wishes = [storedLanguage(), ...(navigator.languages ?? [navigator.language])];
  for (const wish of wishes) {
    const code = wish?.toLowerCase().split('-')[0];
    if (Object.hasOwn(loaders, code)) return code;
  }
  return fallback;
}

/** Loads a language and tells everyone who listens. `remember` keeps it as this device's choice. */
export function setLanguage(code, { remember = false } = {}) {
  changing = change(code, remember);
  return changing;
}

async function change(code, remember) {
  messages = await load(code, parts);
  current = code;
  document.documentElement.lang = code;
  if (remember) rememberLanguage(code);
  for (const listener of [...listeners]) listener(code);
}

/** Loads the sentences of more parts, in this language and from now on in every other. */
export async function needSentences(...wanted) {
  const before = changing;
  await before.catch(() => {}); // the language stays as it was then
  const missing = wanted.filter((part) => !parts.has(part));
  if (missing.length === 0) return;
  const more = await load(current, missing);
  if (changing !== before) return needSentences(...wanted);
  Object.assign(messages, more);
  for (const part of missing) parts.add(part);
}

async function load(code, wanted) {
  const loaded = await Promise.all([...wanted].map((part) => loaders[code][part]()));
  return Object.assign({}, ...loaded.map((part) => part.default));
}

export function onLanguageChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function storedLanguage() {
  try {
    return localStorage.getItem(STORAGE_KEY);
  } catch {
    return null; // storage can be forbidden; the browser's wish is then all there is
  }
}

function rememberLanguage(code) {
  try {
    localStorage.setItem(STORAGE_KEY, code);
  } catch {
    // the choice then lasts until the page is closed
  }
}
