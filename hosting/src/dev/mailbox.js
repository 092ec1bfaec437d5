/** The Auth emulator sends no mail: it lists the links that would have been in it, and this opens the newest of them. */
import { t } from '../i18n.js';
import { toast } from '../ui/announce.js';
import { h } from '../ui/dom.js';

/** A button that opens the newest mail of `type` to `email` in a tab, on this page as a mail's link would. */
export function mailLink(mailbox, { email, type }) {
  const button = h('button', { type: 'button', class: 'link' }, t('devOpenMail'));
  button.addEventListener('click', async () => {
    const link = await newestLink(mailbox, email, type).catch(() => null);
    if (link) location.assign(`/?${new URL(link).searchParams}`);
    else toast(t('devNoMail'), { kind: 'error' });
  });
  return button;
}

async function newestLink(mailbox, email, type) {
  const { oobCodes } = await (await fetch(mailbox)).json();
  const isIt = (mail) => mail.requestType === type && [mail.email, mail.newEmail].includes(email.toLowerCase());
  return oobCodes.findLast(isIt)?.oobLink;
}
