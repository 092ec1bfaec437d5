/** Modal dialogs on the browser's own `<dialog>`: Escape closes, the rest of the page is inert meanwhile. */
import { t } from '../i18n.js';
import { h } from './dom.js';
import { whileBusy } from './fields.js';
import { icon } from './icons.js';

const FOCUSABLE = 'button, input, select, textarea, a[href]';

let opened = 0;

/**
 * Opens `body` under `title`; answers a promise of what was chosen: "confirm", or "" for Escape and cancel.
 *
 * `onConfirm` may answer false, or a promise of it, to keep the dialog open. Once the promise `needless` is kept, the
 * dialog closes as confirmed. Focus returns to where it was.
 */
export function openDialog({ title, body, confirm, danger = false, onConfirm = () => true, needless = null }) {
  const cancel = h('button', { type: 'button', class: 'button' }, t('cancel'));
  const submit = h('button', { type: 'submit', class: danger ? 'button danger' : 'button primary' }, confirm);
  const form = h('form', { method: 'dialog', novalidate: true }, h('div', { class: 'dialog-actions' }, cancel, submit));
  const { dialog, closed } = show({ title, body, frame: form, isDescribed: danger });
  cancel.addEventListener('click', () => dialog.close(''));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    whileBusy(submit, async () => (await onConfirm({ submit })) !== false && dialog.close('confirm'));
  });
  needless?.then(() => dialog.close('confirm'));
  return closed;
}

/** Opens `body` under `title` with nothing to confirm, only to close: `{ closed, close }`. The body may hold forms. */
export function openPanel({ title, body, className = '' }) {
  const close = h('button', { type: 'button', class: 'icon-button dialog-close', 'aria-label': t('close'), title: t('close') }, icon('close'));
  const { dialog, closed } = show({ title, body, frame: h('div', { class: `panel ${className}` }, close) });
  close.addEventListener('click', () => dialog.close(''));
  return { closed, close: () => dialog.close('') };
}

/** Puts heading and body in front of what `frame` holds, and the whole on the screen. */
function show({ title, body, frame, isDescribed = false }) {
  const before = document.activeElement;
  const id = `dialog-${++opened}`;
  const heading = h('h2', { id: `${id}-title` }, title);
  const content = h('div', { id: `${id}-body`, class: 'dialog-body' }, body);
  const described = isDescribed && `${id}-body`;
  frame.prepend(heading, content);
  const dialog = h('dialog', { 'aria-labelledby': `${id}-title`, 'aria-describedby': described }, frame);
  dialog.addEventListener('click', (event) => event.target === dialog && dialog.close(''));
  dialog.addEventListener('keydown', (event) => keepFocusInside(event, dialog));
  const closed = new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      if (before?.isConnected) before.focus();
      resolve(dialog.returnValue);
    });
  });
  document.body.append(dialog);
  dialog.showModal();
  return { dialog, closed };
}

/** Closes whatever asks something, when whoever was asked is gone. */
export function closeDialogs() {
  for (const dialog of document.querySelectorAll('dialog[open]')) dialog.close('');
}

/** Asks before something that cannot be undone. Cancel has the focus, so Enter does no harm. */
export async function confirmDialog({ title, body, confirm, needless }) {
  return (await openDialog({ title, body: h('p', {}, body), confirm, danger: true, needless })) === 'confirm';
}

/** Tab goes round inside; without this it visits the browser's own controls between last and first. */
function keepFocusInside(event, dialog) {
  if (event.key !== 'Tab') return;
  const controls = [...dialog.querySelectorAll(FOCUSABLE)].filter((control) => !control.disabled);
  const edge = event.shiftKey ? controls[0] : controls.at(-1);
  if (document.activeElement !== edge) return;
  event.preventDefault();
  (event.shiftKey ? controls.at(-1) : controls[0]).focus();
}
