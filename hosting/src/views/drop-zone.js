/** Ways to bring files in: the picker, and dropping anywhere on the page. */
import { formatBytes } from '../format.js';
import { t } from '../i18n.js';
import { MAX_FILE_BYTES } from '../upload.js';
import { h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';

/** The invitation with its picker. `onFiles(files, folders)` hears what was chosen. */
export function dropZone(onFiles) {
  const input = h('input', { type: 'file', multiple: true, hidden: true });
  input.addEventListener('change', () => {
    onFiles([...input.files], []);
    input.value = ''; // so that the same file can be chosen again
  });
  const choose = h('button', { type: 'button', class: 'button primary', on: { click: () => input.click() } }, icon('upload'), t('chooseFiles'));
  return h(
    'section',
    { class: 'drop-zone', 'aria-label': t('dropTitle') },
    h('span', { class: 'drop-mark' }, icon('upload')),
    h('div', {}, h('p', { class: 'drop-title' }, t('dropTitle')), h('p', { class: 'hint' }, t('dropHint', { size: formatBytes(MAX_FILE_BYTES) }))),
    choose,
    input,
  );
}

/** Takes drops on the whole window and shows where they land; answers how to stop. */
export function acceptDrops(onFiles) {
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
    const { files, folders } = dropped(event.dataTransfer);
    if (files.length + folders.length > 0) onFiles(files, folders);
  });
  return () => {
    stop.abort();
    overlay.remove();
  };
}

const carriesFiles = (event) => event.dataTransfer?.types.includes('Files');

/** Tells files and folders apart: a folder looks like a small file otherwise. */
function dropped(dataTransfer) {
  const entries = [...dataTransfer.items].filter(({ kind }) => kind === 'file').map((item) => item.webkitGetAsEntry?.());
  const folders = entries.filter((entry) => entry?.isDirectory).map(({ name }) => name);
  const files = [...dataTransfer.files].filter((file, index) => !entries[index]?.isDirectory);
  return { files, folders };
}
