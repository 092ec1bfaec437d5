/** Sign-in with one click as the users of the seed. Loaded only when the page talks to emulators. */
import { signIn } from '../auth.js';
import { authProblem } from '../auth-problem.js';
import { t } from '../i18n.js';
import { toast } from '../ui/announce.js';
import { h } from '../ui/dom.js';

const PASSWORD = 'kindling';
const USERS = [
  { name: 'Alice', email: 'alice@example.com' },
  { name: 'Bob', email: 'bob@example.com' },
  { name: 'Admin', email: 'admin@example.com', admin: true },
];

export function seededUsers(auth) {
  return h(
    'section',
    { class: 'card seeded', 'aria-label': t('devTitle') },
    h('h2', {}, t('devTitle')),
    h('p', { class: 'hint' }, t('devLead')),
    h('div', { class: 'seeded-users' }, USERS.map((user) => userButton(auth, user))),
  );
}

function userButton(auth, { name, email, admin }) {
  const badge = admin && h('span', { class: 'badge' }, t('devAdmin'));
  const avatar = h('span', { class: 'avatar', 'aria-hidden': 'true' }, name[0]);
  const label = h('span', { class: 'seeded-name' }, t('devSignIn', { name }), ' ', badge);
  const button = h('button', { type: 'button', class: 'seeded-user' }, avatar, label);
  button.addEventListener('click', async () => {
    button.disabled = true;
    try {
      await signIn(auth, { email, password: PASSWORD });
    } catch (error) {
      const { key } = authProblem(error);
      toast(t(key === 'errCredentials' ? 'devMissing' : key), { kind: 'error' });
    }
    button.disabled = false;
  });
  return button;
}
