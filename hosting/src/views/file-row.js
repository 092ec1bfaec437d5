/** One line of the library: a file, or one that could not be. */
import { isAbandoned } from '../files.js';
import { formatBytes, formatExactTime, formatTime } from '../format.js';
import { t } from '../i18n.js';
import { fill, h, setAttributes } from '../ui/dom.js';
import { icon, kindOf } from '../ui/icons.js';
import { rejectionSentence } from './upload-sentences.js';

/**
 * The row for a file; `actions` are what its buttons do.
 *
 * `update(file)` changes only what is different, so that focus and thumbnails stay.
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

  const update = (file) => {
    const view = describe(file);
    if (changed('name', view.name)) setAttributes(fill(name, view.name), { title: view.name });
    if (changed('thumb', view.kind, view.contentType, view.thumbnail)) showThumb(thumb, view, actions);
    if (changed('meta', view.size, view.time, view.image)) fill(meta, metaParts(view));
    if (changed('kind', view.kind, view.name, view.sentence)) {
      setAttributes(element, { 'data-state': view.kind });
      fill(status, statusLine(view));
      fill(buttons, rowButtons(view, file, actions));
    }
  };
  return { element, update };
}

/** The facts of a file that the row shows. */
function describe(file) {
  const kind = rowKind(file);
  return {
    name: file.name,
    size: file.size,
    contentType: file.contentType,
    kind,
    sentence: rowSentence(kind, file),
    time: file.createdAt,
    image: file.image ?? null,
    thumbnail: file.state === 'ready' ? (file.thumbnails?.small ?? null) : null,
  };
}

function rowKind(file) {
  if (file.state !== 'uploading') return file.state;
  return isAbandoned(file) ? 'unfinished' : 'elsewhere';
}

function rowSentence(kind, { reason }) {
  if (kind === 'rejected') return `${t('stateRejected')}. ${rejectionSentence(reason)}`;
  const key = { processing: 'stateProcessing', elsewhere: 'stateElsewhere', unfinished: 'stateUnfinished' }[kind];
  return key ? t(key) : null;
}

function showThumb(thumb, { kind, contentType, thumbnail }, { thumbnailUrl }) {
  const isProblem = kind === 'rejected';
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

function statusLine({ kind, sentence }) {
  if (!sentence) return null;
  const isBusy = kind === 'processing' || kind === 'elsewhere';
  return h('p', { class: 'file-note' }, isBusy && h('span', { class: 'spinner', 'aria-hidden': 'true' }), sentence);
}

function rowButtons({ kind, name }, file, actions) {
  const button = (glyph, text, label, act, extra = '') =>
    h('button', { type: 'button', class: `icon-button ${extra}`, 'aria-label': t(label, { name }), title: t(text), on: { click: () => act(file.id) } }, icon(glyph));
  const dismiss = () => button('close', 'dismiss', 'dismissOf', actions.dismiss);
  const remove = () => button('trash', 'delete', 'deleteOf', actions.remove, 'quiet-danger');
  const download = () => button('download', 'download', 'downloadOf', actions.download);
  const sets = { rejected: [dismiss], ready: [download, remove] };
  return (sets[kind] ?? [remove]).map((make) => make());
}

/** Renews "2 minutes ago" in all rows below `list`. */
export function refreshTimes(list) {
  for (const element of list.querySelectorAll('time')) fill(element, formatTime(new Date(element.dateTime)));
}
