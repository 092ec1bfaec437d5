/** The account corner of the header: who is signed in, the settings, and the way out. */
import { needSentences, t } from '../i18n.js';
import { confirmDialog } from '../ui/dialog.js';
import { fill, h, setAttributes } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { avatar, displayName } from './avatar.js';

/** `{ element, stop }`; it follows the session by itself. */
export function accountMenu({ session, library, onSignOut }) {
  const face = avatar(session);
  const label = h('span', { class: 'account-name' });
  const toggle = h('button', { type: 'button', class: 'account-toggle', 'aria-expanded': 'false', 'aria-controls': 'account-panel' });
  fill(toggle, face.element, label, h('span', { class: 'visually-hidden' }, t('accountMenu')), icon('chevron'));
  const who = h('p', { class: 'account-email' });
  const settings = h('a', { class: 'menu-item', href: '#/settings' });
  const shares = h('button', { type: 'button', class: 'menu-item' }, t('sharesTitle'));
  const out = h('button', { type: 'button', class: 'menu-item' }, t('signOut'));
  const panel = h('div', { id: 'account-panel', class: 'account-panel', hidden: true }, who, shares, settings, out);
  const element = h('div', { class: 'account' }, toggle, panel);

  const open = (isOpen) => {
    panel.hidden = !isOpen;
    setAttributes(toggle, { 'aria-expanded': String(isOpen) });
  };
  toggle.addEventListener('click', () => open(panel.hidden));
  settings.addEventListener('click', () => open(false));
  element.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || panel.hidden) return;
    open(false);
    toggle.focus();
  });
  element.addEventListener('focusout', (event) => {
    if (event.relatedTarget && !element.contains(event.relatedTarget)) open(false);
  });
  shares.addEventListener('click', async () => {
    open(false);
    toggle.focus();
    const [{ openSharesDialog }] = await Promise.all([import('./share-list.js'), needSentences('sharing')]);
    openSharesDialog({ library });
  });
  out.addEventListener('click', async () => {
    open(false);
    toggle.focus();
    if (!session.isGuest || (await confirmGuestLeaves())) onSignOut();
  });

  const update = () => {
    face.update();
    fill(label, displayName(session));
    fill(who, session.isGuest ? t('guestHere') : session.email);
    shares.hidden = session.isGuest;
    fill(settings, t(session.isGuest ? 'keepFiles' : 'settingsTitle'));
  };
  const closeOutside = (event) => !element.contains(event.target) && open(false);
  document.addEventListener('pointerdown', closeOutside);
  const stopListening = session.onChange(update);
  update();
  const stop = () => {
    stopListening();
    document.removeEventListener('pointerdown', closeOutside);
  };
  return { element, stop };
}

/** Nobody can sign in as a guest again, so the files are out of reach afterwards. */
const confirmGuestLeaves = () => confirmDialog({ title: t('guestLeaveTitle'), body: t('guestLeaveBody'), confirm: t('guestLeaveConfirm') });
