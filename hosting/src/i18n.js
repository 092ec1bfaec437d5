/** The page's language: which one, how to change it, and the sentences in it. */

export const LANGUAGES = [
  { code: 'en', name: 'English' },
  { code: 'ko', name: '한국어' },
];

const STORAGE_KEY = 'drop.language';
let loaders = {
  en: () => import('./messages/en.js'),
  ko: () => import('./messages/ko.js'),
};

let current = 'en';
let messages = {};
const listeners = new Set();

export const language = () => current;

/** For a page with sentences of its own: what loads them, by language. */
export function useMessages(own) {
  loaders = own;
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
export async function setLanguage(code, { remember = false } = {}) {
  messages = (await loaders[code]()).default;
  current = code;
  document.documentElement.lang = code;
  if (remember) rememberLanguage(code);
  for (const listener of [...listeners]) listener(code);
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
