/** In place of Google's window: who do you want to be? */
import { t } from '../i18n.js';
import { openDialog } from '../ui/dialog.js';
import { h } from '../ui/dom.js';
import { checkFields, field } from '../ui/fields.js';
import { emailField } from '../views/credentials.js';

/** Answers a promise of `{ email, name }`, or of null when the person changed their mind. */
export async function askIdentity() {
  const email = emailField({ id: 'google-email', autocomplete: 'off' });
  const name = field({ id: 'google-name', label: t('profileName'), autocomplete: 'off' });
  const choice = await openDialog({
    title: t('devGoogleTitle'),
    body: [h('p', {}, t('devGoogleLead')), email.row, name.row],
    confirm: t('devGoogleConfirm'),
    onConfirm: () => checkFields([email]),
  });
  if (choice !== 'confirm') return null;
  const address = email.input.value.trim().toLowerCase();
  return { email: address, name: name.input.value.trim() || address.split('@')[0] };
}
