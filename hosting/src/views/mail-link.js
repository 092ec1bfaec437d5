/** The page as it looks when it was opened from a mail. */
import { t } from '../i18n.js';
import { toast } from '../ui/announce.js';
import { fill, h } from '../ui/dom.js';
import { actionForm, errorNote, whileBusy } from '../ui/fields.js';
import { icon } from '../ui/icons.js';
import { languageSelect, logo } from './brand.js';
import { emailField, newPasswordField, problemOf, problemSentence } from './credentials.js';
import { prepareSignIn } from './sign-in.js';

/** What was done, and whether the person should look after the password (somebody changed the address). */
const OUTCOMES = {
  verified: { title: 'verifiedTitle', body: 'verifiedBody' },
  changed: { title: 'changedTitle', body: 'changedBody' },
  recovered: { title: 'recoveredTitle', body: 'recoveredBody', offersReset: true },
  reset: { title: 'resetDoneTitle', body: 'resetDoneBody' },
};

const STEPS = {
  working: workingStep,
  askEmail: askEmailStep,
  newPassword: newPasswordStep,
  done: doneStep,
  taken: takenStep,
  failed: failedStep,
};

/** Mounts the screen of `visit` into `root`; answers how to take it down. */
export function showMailLink(root, { visit }) {
  const card = h('div', { class: 'card sign-in mail-link' });
  document.title = t('appName');
  const update = () => {
    fill(card, STEPS[visit.state.step](visit));
    card.querySelector('input:not([readonly]), h1')?.focus();
  };
  fill(root, h('header', { class: 'top' }, logo(), languageSelect()), h('main', { class: 'welcome alone' }, card));
  update();
  return visit.onChange(update);
}

const heading = (key) => h('h1', { tabindex: -1 }, t(key));

function workingStep() {
  return [heading('mailWorking'), h('p', { class: 'lead' }, h('span', { class: 'spinner' }), ' ', t('loading'))];
}

function askEmailStep(visit) {
  const form = actionForm({ name: t('linkHereTitle'), fields: [emailField()], submit: t('signInButton'), act: (values) => visit.signInAs(values), problem: problemOf });
  return [heading('linkHereTitle'), h('p', { class: 'lead' }, t('linkHereLead')), form];
}

function newPasswordStep(visit) {
  const { email } = visit.state;
  const account = h('input', { type: 'email', class: 'visually-hidden', name: 'account', autocomplete: 'username', value: email, readonly: true, tabindex: -1, 'aria-hidden': 'true' });
  const fields = [{ row: account, input: account, check: () => true }, newPasswordField({ label: t('newPassword') })];
  const form = actionForm({ name: t('newPasswordTitle'), fields, submit: t('newPasswordButton'), act: (values) => visit.choosePassword(values), problem: problemOf });
  return [heading('newPasswordTitle'), h('p', { class: 'lead' }, t('newPasswordLead', { email })), form];
}

function doneStep(visit) {
  const { outcome, email } = visit.state;
  const { title, body, offersReset } = OUTCOMES[outcome];
  const go = h('button', { type: 'button', class: 'button primary wide', on: { click: () => visit.finish() } }, t('goOn'));
  return [
    h('span', { class: 'big-mark' }, icon('check')),
    heading(title),
    h('p', { class: 'lead', role: 'status' }, t(body, { email })),
    h('div', { class: 'stack' }, go, offersReset && resetButton(visit)),
  ];
}

function resetButton(visit) {
  const button = h('button', { type: 'button', class: 'button wide' }, t('resetButton'));
  const send = () =>
    whileBusy(button, async () => {
      try {
        await visit.sendReset();
        toast(t('resetSent', { email: visit.state.email }));
      } catch (error) {
        toast(problemOf(error).sentence, { kind: 'error' });
      }
    });
  button.addEventListener('click', send);
  return button;
}

function takenStep(visit) {
  const { email } = visit.state;
  const leaveGuest = () => {
    prepareSignIn({ mode: 'link', email });
    return visit.leaveGuest();
  };
  const go = h('button', { type: 'button', class: 'button danger wide', on: { click: leaveGuest } }, t('takenConfirm'));
  const stay = h('button', { type: 'button', class: 'button wide', on: { click: () => visit.finish() } }, t('takenStay'));
  return [heading('takenTitle'), h('p', { class: 'lead' }, t('takenBody', { email })), h('p', { class: 'lead' }, t('takenFiles')), h('div', { class: 'stack' }, stay, go)];
}

function failedStep(visit) {
  const go = h('button', { type: 'button', class: 'button wide', on: { click: () => visit.finish() } }, t('goOn'));
  return [heading('mailFailedTitle'), h('div', { class: 'stack' }, errorNote(problemSentence(visit.state.problem)), go)];
}
