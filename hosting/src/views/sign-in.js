/** The calm card in front of the library: sign in, sign up, a link by e-mail, a new password, or a look around as a guest. */
import { resetPassword, sendSignInLink, signIn, signInAsGuest, signUp } from '../auth.js';
import { withGoogle } from '../google.js';
import { t } from '../i18n.js';
import { toast } from '../ui/announce.js';
import { fill, h } from '../ui/dom.js';
import { actionForm, whileBusy } from '../ui/fields.js';
import { icon } from '../ui/icons.js';
import { languageSelect, logo } from './brand.js';
import { currentPasswordField, emailField, googleButton, newPasswordField, orLine, problemOf } from './credentials.js';
import { mailSent } from './mail-sent.js';
import { themeSelect } from './theme-select.js';

/** What differs between the uses of the card. */
const MODES = {
  signIn: { title: 'signInTitle', lead: 'signInLead', submit: 'signInButton', password: currentPasswordField, act: signIn, hasGoogle: true },
  signUp: { title: 'signUpTitle', lead: 'signUpLead', submit: 'signUpButton', password: newPasswordField, act: signUp, hasGoogle: true },
  link: { title: 'linkTitle', lead: 'linkLead', submit: 'linkButton', act: sendSignInLink, sent: { notice: 'linkSent', type: 'EMAIL_SIGNIN' } },
  reset: { title: 'resetTitle', lead: 'resetLead', submit: 'resetButton', act: resetPassword, sent: { notice: 'resetSent', type: 'PASSWORD_RESET' } },
};

const FEATURES = [
  ['lock', 'featurePrivate'],
  ['devices', 'featureLive'],
  ['sparkle', 'featureSafe'],
];

/** What was typed survives a change of mode and of language. */
const typed = { mode: 'signIn', email: '' };

/** What the card begins with the next time it is shown. */
export function prepareSignIn({ mode, email }) {
  Object.assign(typed, { mode, email });
}

/** Mounts the screen into `root`. `notice` says why somebody is here again; `development` is there on emulators only. */
export function showSignIn(root, { auth, development, notice = null }) {
  const card = h('div', { class: 'card sign-in' });
  let stop = () => {};
  const context = { auth, development, onStop: (next) => (stop = next), showMode: null };
  context.showMode = (mode) => {
    stop();
    typed.mode = mode;
    fill(card, modeContent(mode, context));
    document.title = `${t(MODES[mode].submit)} · ${t('appName')}`;
  };
  context.showMode(typed.mode);
  const why = notice && h('p', { class: 'notice', role: 'status' }, t(notice));
  const extra = development && h('div', { class: 'sign-in-extra' }, development.seededUsers(auth));
  fill(
    root,
    h('header', { class: 'top' }, logo(), h('div', { class: 'top-tools' }, themeSelect({ isCompact: true }), languageSelect())),
    h('main', { class: 'welcome' }, intro(), h('div', { class: 'welcome-side' }, why, card, extra)),
  );
  return () => stop();
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

function modeContent(mode, context) {
  const { title, lead, hasGoogle } = MODES[mode];
  const google = hasGoogle && [googleButton({ run: () => withGoogle(context.auth, 'enter', context.development?.askIdentity) }), orLine()];
  return [h('h1', {}, t(title)), h('p', { class: 'lead' }, t(lead)), google, modeForm(mode, context), modeLinks(mode, context)];
}

function modeForm(mode, { auth, development, onStop }) {
  const { title, submit, password, act, sent } = MODES[mode];
  const email = emailField({ value: typed.email });
  email.input.addEventListener('input', () => (typed.email = email.input.value));
  const send = async (values) => {
    await act(auth, values);
    if (!sent) return null;
    const address = values.email.trim();
    const note = mailSent({ sentence: t(sent.notice, { email: address }), type: sent.type, email: address, send: () => act(auth, values), development });
    onStop(note.stop);
    return note.element;
  };
  return actionForm({ name: t(title), fields: [email, password?.()].filter(Boolean), submit: t(submit), act: send, problem: problemOf });
}

function modeLinks(mode, { auth, showMode }) {
  const link = (to, key) => h('button', { type: 'button', class: 'link', on: { click: () => switchTo(to) } }, t(key));
  const switchTo = (to) => {
    showMode(to);
    document.getElementById('email').focus();
  };
  const guest = () => h('p', { class: 'links guest-way' }, t('guestLead'), ' ', guestButton(auth));
  if (mode === 'signIn') {
    return [
      h('p', { class: 'links spread' }, link('link', 'toLink'), link('reset', 'forgotPassword')),
      h('p', { class: 'links other-ways' }, t('noAccount'), ' ', link('signUp', 'toSignUp')),
      guest(),
    ];
  }
  if (mode === 'signUp') return [h('p', { class: 'links other-ways' }, t('haveAccount'), ' ', link('signIn', 'toSignIn')), guest()];
  return h('p', { class: 'links' }, link('signIn', 'backToSignIn'));
}

function guestButton(auth) {
  const button = h('button', { type: 'button', class: 'link' }, t('guestButton'));
  const enter = () =>
    whileBusy(button, async () => {
      try {
        await signInAsGuest(auth);
      } catch (error) {
        toast(problemOf(error).sentence, { kind: 'error' });
      }
    });
  button.addEventListener('click', enter);
  return button;
}
