/** The screens of the public page: a shared file, a link that is over, and a server that did not answer. */
import { formatBytes, formatExactTime, formatTime } from '../format.js';
import { t } from '../i18n.js';
import { fill, h, setAttributes } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { languageSelect, logo } from '../views/brand.js';
import { themeSelect } from '../views/theme-select.js';
import { previewAddress } from './api.js';

const KINDS = {
  image: { glyph: 'image', name: 'publicKindImage' },
  video: { glyph: 'video', name: 'publicKindVideo' },
  audio: { glyph: 'audio', name: 'publicKindAudio' },
  pdf: { glyph: 'text', name: 'publicKindPdf' },
  text: { glyph: 'text', name: 'publicKindText' },
  archive: { glyph: 'archive', name: 'publicKindArchive' },
  other: { glyph: 'file', name: 'publicKindOther' },
};

/** Mounts the shared file; `download` tells how far its bytes are, and `onEnded` hears when the link is over meanwhile. */
export function showShare(root, { id, share, download, onEnded }) {
  document.title = `${share.name} · ${t('appName')}`;
  const facts = h('ul', { class: 'share-facts' });
  const panel = downloadPanel(share, download);
  const update = () => {
    if (download.phase === 'ended') return onEnded();
    fill(facts, factsOf(share));
    panel.update();
  };
  download.onChange = update;
  mount(root, h('p', { class: 'share-lead' }, t('publicLead')), picture(id, share), h('h1', { dir: 'auto' }, share.name), facts, panel.element);
  update();
}

function factsOf({ kind, size, expiresAt, downloadsLeft }) {
  const ends = h('time', { datetime: expiresAt.toISOString(), title: formatExactTime(expiresAt) }, t('publicEndsAt', { when: formatTime(expiresAt) }));
  const left = downloadsLeft === null ? null : t('publicDownloadsLeft', { count: downloadsLeft });
  const facts = [t(kindOfShare(kind).name), formatBytes(size), ends, left];
  return facts.filter(Boolean).map((fact) => h('li', {}, fact));
}

const kindOfShare = (kind) => KINDS[kind] ?? KINDS.other;

/** The preview, or a drawing of the kind of file until it is there and when there is none. */
function picture(id, { kind, preview }) {
  const frame = h('div', { class: 'share-picture' }, icon(kindOfShare(kind).glyph));
  if (!preview) return frame;
  const image = h('img', { src: previewAddress(id), alt: '', decoding: 'async' });
  image.addEventListener('load', () => {
    frame.classList.add('has-image');
    fill(frame, image);
  });
  return frame;
}

/** What came of the download, and the button or the progress, whichever fits: `{ element, update }`. */
function downloadPanel(share, download) {
  const said = h('div', { role: 'status' });
  const controls = h('div', { class: 'share-controls' });
  const element = h('div', { class: 'share-download' }, said, controls);
  const progress = progressLine(share, download);
  let shown = null;
  const update = () => {
    const isRunning = download.phase === 'starting' || download.phase === 'running';
    const part = isRunning ? 'running' : download.phase;
    if (isRunning) progress.update();
    if (part === shown) return;
    shown = part;
    const hadFocus = element.contains(document.activeElement);
    fill(said, isRunning ? null : outcome(share, download));
    fill(controls, isRunning ? progress.element : startButton(share, download));
    if (hadFocus) (controls.querySelector('button') ?? said.firstElementChild)?.focus();
  };
  return { element, update };
}

function progressLine({ name }, download) {
  const bar = h('progress', { max: 1, 'aria-label': t('publicProgressOf', { name }) });
  const label = h('span', { class: 'share-progress-text' });
  const cancel = h('button', { type: 'button', class: 'button', on: { click: () => download.cancel() } }, t('cancel'));
  const update = () => {
    const value = download.bytes / download.size;
    if (download.phase === 'starting') bar.removeAttribute('value');
    else setAttributes(bar, { value });
    fill(label, download.phase === 'starting' ? t('publicStarting') : progressSentence(download, value));
  };
  return { element: h('div', { class: 'share-progress' }, label, bar, cancel), update };
}

function progressSentence({ bytes, size }, value) {
  return t('publicProgress', { done: formatBytes(bytes), total: formatBytes(size), percent: Math.round(value * 100) });
}

function outcome({ name }, { phase, problem }) {
  if (phase === 'stopped') return h('p', { class: 'error' }, icon('alert'), t(problem));
  const sentence = { saved: 'publicSaved', cancelled: 'publicCancelled' }[phase];
  return sentence && h('p', { class: 'notice', tabindex: -1 }, icon('check'), t(sentence, { name }));
}

/** None when the last download that the link allowed is done. */
function startButton(share, download) {
  if (share.downloadsLeft === 0 && download.phase !== 'stopped') return null;
  const isStopped = download.phase === 'stopped';
  const name = isStopped ? null : t('publicDownloadOf', share);
  const start = () => download.start();
  return h('button', { type: 'button', class: 'button primary wide', 'aria-label': name, on: { click: start } }, icon('download'), t(isStopped ? 'publicGoOn' : 'publicDownload'));
}

/** One screen for a link that ended, was taken back, is used up or never was. */
export function showEnded(root) {
  document.title = `${t('publicEndedTitle')} · ${t('appName')}`;
  message(root, t('publicEndedTitle'), t('publicEndedBody'));
}

export function showFailed(root) {
  document.title = `${t('publicFailedTitle')} · ${t('appName')}`;
  const again = h('button', { type: 'button', class: 'button primary', on: { click: () => location.reload() } }, t('tryAgain'));
  message(root, t('publicFailedTitle'), t('publicFailedBody'), again);
}

function message(root, title, body, action = null) {
  const mark = h('div', { class: 'share-picture is-small' }, icon('link'));
  mount(root, mark, h('h1', { tabindex: -1 }, title), h('p', { class: 'share-body' }, body), action);
}

function mount(root, ...content) {
  const about = h('a', { class: 'link', href: '/' }, t('publicAboutDrop'));
  fill(
    root,
    h('header', { class: 'top' }, logo(), h('div', { class: 'top-tools' }, themeSelect({ isCompact: true }), languageSelect())),
    h('main', { class: 'share' }, h('div', { class: 'card share-card' }, content), h('p', { class: 'share-foot' }, about)),
  );
}
