/** Light, dark, or as the device: kept on this device. `first.js` applies it before anything is drawn. */

export const THEMES = ['device', 'light', 'dark'];

const STORAGE_KEY = 'drop.theme';

export const theme = () => document.documentElement.dataset.theme ?? 'device';

export function setTheme(choice) {
  if (choice === 'device') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = choice;
  colorTheBrowser();
  try {
    localStorage.setItem(STORAGE_KEY, choice);
  } catch {
    // the choice then lasts until the page is closed
  }
}

/** The colour of the browser's own bars: each `<meta>` is for one scheme, unless one was chosen. */
export function colorTheBrowser() {
  const choice = theme();
  for (const meta of document.querySelectorAll('meta[name="theme-color"]')) {
    meta.dataset.scheme ??= meta.media.includes('dark') ? 'dark' : 'light';
    const { scheme } = meta.dataset;
    meta.media = choice === 'device' ? `(prefers-color-scheme: ${scheme})` : choice === scheme ? 'all' : 'not all';
  }
}
