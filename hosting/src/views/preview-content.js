/** What a preview shows of a file, by its kind. Nothing of a file is ever made part of the page as markup. */
import { formatBytes } from '../format.js';
import { t } from '../i18n.js';
import { fill, h } from '../ui/dom.js';
import { icon, kindOf } from '../ui/icons.js';

/** How much of a text is shown. */
export const TEXT_BYTES = 256 * 1024;
const VIEWER_START_MS = 3000;
// How old Korean files are written when they are no UTF-8.
const OLD_ENCODING = 'euc-kr';

const KINDS = { image: imagePreview, video: mediaPreview, audio: mediaPreview, pdf: pdfPreview, text: textPreview };

/** `{ element, zoom?, stop? }` for a file. */
export function preview(file, bytes) {
  const element = h('div', { class: 'preview-content' });
  const made = (KINDS[previewKind(file)] ?? factsPreview)(file, bytes, element);
  return { element, ...made };
}

function previewKind({ kind, contentType }) {
  if (contentType === 'application/pdf') return 'pdf';
  return kind ?? kindOf(contentType);
}

/**
 * The thumbnail at once, the original when somebody wants to see it close. Where the browser has no decoder for the
 * original (HEIC, TIFF) the thumbnail stays, enlarged.
 */
function imagePreview(file, bytes, element) {
  const large = file.thumbnails?.large ?? file.thumbnails?.small;
  const show = async (url) => {
    const image = h('img', { class: 'preview-image', alt: t('pictureOf', { name: file.name }), draggable: 'false', on: { dblclick: zoom } });
    image.src = await url;
    await image.decode();
    fill(element, image);
  };
  let isClose = false;
  function zoom() {
    isClose = !isClose;
    element.classList.toggle('zoomed', isClose);
    if (isClose && large) show(bytes.originalUrl(file)).catch(() => {});
  }
  loadInto(element, file, () => show(large ? bytes.url(large) : bytes.originalUrl(file)));
  return { zoom };
}

function mediaPreview(file, bytes, element) {
  const isVideo = kindOf(file.contentType) === 'video' || file.kind === 'video';
  const player = h(isVideo ? 'video' : 'audio', { class: 'preview-media', controls: true, preload: 'metadata', playsinline: true, 'aria-label': file.name });
  loadInto(element, file, async () => {
    const url = await bytes.originalUrl(file);
    player.addEventListener('error', () => fill(element, facts(file, t('previewUnplayable'))));
    player.src = url;
    fill(element, !isVideo && h('span', { class: 'preview-mark' }, icon('audio')), player);
  });
  return {
    stop: () => {
      player.pause();
      player.removeAttribute('src');
      player.load();
    },
  };
}

/** The browser's own viewer, on an address that only this page knows. */
function pdfPreview(file, bytes, element) {
  if (!navigator.pdfViewerEnabled) return factsPreview(file, bytes, element);
  let url = null;
  let isStopped = false;
  loadInto(element, file, async () => {
    const blob = await bytes.blob(file);
    if (isStopped) return;
    url = URL.createObjectURL(new Blob([blob], { type: 'application/pdf' }));
    const frame = h('iframe', { class: 'preview-document', src: url, title: file.name });
    keepFocusOutOf(frame);
    fill(element, frame);
  });
  return {
    stop: () => {
      isStopped = true;
      URL.revokeObjectURL(url);
    },
  };
}

/** A viewer takes the focus when it is ready, and keys would be its own from then on: Escape and the arrows did not work. */
function keepFocusOutOf(frame) {
  const before = document.activeElement;
  const giveBack = () => setTimeout(() => document.activeElement === frame && before.focus());
  window.addEventListener('blur', giveBack, { signal: AbortSignal.timeout(VIEWER_START_MS) });
}

function textPreview(file, bytes, element) {
  loadInto(element, file, async () => {
    const start = await bytes.start(file, TEXT_BYTES);
    const text = h('pre', { class: 'preview-text', tabindex: 0, dir: 'auto' }, decode(start));
    const cut = file.size > TEXT_BYTES && h('p', { class: 'hint' }, t('previewCut', { size: formatBytes(TEXT_BYTES), whole: formatBytes(file.size) }));
    fill(element, text, cut);
  });
  return {};
}

/** UTF-8, else UTF-16 by its mark, else what Korean Windows wrote. A letter cut in two at the end is left out. */
function decode(buffer) {
  const bytes = new Uint8Array(buffer);
  const mark = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : null;
  try {
    return new TextDecoder(mark ?? 'utf-8', { fatal: mark === null }).decode(bytes, { stream: true });
  } catch {
    return new TextDecoder(OLD_ENCODING).decode(bytes);
  }
}

function factsPreview(file, _bytes, element) {
  fill(element, facts(file, t('previewNone')));
  return {};
}

function facts(file, sentence) {
  return h('div', { class: 'preview-none' }, h('span', { class: 'preview-mark' }, icon(kindOf(file.contentType))), h('p', {}, sentence), h('p', { class: 'hint' }, file.contentType));
}

/** Shows that something is coming, and says so when it does not come. */
async function loadInto(element, file, work) {
  const waiting = element.childElementCount === 0;
  if (waiting) fill(element, h('span', { class: 'spinner large', role: 'img', 'aria-label': t('loading') }));
  try {
    await work();
  } catch {
    fill(element, facts(file, t('previewFailed')));
  }
}
