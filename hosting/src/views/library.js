/** The main screen: header, drop zone, usage, and the live list. */
import { t } from '../i18n.js';
import { announce, toast } from '../ui/announce.js';
import { confirmDialog } from '../ui/dialog.js';
import { fill, h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { accountMenu } from './account.js';
import { languageSelect, logo } from './brand.js';
import { acceptDrops, dropZone } from './drop-zone.js';
import { fileRow, problemSentence, refreshTimes, rejectionSentence } from './file-row.js';
import { usagePanel } from './usage.js';

const TIMES_EVERY_MS = 60_000;
const SKELETON_ROWS = 3;

/** Mounts the screen into `root`; answers how to take it down again (the library itself goes on). */
export function showLibrary(root, { library, onSignOut }) {
  document.title = `${t('libraryTitle')} · ${t('appName')}`;
  const addFiles = (files, folders) => {
    announceAdded(library.uploads.add(files, folders));
    list.showTop();
  };
  const account = accountMenu({ email: library.email, onSaveName: (name) => library.saveName(name), onSignOut });
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
      h('div', { class: 'library-main' }, notices.element, dropZone(addFiles), list.element),
      h('aside', { class: 'library-side', 'aria-label': t('usageTitle') }, usage.element, h('p', { class: 'private-note' }, icon('lock'), t('privateNote'))),
    ),
  );

  const update = () => {
    account.update(library.profile);
    usage.update(library.profile);
    notices.update();
    list.update();
  };
  update();
  const timer = setInterval(() => refreshTimes(list.element), TIMES_EVERY_MS);
  const stops = [library.onChange(update), acceptDrops(addFiles), account.stop, notices.stop, () => clearInterval(timer)];
  return () => stops.forEach((stop) => stop());
}

const saveLanguage = (library) => (code) => library.saveLocale(code).catch(() => {}); // kept on this device anyway

function announceAdded(uploads) {
  const refused = uploads.filter(({ problem }) => problem);
  const count = uploads.length - refused.length;
  const sentences = refused.map(({ name, problem }) => t('uploadProblem', { name, problem: problemSentence(problem) }));
  if (count > 0) sentences.push(t('uploadStarted', { count }));
  announce(sentences.join(' '));
}

/** Standing notices above the list: no connection, account being prepared or suspended, list not loaded. */
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
  if (!profile) return isProfileSlow ? 'profileSlow' : 'profileWaiting';
  return { suspended: 'profileSuspended', deleting: 'profileDeleting' }[profile.state] ?? null;
}

function fileList(library) {
  const heading = h('h1', { tabindex: -1 }, t('libraryTitle'));
  const count = h('p', { class: 'file-count' });
  const rows = h('ul', { class: 'files', 'aria-label': t('libraryTitle') });
  const below = h('div', { class: 'below-list' });
  const more = h('button', { type: 'button', class: 'button', on: { click: () => library.showMore() } }, t('showMore'));
  const element = h('section', { class: 'list' }, h('div', { class: 'list-head' }, heading, count), rows, below);
  const drawn = new Map();
  const told = new Map();
  const actions = rowActions(library, heading);

  const update = () => {
    const entries = library.entries;
    const focused = rows.contains(document.activeElement) ? document.activeElement : null;
    drawRows(rows, drawn, entries, actions);
    if (focused && !focused.isConnected) heading.focus();
    for (const entry of entries) announceOutcome(told, entry);
    const isLoading = library.files === null && !library.listError;
    fill(below, isLoading && skeletons(), isEmpty(library, entries) && emptyState(), library.hasMore && more);
    fill(count, countSentence(library));
  };
  return { element, update, showTop: () => heading.scrollIntoView({ block: 'nearest' }) };
}

const isEmpty = ({ files }, entries) => files !== null && entries.length === 0;

function countSentence({ files, hasMore }) {
  if (!files || files.length === 0) return null;
  return t(hasMore ? 'fileCountMore' : 'fileCount', { count: files.length });
}

/** Keeps one row per key, in order, and touches only rows that are new, gone or out of place. */
function drawRows(list, drawn, entries, actions) {
  const keys = new Set(entries.map(({ key }) => key));
  for (const [key, row] of drawn) {
    if (keys.has(key)) continue;
    row.element.remove();
    drawn.delete(key);
  }
  entries.forEach((entry, index) => {
    if (!drawn.has(entry.key)) drawn.set(entry.key, fileRow(actions));
    const { element, update } = drawn.get(entry.key);
    update(entry);
    if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
  });
}

/** Says once how each upload of this page ended. */
function announceOutcome(told, { key, file, upload }) {
  const state = upload && upload.phase !== 'stored' ? upload.phase : upload ? 'processing' : file.state;
  const before = told.get(key);
  told.set(key, state);
  if (before === undefined || before === state) return;
  const { name } = file ?? upload;
  if (state === 'ready') announce(t('uploadReady', { name }));
  if (state === 'failed') announce(t('uploadProblem', { name, problem: problemSentence(upload.problem) }));
  if (state === 'rejected') announce(t('uploadProblem', { name, problem: rejectionSentence(file.reason) }));
}

/** What the buttons of the rows do. They get a key: the entry behind it may have changed since the row was drawn. */
function rowActions(library, heading) {
  const find = (key) => library.entries.find((entry) => entry.key === key);
  const orToast = async (work, failure, name) => {
    try {
      await work();
    } catch {
      toast(t(failure, { name }), { kind: 'error' });
    }
  };
  return {
    thumbnailUrl: (path) => library.thumbnailUrl(path),
    cancel: (key) => {
      const { upload } = find(key);
      library.uploads.cancel(upload);
      announce(t('uploadCancelled', { name: upload.name }));
    },
    retry: (key) => library.uploads.retry(find(key).upload),
    dismiss: (key) => {
      const { file, upload } = find(key);
      if (upload) library.uploads.dismiss(upload);
      if (file) orToast(() => library.remove(file), 'deleteFailed', file.name);
    },
    download: (key) => {
      const { file } = find(key);
      orToast(() => library.download(file), 'downloadFailed', file.name);
    },
    remove: async (key) => {
      const { file } = find(key);
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
