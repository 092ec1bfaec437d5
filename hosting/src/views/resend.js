/** A button that sends a mail again, and waits between one and the next. */
import { t } from '../i18n.js';
import { h, setAttributes } from '../ui/dom.js';
import { whileBusy } from '../ui/fields.js';

const WAIT_SECONDS = 60;
const SECOND_MS = 1000;

/** When each kind of mail was sent last: a change of screen or language does not shorten the wait. */
const sentAt = new Map();

export const noteSent = (kind, at = Date.now()) => sentAt.set(kind, Math.max(at, sentAt.get(kind) ?? 0));

/** `{ element, stop }`. `kind` names the mail and who gets it; `send()` answers a promise. */
export function resendButton({ kind, label, send, onSent, onProblem }) {
  const button = h('button', { type: 'button', class: 'link' });
  let timer = null;

  const show = () => {
    const left = WAIT_SECONDS - Math.floor((Date.now() - (sentAt.get(kind) ?? 0)) / SECOND_MS);
    const isWaiting = left > 0;
    button.textContent = isWaiting ? t('sendAgainIn', { seconds: left }) : label;
    setAttributes(button, { 'aria-disabled': isWaiting ? 'true' : null });
    clearTimeout(timer);
    if (isWaiting) timer = setTimeout(show, SECOND_MS);
  };
  button.addEventListener('click', () => {
    if (button.getAttribute('aria-disabled')) return;
    whileBusy(button, async () => {
      try {
        await send();
        noteSent(kind);
        onSent?.();
      } catch (error) {
        onProblem(error);
      }
    }).then(show);
  });
  show();
  return { element: button, stop: () => clearTimeout(timer) };
}
