/** Downloading a selection as one archive: how far it is, and how to stop it. */
import { formatBytes } from '../format.js';
import { t } from '../i18n.js';
import { saveBlob } from '../save.js';
import { announce, toast } from '../ui/announce.js';
import { fill, h } from '../ui/dom.js';
import { MAX_ZIP_BYTES, sizeOf, zipFiles } from '../zip.js';

export async function downloadZip(library, files) {
  const size = sizeOf(files);
  if (size > MAX_ZIP_BYTES) {
    toast(t('zipTooLarge', { size: formatBytes(size), limit: formatBytes(MAX_ZIP_BYTES) }), { kind: 'error' });
    return;
  }
  const stop = new AbortController();
  const progress = progressNotice(files.length, () => stop.abort());
  try {
    const read = (file, signal) => readFile(library, file, signal);
    const zip = await zipFiles(files, { read, signal: stop.signal, onProgress: progress.set });
    saveBlob(zip, t('zipName'));
    announce(t('zipDone'));
  } catch {
    if (!stop.signal.aborted) toast(t('zipFailed'), { kind: 'error' });
  } finally {
    progress.close();
  }
}

async function readFile(library, file, signal) {
  const response = await fetch(await library.bytes.originalUrl(file), { signal });
  if (!response.ok) throw new Error(`${file.id} answered ${response.status}`);
  return response;
}

function progressNotice(count, onCancel) {
  const label = h('p', { id: 'zip-label' }, t('zipMaking', { count }));
  const bar = h('progress', { max: 1, value: 0, 'aria-labelledby': 'zip-label' });
  const percent = h('span', { class: 'zip-percent' });
  const cancel = h('button', { type: 'button', class: 'toast-action', on: { click: onCancel } }, t('cancel'));
  const notice = h('div', { class: 'toast toast-zip', role: 'status' }, h('div', { class: 'zip-words' }, label, bar), percent, cancel);
  document.getElementById('toasts').append(notice);
  const set = (value) => {
    bar.value = value;
    fill(percent, `${Math.floor(value * 100)}%`);
  };
  return { set, close: () => notice.remove() };
}
