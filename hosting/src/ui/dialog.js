/** Modal dialogs on the browser's own `<dialog>`: Escape closes, the rest of the page is inert meanwhile. */
import { t } from '../i18n.js';
import { h } from './dom.js';

const FOCUSABLE = 'button, input, select, textarea, a[href]';

/**
 * Opens `body` under `title`; answers a promise of what was chosen: "confirm", or "" for Escape and cancel.
 *
 * `onConfirm` may answer false to keep the dialog open. Focus returns to where it was.
 */
export function openDialog({ title, body, confirm, danger = false, onConfirm = () => true }) {
  const before = document.activeElement;
  const heading = h('h2', { id: 'dialog-title' }, title);
  const cancel = h('button', { type: 'button', class: 'button' }, t('cancel'));
  const submit = h('button', { type: 'submit', class: danger ? 'button danger' : 'button primary' }, confirm);
  const content = h('div', { id: 'dialog-body', class: 'dialog-body' }, body);
  const form = h('form', { method: 'dialog', novalidate: true }, heading, content, h('div', { class: 'dialog-actions' }, cancel, submit));
  const dialog = h('dialog', { 'aria-labelledby': 'dialog-title', 'aria-describedby': danger && 'dialog-body' }, form);

  cancel.addEventListener('click', () => dialog.close(''));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (onConfirm() !== false) dialog.close('confirm');
  });
  dialog.addEventListener('click', (event) => event.target === dialog && dialog.close(''));
  dialog.addEventListener('keydown', (event) => keepFocusInside(event, dialog));

  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      if (before?.isConnected) before.focus();
      resolve(dialog.returnValue);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Asks before something that cannot be undone. Cancel has the focus, so Enter does no harm. */
export async function confirmDialog({ title, body, confirm }) {
  return (await openDialog({ title, body: h('p', {}, body), confirm, danger: true })) === 'confirm';
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
