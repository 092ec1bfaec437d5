/** One line of the tray. */
import { formatBytes } from '../format.js';
import { t } from '../i18n.js';
import { announce } from '../ui/announce.js';
import { fill, h, setAttributes } from '../ui/dom.js';
import { icon, kindOf } from '../ui/icons.js';
import { ATTENTION, mayBeProcessedAgain } from '../uploads/phases.js';
import { statusSentence } from './upload-sentences.js';

const BUTTONS = {
  pause: { glyph: 'pause', title: 'pauseUpload', label: 'pauseUploadOf', act: (uploads, { key }) => uploads.pause(key) },
  resume: { glyph: 'play', title: 'resumeUpload', label: 'resumeUploadOf', act: (uploads, { key }) => uploads.resume(key) },
  retry: { glyph: 'retry', title: 'retryUpload', label: 'retryUploadOf', act: (uploads, { key }) => uploads.retry(key) },
  accept: { glyph: 'upload', title: 'uploadAnyway', label: 'uploadAnywayOf', act: (uploads, { key }) => uploads.accept(key) },
  cancel: { glyph: 'close', title: 'cancelUpload', label: 'cancelUploadOf', act: cancel },
  dismiss: { glyph: 'close', title: 'dismiss', label: 'dismissOf', act: (uploads, { key }) => uploads.dismiss(key) },
};

const FITTING = {
  waiting: ['pause', 'cancel'],
  queued: ['pause', 'cancel'],
  checking: ['pause', 'cancel'],
  uploading: ['pause', 'cancel'],
  offline: ['pause', 'cancel'],
  retrying: ['retry', 'pause', 'cancel'],
  paused: ['resume', 'cancel'],
  duplicate: ['accept', 'dismiss'],
  processing: [],
  ready: ['dismiss'],
  rejected: ['dismiss'],
  failed: ['retry', 'dismiss'],
  refused: ['dismiss'],
};

const BARRED = new Set(['uploading', 'offline', 'retrying', 'paused', 'checking']);

/** `{ element, update(item) }`; what has not changed is left alone, so that focus stays. */
export function uploadRow(uploads) {
  const glyph = h('span', { class: 'tray-glyph' });
  const name = h('span', { class: 'tray-name', dir: 'auto' });
  const size = h('span', { class: 'tray-size' });
  const bar = h('progress', { max: 1 });
  const note = h('p', { class: 'tray-note' });
  const buttons = h('div', { class: 'tray-actions' });
  const main = h('div', { class: 'tray-main' }, h('p', { class: 'tray-line' }, name, size), bar, note);
  const element = h('li', { class: 'tray-row' }, glyph, main, buttons);
  let shown = null;

  const update = (item) => {
    if (shown?.phase !== item.phase || shown?.name !== item.name) {
      setAttributes(element, { 'data-phase': item.phase });
      setAttributes(fill(name, item.name), { title: item.name });
      fill(size, formatBytes(item.size));
      fill(glyph, icon(glyphOf(item)));
      fillButtons(buttons, item, uploads);
      bar.setAttribute('aria-label', t('uploadOf', { name: item.name }));
    }
    bar.hidden = !BARRED.has(item.phase);
    bar.value = item.sent / Math.max(item.size, 1);
    const sentence = statusSentence(item);
    if (note.textContent !== sentence) fill(note, sentence);
    shown = item;
  };
  return { element, update };
}

function glyphOf({ phase, contentType }) {
  if (phase === 'ready') return 'check';
  return ATTENTION.has(phase) ? 'alert' : kindOf(contentType);
}

/** New buttons; when one of the old had the focus, its successor has it. */
function fillButtons(buttons, item, uploads) {
  const hadFocus = buttons.contains(document.activeElement);
  const kinds = mayBeProcessedAgain(item) ? ['retry', 'dismiss'] : FITTING[item.phase];
  const made = kinds.map((kind) => {
    const { glyph, title, label, act } = BUTTONS[kind];
    const attributes = { type: 'button', class: 'icon-button', title: t(title), 'aria-label': t(label, { name: item.name }) };
    return h('button', { ...attributes, on: { click: () => act(uploads, item) } }, icon(glyph));
  });
  fill(buttons, made);
  if (hadFocus) made[0]?.focus();
}

function cancel(uploads, { key, name }) {
  uploads.cancel(key);
  announce(t('uploadCancelled', { name }));
}
