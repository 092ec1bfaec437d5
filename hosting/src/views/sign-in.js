/** The calm card in front of the library: sign in, sign up, or reset the password. */
import { authProblem, resetPassword, signIn, signUp } from '../auth.js';
import { t } from '../i18n.js';
import { fill, h, setAttributes } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { languageSelect, logo } from './brand.js';

const MIN_PASSWORD = 6;

/** What differs between the three uses of the card. */
const MODES = {
  signIn: { title: 'signInTitle', lead: 'signInLead', submit: 'signInButton', password: 'current-password', act: signIn },
  signUp: { title: 'signUpTitle', lead: 'signUpLead', submit: 'signUpButton', password: 'new-password', act: signUp },
  reset: { title: 'resetTitle', lead: 'resetLead', submit: 'resetButton', password: null, act: resetPassword },
};

const FEATURES = [
  ['lock', 'featurePrivate'],
  ['devices', 'featureLive'],
  ['sparkle', 'featureSafe'],
];

/** What was typed survives a change of mode and of language. */
const typed = { mode: 'signIn', email: '' };

/** Mounts the screen into `root`. `development` adds the one-click accounts of the emulators. */
export function showSignIn(root, { auth, development }) {
  const card = h('div', { class: 'card sign-in' });
  const showMode = (mode) => {
    typed.mode = mode;
    fill(card, modeContent(mode, { auth, development, showMode }));
    document.title = `${t(MODES[mode].submit)} · ${t('appName')}`;
  };
  showMode(typed.mode);
  const extra = h('div', { class: 'sign-in-extra' });
  development?.then(({ seededUsers }) => fill(extra, seededUsers(auth)));
  fill(
    root,
    h('header', { class: 'top' }, logo(), languageSelect()),
    h('main', { class: 'welcome' }, intro(), h('div', { class: 'welcome-side' }, card, extra)),
  );
}

function intro() {
  const features = FEATURES.map(([name, key]) => h('li', {}, icon(name), t(key)));
  return h('div', { class: 'intro' }, h('p', { class: 'intro-title' }, t('tagline')), preview(), h('ul', { class: 'features' }, features));
}

/** A picture of the library made of nothing but boxes, so that it follows the colour scheme. */
function preview() {
  const row = (kind) => h('div', { class: `preview-row preview-${kind}` }, h('span'), h('span', { class: 'preview-lines' }), icon('check'));
  return h('div', { class: 'preview', 'aria-hidden': 'true' }, ['dusk', 'leaf', 'sea'].map(row));
}

function modeContent(mode, { auth, development, showMode }) {
  const { title, lead } = MODES[mode];
  return [h('h1', {}, t(title)), h('p', { class: 'lead' }, t(lead)), modeForm(mode, auth, development), modeLinks(mode, showMode)];
}

function modeForm(mode, auth, development) {
  const { submit, password, act } = MODES[mode];
  const email = field({ id: 'email', type: 'email', label: t('email'), autocomplete: 'username', value: typed.email });
  const secret = password && passwordField(password);
  const message = h('div', { class: 'form-message' });
  const button = h('button', { type: 'submit', class: 'button primary wide' }, t(submit));
  email.input.addEventListener('input', () => (typed.email = email.input.value));
  const form = h('form', { novalidate: true, 'aria-label': t(MODES[mode].title) }, email.row, secret?.row, message, button);

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const values = { email: email.input.value.trim(), password: secret?.input.value };
    if (!reportMissing(mode, values, email, secret)) return;
    fill(message);
    setAttributes(button, { disabled: true, 'aria-busy': 'true' });
    try {
      await act(auth, values);
      if (mode === 'reset') fill(message, resetNotice(values.email, development));
    } catch (error) {
      fill(message, h('p', { class: 'error', role: 'alert' }, icon('alert'), t(authProblem(error))));
    }
    setAttributes(button, { disabled: false, 'aria-busy': null });
  });
  return form;
}

/** Marks what is wrong beside its field and moves there; true when nothing is. */
function reportMissing(mode, values, email, secret) {
  const wrong = [
    [email, emailProblem(values.email)],
    [secret, secret && passwordProblem(mode, values.password)],
  ];
  for (const [field, key] of wrong) field?.report(key && t(key));
  const first = wrong.find(([, key]) => key);
  first?.[0].input.focus();
  return !first;
}

function emailProblem(email) {
  if (email === '') return 'errEmailMissing';
  return /^[^\s@]+@[^\s@]+$/.test(email) ? null : 'errEmailInvalid';
}

function passwordProblem(mode, password) {
  if (password === '') return 'errPasswordMissing';
  return mode === 'signUp' && password.length < MIN_PASSWORD ? 'errPasswordWeak' : null;
}

function resetNotice(email, development) {
  const hint = development && h('p', {}, t('resetSentEmulator'));
  return h('div', { class: 'notice', role: 'status' }, h('p', {}, t('resetSent', { email })), hint);
}

function modeLinks(mode, showMode) {
  const link = (to, key) => h('button', { type: 'button', class: 'link', on: { click: () => switchTo(to) } }, t(key));
  const switchTo = (to) => {
    showMode(to);
    document.getElementById('email').focus();
  };
  if (mode === 'reset') return h('p', { class: 'links' }, link('signIn', 'backToSignIn'));
  if (mode === 'signUp') return h('p', { class: 'links' }, t('haveAccount'), ' ', link('signIn', 'toSignIn'));
  const fresh = h('span', {}, t('noAccount'), ' ', link('signUp', 'toSignUp'));
  return h('p', { class: 'links spread' }, fresh, link('reset', 'forgotPassword'));
}

/** A labelled input with a place for what is wrong with it. */
function field({ id, label, hint, trailing, ...attributes }) {
  const error = h('span', { id: `${id}-error`, class: 'field-error' });
  const describedBy = hint ? `${id}-error ${id}-hint` : `${id}-error`;
  const input = h('input', { id, name: id, 'aria-describedby': describedBy, ...attributes });
  const report = (sentence) => {
    fill(error, sentence);
    setAttributes(input, { 'aria-invalid': sentence ? 'true' : null });
  };
  input.addEventListener('input', () => report(null));
  const row = h(
    'div',
    { class: 'field' },
    h('label', { for: id }, label),
    h('div', { class: 'field-box' }, input, trailing),
    hint && h('span', { id: `${id}-hint`, class: 'hint' }, hint),
    error,
  );
  return { row, input, report };
}

function passwordField(autocomplete) {
  const reveal = h('button', { type: 'button', class: 'reveal' }, t('showPassword'));
  const hint = autocomplete === 'new-password' ? t('passwordHint') : null;
  const password = field({ id: 'password', type: 'password', label: t('password'), autocomplete, hint, trailing: reveal });
  reveal.addEventListener('click', () => {
    const shown = password.input.type === 'text';
    password.input.type = shown ? 'password' : 'text';
    fill(reveal, t(shown ? 'showPassword' : 'hidePassword'));
  });
  return password;
}
