/** Telling people: quietly (screen readers only) or with a toast that everyone notices. */
import { t } from '../i18n.js';
import { h } from './dom.js';
import { icon } from './icons.js';

const TOAST_MS = 6000;

/** Says something to screen readers when there is no need to show it twice. */
export function announce(sentence) {
  document.getElementById('announcer').textContent = sentence;
}

/**
 * Shows a notice. An error stays until it is dismissed; the rest goes by itself, unless it is being read.
 *
 * `action` is one thing to do about it, `{ label, run }`.
 */
export function toast(sentence, { kind = 'info', action = null } = {}) {
  const dismiss = h('button', { type: 'button', class: 'icon-button', 'aria-label': t('dismissNotification') }, icon('close'));
  const role = kind === 'error' ? 'alert' : 'status';
  const act = action && h('button', { type: 'button', class: 'toast-action' }, action.label);
  const notice = h('div', { class: `toast toast-${kind}`, role }, h('p', {}, sentence), act, dismiss);
  act?.addEventListener('click', () => {
    notice.remove();
    action.run();
  });
  dismiss.addEventListener('click', () => notice.remove());
  document.getElementById('toasts').append(notice);
  if (kind !== 'error') removeLater(notice);
}

function removeLater(notice) {
  let timer = null;
  const start = () => (timer = setTimeout(() => notice.remove(), TOAST_MS));
  const stop = () => clearTimeout(timer);
  notice.addEventListener('pointerenter', stop);
  notice.addEventListener('pointerleave', start);
  notice.addEventListener('focusin', stop);
  notice.addEventListener('focusout', start);
  start();
}

export function clearToasts() {
  document.getElementById('toasts').replaceChildren();
}
