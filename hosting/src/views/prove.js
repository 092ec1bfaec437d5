/** The part of a dialog in which somebody proves to be who signed in, the way they sign in. */
import { hasRecentSignIn, proofOf, proveGoogle, provePassword, sendProof } from '../account-changes.js';
import { t } from '../i18n.js';
import { fill, h } from '../ui/dom.js';
import { currentPasswordField } from './credentials.js';
import { mailSent } from './mail-sent.js';

/**
 * `{ fields, nodes, prove, stop }`: `prove()` answers true once it is proven, false when the person changed their mind,
 * and throws an error of Authentication otherwise.
 */
export function identityProof(session, development) {
  return PROOFS[proofOf(session)](session, development);
}

const PROOFS = {
  /** Who signs in with links alone looks the same as who has a password, so each can choose to get a link. */
  password(session, development) {
    const field = currentPasswordField({ id: 'current-password', label: t('currentPassword') });
    let link = null;
    const switchToLink = () => {
      link = linkProof(session, development);
      fill(row, link.nodes);
    };
    const other = h('button', { type: 'button', class: 'link', on: { click: switchToLink } }, t('proveByLink'));
    const row = h('div', { class: 'proof' }, field.row, other);
    const prove = async () => {
      if (link) return link.prove();
      await provePassword(session, field.input.value);
      return true;
    };
    const check = () => link !== null || field.check();
    return { fields: [{ ...field, row, check }], nodes: [], prove, stop: () => link?.stop() };
  },
  google(session, development) {
    return { fields: [], nodes: [h('p', {}, t('proveGoogle'))], prove: () => proveGoogle(session, development), stop() {} };
  },
};

/** The link is sent at once; it is opened in another tab, and this one goes on. */
function linkProof(session, development) {
  const { email } = session;
  const send = () => sendProof(session);
  send().catch(() => {}); // the button below sends it again
  const note = mailSent({ sentence: t('proveLink', { email }), type: 'EMAIL_SIGNIN', email, send, development });
  const prove = async () => {
    if (await hasRecentSignIn(session)) return true;
    throw Object.assign(new Error('the link was not opened yet'), { code: 'drop/link-not-opened' });
  };
  return { nodes: [note.element], prove, stop: note.stop };
}
