/** One file of a list. The table and the grid are the same elements, laid out by the style sheet. */
import { formatBytes, formatExactTime, formatTime } from '../format.js';
import { t } from '../i18n.js';
import { markMatches } from '../search.js';
import { fill, h, setAttributes } from '../ui/dom.js';
import { icon, kindOf } from '../ui/icons.js';
import { standingOf } from './file-state.js';

const BUSY = new Set(['uploading', 'processing', 'retrying']);

/**
 * A row whose `update(file, { words, isSelected, position, total })` changes only what is different, so that focus and
 * thumbnails stay.
 *
 * `content` says what this list shows of a file: `{ note(file), time(file), buttons(file), hint(file) }`;
 * `actions` what a click does: `{ select(id, event), open(id, event), thumbnailUrl(path) }`.
 */
export function fileRow(content, actions) {
  let id = null;
  const box = h('input', { type: 'checkbox', on: { click: (event) => actions.select(id, event) } });
  const thumb = h('span', { class: 'thumb', on: { click: (event) => actions.open(id, event) } });
  const name = h('button', { type: 'button', class: 'file-name', dir: 'auto', on: { click: (event) => actions.open(id, event) } });
  const facts = h('p', { class: 'file-meta' });
  const note = h('div', { class: 'file-status' });
  const buttons = h('div', { class: 'file-actions' });
  const main = h('div', { class: 'file-main' }, name, note);
  const element = h('div', { class: 'file', role: 'listitem' }, h('label', { class: 'file-check' }, box), thumb, main, facts, buttons);
  element.addEventListener('click', (event) => isBackground(event.target) && actions.select(id, event));

  const shown = {};
  const changed = (part, ...values) => {
    const signature = JSON.stringify(values);
    const isNew = shown[part] !== signature;
    shown[part] = signature;
    return isNew;
  };
  const update = (file, { words, isSelected, position, total }) => {
    id = file.id;
    const standing = standingOf(file);
    const small = file.state === 'ready' || file.state === 'trashed' ? file.thumbnails?.small : null;
    if (changed('place', id, position, total)) setAttributes(element, { 'data-id': id, 'aria-posinset': position, 'aria-setsize': total });
    box.checked = isSelected; // always: a click has changed the box, but perhaps not what is selected
    element.classList.toggle('selected', isSelected);
    if (changed('name', file.name, words)) {
      fill(name, markMatches(file.name, words).map(({ text, isMatch }) => (isMatch ? h('mark', {}, text) : text)));
      setAttributes(name, { title: file.name });
      setAttributes(box, { 'aria-label': t('selectOf', { name: file.name }) });
    }
    if (changed('thumb', standing, file.kind, file.contentType, small)) showThumb(thumb, file, small, actions);
    if (changed('facts', file.size, file.image, content.time(file), file.isPending)) fill(facts, factsOf(file, content.time(file)));
    if (changed('note', standing, content.note(file), file.duplicateOf)) {
      const hint = h('p', { class: 'file-note' });
      setAttributes(element, { 'data-state': standing });
      fill(note, noteLine(standing, content.note(file)), hint);
      if (file.duplicateOf && content.hint) showHint(hint, content.hint(file));
    }
    if (changed('buttons', file.name, standing, file.reason)) fill(buttons, content.buttons(file));
  };
  return { element, box, update };
}

/** A click on anything that is no control of its own selects. */
const isBackground = (target) => !target.closest('button, label, input, .thumb');

function showThumb(thumb, file, small, { thumbnailUrl }) {
  const family = file.state === 'rejected' ? 'problem' : (KIND_ICONS[file.kind] ?? kindOf(file.contentType));
  thumb.className = `thumb thumb-${family}`;
  fill(thumb, icon(family === 'problem' ? 'alert' : family));
  if (small) loadThumbnail(thumb, thumbnailUrl(small));
}

const KIND_ICONS = { image: 'image', video: 'video', audio: 'audio', pdf: 'text', text: 'text', archive: 'archive', other: 'file' };

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

function factsOf({ size, image, isPending }, time) {
  return [
    h('span', { class: 'file-size' }, formatBytes(size)),
    image && h('span', { class: 'file-pixels' }, t('imageSize', image)),
    time && h('time', { datetime: time.toISOString(), title: formatExactTime(time) }, formatTime(time)),
    isPending && h('span', { class: 'file-pending' }, t('notSentYet')),
  ];
}

function noteLine(standing, sentence) {
  if (!sentence) return null;
  return h('p', { class: 'file-note' }, BUSY.has(standing) && h('span', { class: 'spinner', 'aria-hidden': 'true' }), sentence);
}

/** A hint may have to be asked for first; without a connection there is none. */
async function showHint(hint, promised) {
  fill(hint, await promised.catch(() => null));
}

/** A button with an icon, named for this file. */
export const rowButton = (glyph, text, label, name, act, extra = '') =>
  h('button', { type: 'button', class: `icon-button ${extra}`, 'data-act': label, 'aria-label': t(label, { name }), title: t(text), on: { click: act } }, icon(glyph));

/** Renews "2 minutes ago" in all rows below `list`. */
export function refreshTimes(list) {
  for (const element of list.querySelectorAll('time')) fill(element, formatTime(new Date(element.dateTime)));
}
