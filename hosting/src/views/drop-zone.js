/** Ways to bring files in: two pickers, dropping anywhere on the page, and pasting. */
import { formatBytes } from '../format.js';
import { t } from '../i18n.js';
import { toast } from '../ui/announce.js';
import { h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { MAX_FILE_BYTES } from '../uploads/admission.js';
import { droppedFiles, folderFiles, pastedFiles } from '../uploads/intake.js';

const TEXT_FIELD = 'input, textarea, select, [contenteditable]';

/** The invitation with its pickers. `onFiles(files)` hears what was chosen. */
export function dropZone(onFiles) {
  const files = picker({ multiple: true }, (chosen) => onFiles([...chosen]));
  const folder = picker({ webkitdirectory: true }, (chosen) => offer(folderFiles(chosen), onFiles));
  return h(
    'section',
    { class: 'drop-zone', 'aria-label': t('dropTitle') },
    h('span', { class: 'drop-mark' }, icon('upload')),
    h('div', { class: 'drop-words' }, h('p', { class: 'drop-title' }, t('dropTitle')), h('p', { class: 'hint' }, t('dropHint', { size: formatBytes(MAX_FILE_BYTES) }))),
    h('div', { class: 'drop-buttons' }, chooser('primary', 'upload', 'chooseFiles', files), chooser('choose-folder', 'folder', 'chooseFolder', folder)),
    files,
    folder,
  );
}

function picker(attributes, onChosen) {
  const input = h('input', { type: 'file', hidden: true, ...attributes });
  input.addEventListener('change', () => {
    onChosen(input.files);
    input.value = ''; // so that the same file can be chosen again
  });
  return input;
}

const chooser = (kind, glyph, label, input) =>
  h('button', { type: 'button', class: `button ${kind}`, on: { click: () => input.click() } }, icon(glyph), t(label));

/** A folder may turn out to hold nothing. */
function offer(files, onFiles) {
  if (files.length > 0) onFiles(files);
  else toast(t('folderEmpty'));
}

/** Takes drops and pastes on the whole window, and shows where a drop lands; answers how to stop. */
export function acceptFiles(onFiles) {
  const overlay = h('div', { class: 'drop-overlay', hidden: true, 'aria-hidden': 'true' }, h('p', {}, icon('upload'), t('dropOverlay')));
  document.body.append(overlay);
  const stop = new AbortController();
  const on = (event, handler) => window.addEventListener(event, handler, { signal: stop.signal });

  on('dragover', (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'copy';
    overlay.hidden = false;
  });
  on('dragleave', (event) => {
    if (event.relatedTarget === null) overlay.hidden = true;
  });
  on('drop', (event) => {
    overlay.hidden = true;
    if (!carriesFiles(event)) return;
    event.preventDefault();
    takeDrop(event.dataTransfer, onFiles);
  });
  on('paste', (event) => takePaste(event, onFiles));
  return () => {
    stop.abort();
    overlay.remove();
  };
}

const carriesFiles = (event) => event.dataTransfer?.types.includes('Files');

async function takeDrop(dataTransfer, onFiles) {
  try {
    offer(await droppedFiles(dataTransfer), onFiles);
  } catch {
    toast(t('dropFailed'), { kind: 'error' });
  }
}

/** A paste into a field, or while a dialog is open, is for them. */
function takePaste(event, onFiles) {
  if (event.target.closest?.(TEXT_FIELD) || document.querySelector('dialog[open]')) return;
  const files = pastedFiles(event.clipboardData, t('pastedPicture', { time: timestamp(new Date()) }));
  if (files.length === 0) return;
  event.preventDefault();
  onFiles(files);
}

/** "2026-11-22 14.03.09", which every file system takes. */
function timestamp(date) {
  const two = (number) => String(number).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join('.')}`;
}
