/** The account corner of the header: a menu with the profile and the way out. */
import { t } from '../i18n.js';
import { NAME_LIMIT } from '../profile.js';
import { toast } from '../ui/announce.js';
import { openDialog } from '../ui/dialog.js';
import { fill, h, setAttributes } from '../ui/dom.js';
import { icon } from '../ui/icons.js';

/** `{ element, update(profile) }`; before there is a profile the e-mail address stands in for the name. */
export function accountMenu({ email, onSaveName, onSignOut }) {
  let name = email;
  const avatar = h('span', { class: 'avatar', 'aria-hidden': 'true' });
  const label = h('span', { class: 'account-name' });
  const toggle = h('button', { type: 'button', class: 'account-toggle', 'aria-expanded': 'false', 'aria-controls': 'account-panel' });
  fill(toggle, avatar, label, h('span', { class: 'visually-hidden' }, t('accountMenu')), icon('chevron'));
  const edit = h('button', { type: 'button', class: 'menu-item', disabled: true }, t('editProfile'));
  const out = h('button', { type: 'button', class: 'menu-item' }, t('signOut'));
  const panel = h('div', { id: 'account-panel', class: 'account-panel', hidden: true }, h('p', { class: 'account-email' }, email), edit, out);
  const element = h('div', { class: 'account' }, toggle, panel);

  const open = (isOpen) => {
    panel.hidden = !isOpen;
    setAttributes(toggle, { 'aria-expanded': String(isOpen) });
  };
  toggle.addEventListener('click', () => open(panel.hidden));
  element.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || panel.hidden) return;
    open(false);
    toggle.focus();
  });
  element.addEventListener('focusout', (event) => {
    if (event.relatedTarget && !element.contains(event.relatedTarget)) open(false);
  });
  edit.addEventListener('click', () => {
    open(false);
    toggle.focus();
    editProfile({ name, email, onSaveName });
  });
  out.addEventListener('click', onSignOut);

  const update = (profile) => {
    name = profile?.name ?? email;
    edit.disabled = !profile;
    fill(avatar, [...name][0]?.toUpperCase() ?? '');
    fill(label, name);
  };
  const closeOutside = (event) => !element.contains(event.target) && open(false);
  document.addEventListener('pointerdown', closeOutside);
  update(null);
  return { element, update, stop: () => document.removeEventListener('pointerdown', closeOutside) };
}

async function editProfile({ name, email, onSaveName }) {
  const input = h('input', { id: 'profile-name', value: name, autocomplete: 'name', 'aria-describedby': 'profile-name-error' });
  const error = h('span', { id: 'profile-name-error', class: 'field-error', role: 'alert' });
  const nameField = h('div', { class: 'field' }, h('label', { for: 'profile-name' }, t('profileName')), h('div', { class: 'field-box' }, input), error);
  const mail = h('p', { class: 'hint' }, `${t('profileEmail')}: ${email}`);
  const isGood = () => {
    const length = input.value.trim().length;
    const good = length >= 1 && length <= NAME_LIMIT;
    fill(error, good ? null : t('profileNameError'));
    setAttributes(input, { 'aria-invalid': good ? null : 'true' });
    return good;
  };
  const choice = await openDialog({ title: t('profileTitle'), body: [nameField, mail], confirm: t('save'), onConfirm: isGood });
  if (choice !== 'confirm' || input.value.trim() === name) return;
  try {
    await onSaveName(input.value.trim());
    toast(t('profileSaved'));
  } catch {
    toast(t('profileSaveFailed'), { kind: 'error' });
  }
}
