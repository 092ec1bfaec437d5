/** A look at one file after the other, over the whole window. */
import { formatBytes, formatExactTime, formatNumber } from '../format.js';
import { t } from '../i18n.js';
import { announce } from '../ui/announce.js';
import { fill, h, setAttributes } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { isReady } from './file-actions.js';
import { preview } from './preview-content.js';

/**
 * Opens the viewer at `file`. `list` is where its neighbours are looked up, each time anew since it is live.
 *
 * `onClosed(id)` gets the file shown last, so that the focus can return to it.
 */
export function openPreview({ library, list, file, actions, onClosed }) {
  let shown = file;
  let content = null;
  const neighbours = () => (list.files ?? []).filter(isReady);
  const place = () => neighbours().findIndex(({ id }) => id === shown.id);

  const title = h('h2', { id: 'preview-title', class: 'preview-name', dir: 'auto', tabindex: -1 });
  const facts = h('p', { class: 'preview-facts' });
  const stage = h('div', { class: 'preview-stage' });
  const tools = h('div', { class: 'preview-tools' });
  const previous = edgeButton('back', 'previousFile', () => go(-1));
  const next = edgeButton('forward', 'nextFile', () => go(1));
  const close = h('button', { type: 'button', class: 'icon-button', 'aria-label': t('closePreview'), title: t('close'), on: { click: () => dialog.close() } }, icon('close'));
  const dialog = h(
    'dialog',
    { class: 'preview-dialog', 'aria-labelledby': 'preview-title' },
    h('header', { class: 'preview-head' }, h('div', { class: 'preview-words' }, title, facts), tools, close),
    h('div', { class: 'preview-body' }, previous, stage, next),
  );

  const button = (glyph, label, run, extra = '') =>
    h('button', { type: 'button', class: `icon-button ${extra}`, 'aria-label': t(label), title: t(label), on: { click: run } }, icon(glyph));

  function show(to) {
    shown = to;
    content?.stop?.();
    content = preview(shown, library.bytes);
    fill(title, shown.name);
    fill(facts, factsOf(shown, place() + 1, neighbours().length, list.hasMore));
    fill(stage, content.element);
    fill(
      tools,
      content.zoom && button('zoom', 'zoom', content.zoom),
      button('download', 'download', () => actions.download([shown])),
      button('share', 'share', () => actions.share(shown)),
      button('trash', 'moveToTrash', remove, 'quiet-danger'),
    );
    showEdges();
    if (list.hasMore && place() > neighbours().length - 5) list.readMore();
  }

  function showEdges() {
    const at = place();
    setAttributes(previous, { disabled: at <= 0 });
    setAttributes(next, { disabled: at === -1 || at >= neighbours().length - 1 });
    if (document.activeElement === document.body || document.activeElement?.disabled) title.focus();
  }

  function go(step) {
    const to = neighbours()[place() + step];
    if (!to || place() === -1) return;
    show(to);
    announce(t('nowShowing', { name: to.name }));
  }

  function remove() {
    const files = neighbours();
    const at = place();
    const after = files[at + 1] ?? files[at - 1];
    actions.remove([shown]);
    if (after) show(after);
    else dialog.close();
  }

  const keys = { ArrowLeft: () => go(-1), ArrowRight: () => go(1), Delete: remove };
  dialog.addEventListener('keydown', (event) => {
    keepFocusInside(event, dialog);
    if (event.target.closest('audio, video, input') || event.altKey || event.ctrlKey || event.metaKey) return;
    if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
  });
  stage.addEventListener('click', (event) => event.target === stage && dialog.close());
  const stopListening = library.onChange(showEdges);
  dialog.addEventListener('close', () => {
    stopListening();
    content?.stop?.();
    dialog.remove();
    onClosed(shown.id);
  });
  document.body.append(dialog);
  dialog.showModal();
  show(file);
  title.focus();
}

const edgeButton = (glyph, label, run) =>
  h('button', { type: 'button', class: `icon-button preview-edge preview-${glyph}`, 'aria-label': t(label), title: t(label), on: { click: run } }, icon(glyph));

function factsOf(file, position, count, hasMore) {
  const parts = [formatBytes(file.size), file.image && t('imageSize', file.image), formatExactTime(file.createdAt)];
  if (position > 0) parts.unshift(t(hasMore ? 'positionMore' : 'position', { position: formatNumber(position), count: formatNumber(count) }));
  return parts.filter(Boolean).join(' · ');
}

/** Tab goes round inside; a frame with a document in it is a stop of its own. */
function keepFocusInside(event, dialog) {
  if (event.key !== 'Tab') return;
  const controls = [...dialog.querySelectorAll('button:not(:disabled), iframe, audio, video, [tabindex="0"]')];
  const edge = event.shiftKey ? controls[0] : controls.at(-1);
  if (document.activeElement !== edge && dialog.contains(document.activeElement) && controls.includes(document.activeElement)) return;
  event.preventDefault();
  (event.shiftKey ? controls.at(-1) : controls[0]).focus();
}
