/** Starts the public page of a shared file: its language, what the link leads to, and the screen for that. */
import { onLanguageChange, preferredLanguage, setLanguage, useMessages } from '../i18n.js';
import { colorTheBrowser } from '../theme.js';
import { readShare, ShareEnded, shareIdIn } from './api.js';
import { Download } from './download.js';
import { showEnded, showFailed, showShare } from './page.js';

useMessages({
  en: () => import('../messages/en/public-share.js'),
  ko: () => import('../messages/ko/public-share.js'),
});

const root = document.getElementById('app');

/** The screen that is on, as a function that draws it. */
let screen = null;

function show(next) {
  screen = next;
  screen();
}

async function start() {
  const id = shareIdIn(location.pathname);
  const found = id ? readShare(id) : Promise.reject(new ShareEnded());
  await Promise.allSettled([found, setLanguage(preferredLanguage())]);
  onLanguageChange(() => screen());
  try {
    showFound(id, await found);
  } catch (error) {
    show(() => (error instanceof ShareEnded ? showEnded(root) : showFailed(root)));
  }
}

function showFound(id, share) {
  const download = new Download(id, share);
  const onEnded = () => show(() => showEnded(root));
  show(() => showShare(root, { id, share, download, onEnded }));
}

colorTheBrowser();
start();
