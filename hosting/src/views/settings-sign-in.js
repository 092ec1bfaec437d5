/** Settings: the address, the ways to sign in, and an end to all sessions. */
import { changeEmail, changePassword, linkGoogle, signOutEverywhere, unlinkGoogle } from '../account-changes.js';
import { t } from '../i18n.js';
import { WAYS } from '../session.js';
import { toast } from '../ui/announce.js';
import { fill, h, setAttributes } from '../ui/dom.js';
import { formDialog } from '../ui/form-dialog.js';
import { callProblem } from './call-problem.js';
import { emailField, newPasswordField, problemOf } from './credentials.js';
import { mailSent } from './mail-sent.js';
import { identityProof } from './prove.js';
import { actionButton, setting, settingsSection } from './setting.js';

export function signInSection(context) {
  const { session } = context;
  const rows = [emailRow(context), passwordRow(context), googleRow(context), sessionsRow(context)];
  const element = settingsSection(t('signInSection'), rows.map(({ element }) => element));
  const update = () => {
    for (const row of rows) row.update?.();
  };
  return { element, update, stop: () => rows.forEach(({ stop }) => stop?.()) };
}

function emailRow(context) {
  const { session, development } = context;
  const value = h('p', { class: 'setting-value' });
  const note = h('div');
  let stopNote = () => {};
  const showSent = (email, send, type) => {
    stopNote();
    const sent = mailSent({ sentence: t('emailChangeSent', { email }), type, email, send, development });
    stopNote = sent.stop;
    fill(note, sent.element);
  };
  const change = actionButton(t('change'), async () => {
    const email = await askNewEmail(context);
    if (email) showSent(email, () => changeEmail(session, email), 'VERIFY_AND_CHANGE_EMAIL');
  });
  setAttributes(change, { 'aria-label': t('changeEmail') });
  const element = h('div', { class: 'setting-group' }, setting({ title: t('email'), value, actions: change }), note);
  let shown = null;
  const update = () => {
    if (shown !== null && shown !== session.email) {
      stopNote();
      fill(note);
    }
    shown = session.email;
    const isConfirmed = !session.needsVerification;
    fill(value, session.email, ' ', h('span', { class: isConfirmed ? 'badge good' : 'badge' }, t(isConfirmed ? 'confirmed' : 'notConfirmed')));
  };
  return { element, update, stop: () => stopNote() };
}

/** Answers a promise of the new address once the mail went out, else null. */
async function askNewEmail(context) {
  const email = emailField({ id: 'email', label: t('newEmail'), autocomplete: 'email' });
  const done = await provenDialog(context, {
    title: t('changeEmail'),
    lead: t('changeEmailLead'),
    fields: [email],
    confirm: t('changeEmailConfirm'),
    act: () => changeEmail(context.session, email.input.value),
  });
  return done ? email.input.value.trim() : null;
}

function passwordRow(context) {
  const button = actionButton('', () => changePasswordDialog(context));
  const hint = h('p', { class: 'setting-value' });
  const element = setting({ title: t('password'), value: hint, actions: button });
  const update = () => {
    const mayHaveOne = context.session.ways.has(WAYS.password);
    fill(hint, t(mayHaveOne ? 'passwordHere' : 'passwordNone'));
    fill(button, t(mayHaveOne ? 'changePassword' : 'setPassword'));
  };
  return { element, update };
}

async function changePasswordDialog(context) {
  const password = newPasswordField({ id: 'password', label: t('newPassword') });
  const done = await provenDialog(context, {
    title: t('changePassword'),
    fields: [password],
    confirm: t('save'),
    act: () => changePassword(context.session, password.input.value),
  });
  if (done) toast(t('passwordSaved'));
}

/** A dialog that asks for proof together with what is to change: whoever finds the page open cannot take the account. */
async function provenDialog({ session, development }, { fields, lead, act, ...dialog }) {
  const proof = identityProof(session, development);
  const done = await formDialog({
    ...dialog,
    lead: [lead, proof.nodes],
    fields: [...proof.fields, ...fields],
    act: async () => {
      if (!(await proof.prove())) return false;
      await act();
      return true;
    },
    problem: proofProblem,
  });
  proof.stop();
  return done;
}

/** A wrong password is told at the field for it; the new address and password have fields of their own. */
export function proofProblem(error) {
  if (error.code === 'drop/link-not-opened') return { sentence: t('proveLinkFirst') };
  const isWrong = ['auth/invalid-credential', 'auth/wrong-password', 'auth/missing-password'].includes(error.code);
  return isWrong ? { sentence: t('errCurrentPassword'), field: 'current-password' } : problemOf(error);
}

function googleRow({ session, development }) {
  const value = h('p', { class: 'setting-value' });
  const button = actionButton('', async () => {
    try {
      if (session.ways.has(WAYS.google)) await unlinkGoogle(session);
      else if (!(await linkGoogle(session, development))) return;
      session.noteChange();
      toast(t(session.ways.has(WAYS.google) ? 'googleLinked' : 'googleUnlinked'));
    } catch (error) {
      toast(problemOf(error).sentence, { kind: 'error' });
    }
  });
  const element = setting({ title: 'Google', value, actions: button });
  const update = () => {
    const linked = session.user.providerData.find(({ providerId }) => providerId === WAYS.google);
    fill(value, linked ? t('googleAs', { email: linked.email }) : t('googleNone'));
    fill(button, t(linked ? 'googleDisconnect' : 'googleConnect'));
  };
  return { element, update };
}

function sessionsRow({ onSignOut }) {
  const button = actionButton(t('signOutEverywhere'), async () => {
    const done = await formDialog({
      title: t('signOutEverywhereTitle'),
      lead: t('signOutEverywhereBody'),
      confirm: t('signOutEverywhere'),
      danger: true,
      act: () => signOutEverywhere(),
      problem: callProblem,
    });
    if (done) onSignOut();
  });
  return { element: setting({ title: t('sessions'), hint: t('sessionsHint'), actions: button }) };
}
