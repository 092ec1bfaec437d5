/** One line of the library: a file, an upload on its way to be one, or one that could not be. */
import { isAbandoned } from '../files.js';
import { formatBytes, formatExactTime, formatTime } from '../format.js';
import { t } from '../i18n.js';
import { MAX_FILE_BYTES } from '../upload.js';
import { fill, h, setAttributes } from '../ui/dom.js';
import { icon, kindOf } from '../ui/icons.js';

const REASONS = {
  empty: 'reasonEmpty',
  'too-large': 'reasonTooLarge',
  'type-mismatch': 'reasonTypeMismatch',
  'blocked-type': 'reasonBlockedType',
  'image-too-large': 'reasonImageTooLarge',
  'image-broken': 'reasonImageBroken',
  quota: 'reasonQuota',
};

/** Why the functions did not accept a file, in plain words. */
export const rejectionSentence = (reason) => t(REASONS[reason] ?? 'reasonOther', { limit: formatBytes(MAX_FILE_BYTES) });

/** Why an upload did not happen, in plain words. */
export function problemSentence({ key, values }) {
  const spelled = Object.entries(values).map(([name, value]) => [name, name === 'quota' ? value : formatBytes(value)]);
  return t(key, Object.fromEntries(spelled));
}

/**
 * The row for an entry `{ key, file, upload }` (either may be null); `actions` are what its buttons do.
 *
 * `update(entry)` changes only what is different, so that focus and thumbnails stay.
 */
export function fileRow(actions) {
  const thumb = h('span', { class: 'thumb' });
  const name = h('span', { class: 'file-name', dir: 'auto' });
  const meta = h('p', { class: 'file-meta' });
  const status = h('div', { class: 'file-status' });
  const buttons = h('div', { class: 'file-actions' });
  const element = h('li', { class: 'file' }, thumb, h('div', { class: 'file-main' }, name, meta, status), buttons);
  const shown = {};
  const changed = (part, ...facts) => {
    const signature = JSON.stringify(facts);
    const isNew = shown[part] !== signature;
    shown[part] = signature;
    return isNew;
  };

  let progress = null;
  const update = (entry) => {
    const view = describe(entry);
    if (changed('name', view.name)) setAttributes(fill(name, view.name), { title: view.name });
    if (changed('thumb', view.kind, view.contentType, view.thumbnail)) showThumb(thumb, view, actions);
    if (changed('meta', view.size, view.time, view.image)) fill(meta, metaParts(view));
    if (changed('kind', view.kind, view.name, view.sentence)) {
      progress = view.kind === 'uploading' ? progressBar(view) : null;
      setAttributes(element, { 'data-state': view.kind });
      fill(status, progress?.element ?? statusLine(view));
      fill(buttons, rowButtons(view, entry, actions));
    }
    progress?.set(view.progress);
  };
  return { element, update };
}

/** The facts of an entry that the row shows. */
function describe({ file, upload }) {
  const { name, size, contentType } = file ?? upload;
  const kind = rowKind(file, upload);
  return {
    name,
    size,
    contentType,
    kind,
    sentence: rowSentence(kind, file, upload),
    progress: upload?.progress ?? null,
    time: file?.createdAt ?? null,
    image: file?.image ?? null,
    thumbnail: file?.state === 'ready' ? (file.thumbnails?.small ?? null) : null,
  };
}

function rowKind(file, upload) {
  if (upload && upload.phase !== 'stored') return upload.phase;
  if (upload || file.state === 'processing') return 'processing';
  if (file.state !== 'uploading') return file.state;
  return isAbandoned(file) ? 'unfinished' : 'elsewhere';
}

function rowSentence(kind, file, upload) {
  if (kind === 'failed' || kind === 'refused') return `${t('stateFailed')}. ${problemSentence(upload.problem)}`;
  if (kind === 'rejected') return `${t('stateRejected')}. ${rejectionSentence(file.reason)}`;
  const key = {
    waiting: 'stateWaitingForAccount',
    queued: 'stateQueued',
    processing: 'stateProcessing',
    elsewhere: 'stateElsewhere',
    unfinished: 'stateUnfinished',
  }[kind];
  return key ? t(key) : null;
}

function showThumb(thumb, { kind, contentType, thumbnail }, { thumbnailUrl }) {
  const isProblem = ['failed', 'refused', 'rejected'].includes(kind);
  const family = isProblem ? 'problem' : kindOf(contentType);
  thumb.className = `thumb thumb-${family}`;
  fill(thumb, icon(isProblem ? 'alert' : family));
  if (thumbnail) loadThumbnail(thumb, thumbnailUrl(thumbnail));
}

/** The drawing stays until the picture is there, and for good when it does not come. */
async function loadThumbnail(thumb, promisedUrl) {
  try {
    const image = h('img', { alt: '', src: await promisedUrl, decoding: 'async' });
    await image.decode();
    thumb.className = 'thumb thumb-picture';
    fill(thumb, image);
  } catch {
    thumb.classList.add('thumb-without-picture');
  }
}

function metaParts({ size, time, image }) {
  const parts = [h('span', {}, formatBytes(size))];
  if (image) parts.push(h('span', {}, t('imageSize', image)));
  if (time) parts.push(h('time', { datetime: time.toISOString(), title: formatExactTime(time) }, formatTime(time)));
  return parts;
}

function progressBar({ name }) {
  const bar = h('progress', { max: 1, 'aria-label': t('uploadOf', { name }) });
  const label = h('span', { class: 'file-percent' });
  const set = (value) => {
    if (value === null) bar.removeAttribute('value');
    else bar.value = value;
    const percent = Math.round((value ?? 0) * 100);
    fill(label, value === null ? t('stateStarting') : t('stateUploading', { percent }));
  };
  return { element: h('div', { class: 'file-progress' }, bar, label), set };
}

function statusLine({ kind, sentence }) {
  if (!sentence) return null;
  const isBusy = kind === 'processing' || kind === 'elsewhere';
  return h('p', { class: 'file-note' }, isBusy && h('span', { class: 'spinner', 'aria-hidden': 'true' }), sentence);
}

function rowButtons({ kind, name }, entry, actions) {
  const button = (glyph, text, label, act, extra = '') =>
    h('button', { type: 'button', class: `icon-button ${extra}`, 'aria-label': t(label, { name }), title: t(text), on: { click: () => act(entry.key) } }, icon(glyph));
  const cancel = () => button('close', 'cancelUpload', 'cancelUploadOf', actions.cancel);
  const retry = () => button('retry', 'retryUpload', 'retryUploadOf', actions.retry);
  const dismiss = () => button('close', 'dismiss', 'dismissOf', actions.dismiss);
  const remove = () => button('trash', 'delete', 'deleteOf', actions.remove, 'quiet-danger');
  const download = () => button('download', 'download', 'downloadOf', actions.download);
  const sets = {
    waiting: [cancel],
    queued: [cancel],
    uploading: [cancel],
    failed: [retry, dismiss],
    refused: [dismiss],
    rejected: [dismiss],
    ready: [download, remove],
  };
  return (sets[kind] ?? [remove]).map((make) => make());
}

/** Renews "2 minutes ago" in all rows below `list`. */
export function refreshTimes(list) {
  for (const element of list.querySelectorAll('time')) fill(element, formatTime(new Date(element.dateTime)));
}
