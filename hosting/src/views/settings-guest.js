/** Settings of a guest: how to become an account, with all files. */
import { keepGuestWithPassword, leave, sendSignInLink } from '../auth.js';
import { enterInstead, withGoogle } from '../google.js';
import { t } from '../i18n.js';
import { toast } from '../ui/announce.js';
import { openDialog } from '../ui/dialog.js';
import { fill, h } from '../ui/dom.js';
import { actionForm } from '../ui/fields.js';
import { emailField, googleButton, newPasswordField, orLine, problemOf } from './credentials.js';
import { mailSent } from './mail-sent.js';
import { settingsSection } from './setting.js';
import { prepareSignIn } from './sign-in.js';

const TAKEN = new Set(['auth/email-already-in-use', 'auth/credential-already-in-use']);

export function guestSection(context) {
  const body = h('div', { class: 'guest-ways' });
  const element = settingsSection(t('keepFiles'), h('p', { class: 'lead' }, t('keepLead')), body);
  let stop = () => {};
  const showWay = (way) => {
    stop();
    const { nodes, stop: next = () => {} } = way(context, showWay);
    stop = next;
    fill(body, nodes);
  };
  showWay(passwordWay);
  return { element, stop: () => stop() };
}

function passwordWay({ session, development }, showWay) {
  const { auth } = session;
  const keptToast = () => toast(t('keptFiles'));
  const google = googleButton({
    run: async () => (await withGoogle(auth, 'link', development?.askIdentity)) && keptToast(),
    problem: (error) => {
      if (!TAKEN.has(error.code)) return problemOf(error);
      offerGoogleAccount(auth, error);
      return null;
    },
  });
  const email = emailField();
  const act = async (values) => {
    try {
      await keepGuestWithPassword(auth, values);
      keptToast();
    } catch (error) {
      if (!TAKEN.has(error.code)) throw error;
      await offerAccount(auth, values.email.trim());
    }
  };
  const form = actionForm({ name: t('keepFiles'), fields: [email, newPasswordField()], submit: t('signUpButton'), act, problem: problemOf });
  const toLink = h('button', { type: 'button', class: 'link', on: { click: () => showWay(linkWay) } }, t('toLink'));
  return { nodes: [google, orLine(), form, h('p', { class: 'links' }, toLink)] };
}

function linkWay({ session, development }, showWay) {
  let stop = () => {};
  const act = async (values) => {
    const email = values.email.trim();
    const send = () => sendSignInLink(session.auth, { email });
    await send();
    const note = mailSent({ sentence: t('keepLinkSent', { email }), type: 'EMAIL_SIGNIN', email, send, development });
    stop = note.stop;
    return note.element;
  };
  const form = actionForm({ name: t('linkTitle'), fields: [emailField()], submit: t('linkButton'), act, problem: problemOf });
  const back = h('button', { type: 'button', class: 'link', on: { click: () => showWay(passwordWay) } }, t('backToWays'));
  return { nodes: [h('p', { class: 'hint' }, t('keepLinkLead')), form, h('p', { class: 'links' }, back)], stop: () => stop() };
}

/** The address has an account already: two accounts are never merged, so the guest's files stay with the guest. */
export async function offerAccount(auth, email) {
  if (!(await confirmLeavingGuest(email))) return;
  prepareSignIn({ mode: 'signIn', email });
  await leave(auth);
}

async function offerGoogleAccount(auth, error) {
  if (!(await confirmLeavingGuest(error.customData?.email))) return;
  try {
    await enterInstead(auth, error);
  } catch (problem) {
    toast(problemOf(problem).sentence, { kind: 'error' });
  }
}

async function confirmLeavingGuest(email) {
  const body = [h('p', {}, t('takenBody', { email })), h('p', {}, t('takenFiles'))];
  return (await openDialog({ title: t('takenTitle'), body, confirm: t('takenConfirm'), danger: true })) === 'confirm';
}
