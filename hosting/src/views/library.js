/** The main screen: header, drop zone, usage, and the live list. */
import { t } from '../i18n.js';
import { toast } from '../ui/announce.js';
import { confirmDialog } from '../ui/dialog.js';
import { fill, h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { accountMenu } from './account.js';
import { languageSelect, logo } from './brand.js';
import { acceptFiles, dropZone } from './drop-zone.js';
import { fileRow, refreshTimes } from './file-row.js';
import { uploadTray } from './upload-tray.js';
import { usagePanel } from './usage.js';

const TIMES_EVERY_MS = 60_000;
const SKELETON_ROWS = 3;

/** Mounts the screen into `root`; answers how to take it down again (the library itself goes on). */
export function showLibrary(root, { library, session, onSignOut }) {
  document.title = `${t('libraryTitle')} · ${t('appName')}`;
  const tray = uploadTray(library.uploads);
  const account = accountMenu({ session, library, onSignOut });
  const usage = usagePanel();
  const notices = noticeBar(library);
  const list = fileList(library);

  fill(
    root,
    h('a', { class: 'skip-link', href: '#content' }, t('skipToContent')),
    h('header', { class: 'top' }, logo(), h('nav', { class: 'top-tools', 'aria-label': t('navLabel') }, languageSelect(saveLanguage(library)), account.element)),
    h(
      'main',
      { id: 'content', class: 'library', tabindex: -1 },
      h('div', { class: 'library-main' }, notices.element, dropZone(tray.add), list.element),
      h('aside', { class: 'library-side', 'aria-label': t('usageTitle') }, usage.element, h('p', { class: 'private-note' }, icon('lock'), t('privateNote'))),
    ),
    tray.element,
  );

  const update = () => {
    usage.update(library.profile);
    notices.update();
    list.update();
  };
  update();
  const timer = setInterval(() => refreshTimes(list.element), TIMES_EVERY_MS);
  const stops = [library.onChange(update), acceptFiles(tray.add), account.stop, notices.stop, tray.stop, () => clearInterval(timer)];
  return () => stops.forEach((stop) => stop());
}

const saveLanguage = (library) => (code) => library.saveLocale(code).catch(() => {}); // kept on this device anyway

/** Standing notices above the list: no connection, account being prepared, list not loaded. */
function noticeBar(library) {
  const element = h('div', { class: 'notices', role: 'status' });
  let shown = null;
  const update = () => {
    const key = noticeKey(library);
    if (key === shown) return;
    shown = key;
    const again = key === 'listFailed' && h('button', { type: 'button', class: 'link', on: { click: () => library.reload() } }, t('tryAgain'));
    fill(element, key && h('p', { class: `notice notice-${key}` }, t(key), ' ', again));
  };
  const stop = new AbortController();
  for (const event of ['online', 'offline']) window.addEventListener(event, update, { signal: stop.signal });
  return { element, update, stop: () => stop.abort() };
}

function noticeKey({ profile, isProfileSlow, listError }) {
  if (!navigator.onLine) return 'offline';
  if (listError) return 'listFailed';
  return profile ? null : isProfileSlow ? 'profileSlow' : 'profileWaiting';
}

function fileList(library) {
  const heading = h('h1', { tabindex: -1 }, t('libraryTitle'));
  const count = h('p', { class: 'file-count' });
  const rows = h('ul', { class: 'files', 'aria-label': t('libraryTitle') });
  const below = h('div', { class: 'below-list' });
  const more = h('button', { type: 'button', class: 'button', on: { click: () => library.showMore() } }, t('showMore'));
  const element = h('section', { class: 'list' }, h('div', { class: 'list-head' }, heading, count), rows, below);
  const drawn = new Map();
  const actions = rowActions(library, heading);

  const update = () => {
    const files = library.listed;
    const focused = rows.contains(document.activeElement) ? document.activeElement : null;
    drawRows(rows, drawn, files, actions);
    if (focused && !focused.isConnected) heading.focus();
    const isLoading = library.files === null && !library.listError;
    fill(below, isLoading && skeletons(), isEmpty(library, files) && emptyState(), library.hasMore && more);
    fill(count, countSentence(library));
  };
  return { element, update };
}

const isEmpty = ({ files }, listed) => files !== null && listed.length === 0;

function countSentence({ files, hasMore }) {
  if (!files || files.length === 0) return null;
  return t(hasMore ? 'fileCountMore' : 'fileCount', { count: files.length });
}

/** Keeps one row per file, in order, and touches only rows that are new, gone or out of place. */
function drawRows(list, drawn, files, actions) {
  const ids = new Set(files.map(({ id }) => id));
  for (const [id, row] of drawn) {
    if (ids.has(id)) continue;
    row.element.remove();
    drawn.delete(id);
  }
  files.forEach((file, index) => {
    if (!drawn.has(file.id)) drawn.set(file.id, fileRow(actions));
    const { element, update } = drawn.get(file.id);
    update(file);
    if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
  });
}

/** What the buttons of the rows do. They get an id: the file behind it may have changed since the row was drawn. */
function rowActions(library, heading) {
  const find = (id) => library.listed.find((file) => file.id === id);
  const orToast = async (work, failure, name) => {
    try {
      await work();
    } catch {
      toast(t(failure, { name }), { kind: 'error' });
    }
  };
  return {
    thumbnailUrl: (path) => library.thumbnailUrl(path),
    dismiss: (id) => {
      const file = find(id);
      orToast(() => library.remove(file), 'deleteFailed', file.name);
    },
    download: (id) => {
      const file = find(id);
      orToast(() => library.download(file), 'downloadFailed', file.name);
    },
    remove: async (id) => {
      const file = find(id);
      const { name } = file;
      const sure = await confirmDialog({ title: t('deleteTitle'), body: t('deleteBody', { name }), confirm: t('deleteConfirm') });
      if (!sure) return;
      heading.focus();
      orToast(async () => {
        await library.remove(file);
        toast(t('deleted', { name }));
      }, 'deleteFailed', name);
    },
  };
}

function skeletons() {
  const row = () => h('div', { class: 'skeleton-row' }, h('span', { class: 'skeleton block' }), h('span', { class: 'skeleton line' }));
  return h('div', { class: 'skeletons', role: 'img', 'aria-label': t('loading') }, Array.from({ length: SKELETON_ROWS }, row));
}

function emptyState() {
  const picture = h('img', { src: '/empty.svg', alt: '', width: 160, height: 120 });
  return h('div', { class: 'empty' }, picture, h('h2', {}, t('emptyTitle')), h('p', {}, t('emptyBody')));
}
