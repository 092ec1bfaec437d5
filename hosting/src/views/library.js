/** The frame of the library: header, notices, drop zone and usage around the files or the trash. */
import { t } from '../i18n.js';
import { fill, h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { accountMenu } from './account.js';
import { languageSelect, logo } from './brand.js';
import { acceptFiles, dropZone } from './drop-zone.js';
import { filesScreen } from './files-screen.js';
import { usagePanel } from './usage.js';

/** Mounts the library into `root`; answers how to take it down again (the library itself goes on). `onFiles` hears what is brought in. */
export function showLibrary(root, { library, session, onSignOut, onFiles, makeScreen = filesScreen }) {
  const screen = makeScreen(library);
  const account = accountMenu({ session, library, onSignOut });
  const usage = usagePanel();
  const notices = noticeBar(library);
  document.title = `${screen.title} · ${t('appName')}`;

  fill(
    root,
    h('a', { class: 'skip-link', href: '#content', on: { click: skipToContent } }, t('skipToContent')),
    h('header', { class: 'top' }, logo(), h('nav', { class: 'top-tools', 'aria-label': t('navLabel') }, languageSelect(saveLanguage(library)), account.element)),
    h(
      'main',
      { id: 'content', class: 'library', tabindex: -1 },
      h('div', { class: 'library-main' }, notices.element, screen.takesFiles && dropZone(onFiles), screen.element),
      h('aside', { class: 'library-side', 'aria-label': t('usageTitle') }, usage.element, h('p', { class: 'private-note' }, icon('lock'), t('privateNote'))),
    ),
  );

  const update = () => {
    usage.update(library.profile);
    notices.update();
    screen.update();
  };
  update();
  const stops = [library.onChange(update), acceptFiles(onFiles), account.stop, notices.stop, screen.stop];
  return () => stops.forEach((stop) => stop());
}

const saveLanguage = (library) => (code) => library.saveLocale(code).catch(() => {}); // kept on this device anyway

/** The address says which screen is on, so the link must not change it. */
function skipToContent(event) {
  event.preventDefault();
  document.getElementById('content').focus();
}

/** Standing notices above the list: no connection, account being prepared or suspended, list not loaded. */
function noticeBar(library) {
  const element = h('div', { class: 'notices', role: 'status' });
  let shown = null;
  const update = () => {
    const [key, values] = notice(library) ?? [null];
    const signature = JSON.stringify([key, values]);
    if (signature === shown) return;
    shown = signature;
    const again = key === 'listFailed' && h('button', { type: 'button', class: 'link', on: { click: () => library.reload() } }, t('tryAgain'));
    fill(element, key && h('p', { class: `notice notice-${key}` }, t(key, values), ' ', again));
  };
  const stop = new AbortController();
  for (const event of ['online', 'offline']) window.addEventListener(event, update, { signal: stop.signal });
  return { element, update, stop: () => stop.abort() };
}

function notice({ profile, isProfileSlow, error, list, trash, pendingCount }) {
  if (!navigator.onLine) return pendingCount > 0 ? ['offlinePending', { count: pendingCount }] : ['offline'];
  if (error ?? list.error ?? trash?.error) return ['listFailed'];
  return profile ? null : [isProfileSlow ? 'profileSlow' : 'profileWaiting'];
}
