/** The strip above every screen: suspended, a guest, or an address that is not confirmed yet. */
import { sendVerification } from '../auth.js';
import { needSentences, t } from '../i18n.js';
import { announce, toast } from '../ui/announce.js';
import { fill, h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { noteSent, resendButton } from './resend.js';

// The first mail goes out when the account is made.
const JUST_MADE_MS = 60_000;

const NOTES = { suspended: suspendedNote, refused: refusedNote, guest: guestNote, unconfirmed: unconfirmedNote };

/** `{ element, stop }`; empty while there is nothing to say. */
export function accountNotes({ session, development }) {
  const element = h('aside', { class: 'account-notes', 'aria-label': t('notesLabel') });
  let shown = null;
  let stopNote = () => {};
  const update = () => {
    const kind = noteKind(session);
    const next = `${kind} ${session.email} ${session.profile?.suspendedReason} ${session.refusal}`;
    if (next === shown) return;
    if (shown?.startsWith('unconfirmed') && kind === null) announce(t('emailConfirmed'));
    shown = next;
    stopNote();
    const { nodes, stop = () => {} } = kind ? NOTES[kind](session, development) : { nodes: [] };
    stopNote = stop;
    element.hidden = kind === null;
    element.className = `account-notes account-notes-${kind}`;
    fill(element, nodes);
  };
  const stopListening = session.onChange(update);
  update();
  const stop = () => {
    stopListening();
    stopNote();
  };
  return { element, stop };
}

function noteKind({ profile, refusal, isGuest, needsVerification }) {
  if (profile?.state === 'suspended') return 'suspended';
  if (refusal) return 'refused';
  if (isGuest) return 'guest';
  return needsVerification ? 'unconfirmed' : null;
}

function suspendedNote({ profile: { suspendedReason: reason } }) {
  const why = reason && t('suspendedBecause', { reason });
  return { nodes: [icon('alert'), h('p', { role: 'status' }, t('profileSuspended'), ' ', why)] };
}

function refusedNote({ refusal }) {
  return { nodes: [icon('alert'), h('p', { role: 'status' }, refusal, ' ', h('a', { class: 'link', href: '#/settings' }, t('changeEmail')))] };
}

function guestNote() {
  return { nodes: [icon('devices'), h('p', {}, t('guestNote'), ' ', h('a', { class: 'link', href: '#/settings' }, t('keepFiles')))] };
}

function unconfirmedNote(session, development) {
  const { email } = session;
  const kind = `VERIFY_EMAIL ${email}`;
  const createdAt = Date.parse(session.user.metadata.creationTime);
  if (Date.now() - createdAt < JUST_MADE_MS) noteSent(kind, createdAt);
  const again = resendButton({
    kind,
    label: t('sendAgain'),
    send: () => sendVerification(session.user),
    onSent: () => toast(t('mailSentAgain')),
    onProblem: async (error) => toast(await problemSentence(error), { kind: 'error' }),
  });
  const nodes = [icon('mail'), h('p', {}, t('unconfirmedNote', { email }), ' ', again.element, ' ', development?.mailLink({ email, type: 'VERIFY_EMAIL' }))];
  return { nodes, stop: again.stop };
}

async function problemSentence(error) {
  const [{ problemOf }] = await Promise.all([import('./credentials.js'), needSentences('entry')]);
  return problemOf(error).sentence;
}
