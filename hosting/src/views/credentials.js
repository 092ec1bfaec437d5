/** Fields, buttons and sentences that every form about signing in shares. */
import { authProblem } from '../auth-problem.js';
import { t } from '../i18n.js';
import { errorNote, field, passwordField, whileBusy } from '../ui/fields.js';
import { fill, h } from '../ui/dom.js';

const MIN_PASSWORD = 6;

export function emailField({ id = 'email', label = t('email'), value = '', autocomplete = 'username' } = {}) {
  return field({ id, type: 'email', label, autocomplete, value, inputmode: 'email', autocapitalize: 'none', spellcheck: 'false', problem: emailProblem });
}

function emailProblem(value) {
  const email = value.trim();
  if (email === '') return t('errEmailMissing');
  return /^[^\s@]+@[^\s@]+$/.test(email) ? null : t('errEmailInvalid');
}

export const currentPasswordField = ({ id = 'password', label = t('password') } = {}) =>
  passwordField({ id, label, autocomplete: 'current-password', problem: (value) => (value === '' ? t('errPasswordMissing') : null) });

export const newPasswordField = ({ id = 'password', label = t('password') } = {}) =>
  passwordField({ id, label, autocomplete: 'new-password', hint: t('passwordHint'), problem: newPasswordProblem });

function newPasswordProblem(value) {
  if (value === '') return t('errPasswordMissing');
  return value.length < MIN_PASSWORD ? t('errPasswordWeak') : null;
}

/** A failure of Authentication for a form: `{ sentence, field }`. */
export function problemOf(error) {
  const { key, field: id, reason } = authProblem(error);
  return { sentence: problemSentence({ key, reason }), field: id };
}

/** The words of the admin who suspended somebody stand behind the sentence. */
export const problemSentence = ({ key, reason }) => (reason ? `${t(key)} ${t('suspendedBecause', { reason })}` : t(key));

/** "Continue with Google". `run()` answers a promise; what goes wrong appears below the button. */
export function googleButton({ label = t('googleButton'), run, problem = problemOf }) {
  const mark = h('img', { src: '/google.svg', alt: '', width: 20, height: 20 });
  const button = h('button', { type: 'button', class: 'button wide google' }, mark, label);
  const message = h('div', { class: 'form-message' });
  button.addEventListener('click', () =>
    whileBusy(button, async () => {
      fill(message);
      try {
        await run();
      } catch (error) {
        const found = problem(error);
        if (found) fill(message, errorNote(found.sentence));
      }
    }),
  );
  return h('div', { class: 'google-way' }, button, message);
}

export const orLine = () => h('p', { class: 'or-line' }, h('span', {}, t('or')));
