/** "A mail is on its way", with the button that sends it again, and on the emulators the way to the mail. */
import { t } from '../i18n.js';
import { toast } from '../ui/announce.js';
import { h } from '../ui/dom.js';
import { problemOf } from './credentials.js';
import { noteSent, resendButton } from './resend.js';

/** `{ element, stop }`. `type` is the kind of mail as the Auth emulator names it; `send()` sends it again. */
export function mailSent({ sentence, type, email, send, development }) {
  const kind = `${type} ${email}`;
  noteSent(kind);
  const onSent = () => toast(t('mailSentAgain'));
  const onProblem = (error) => toast(problemOf(error).sentence, { kind: 'error' });
  const again = resendButton({ kind, label: t('sendAgain'), send, onSent, onProblem });
  const element = h(
    'div',
    { class: 'notice mail-sent' },
    h('p', { role: 'status' }, sentence),
    h('p', { class: 'mail-sent-actions' }, again.element, development?.mailLink({ email, type })),
  );
  return { element, stop: again.stop };
}
