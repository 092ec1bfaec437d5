/** Settings: picture, name, language. */
import { t } from '../i18n.js';
import { removePicture } from '../picture.js';
import { NAME_LIMIT } from '../profile.js';
import { toast } from '../ui/announce.js';
import { h, setAttributes } from '../ui/dom.js';
import { field } from '../ui/fields.js';
import { formDialog } from '../ui/form-dialog.js';
import { avatar, displayName } from './avatar.js';
import { languageSelect } from './brand.js';
import { actionButton, setting, settingsSection } from './setting.js';
import { themeSelect } from './theme-select.js';

export function profileSection({ session }) {
  const face = avatar(session, 'avatar large');
  const name = h('p', { class: 'setting-value' });
  const change = actionButton(t('change'), () => changeName(session));
  setAttributes(change, { 'aria-label': t('changeName') });
  const { button: choose, input } = pictureButton(session);
  const remove = actionButton(t('removePicture'), () => orToast(removePicture(session), 'pictureRemoved'));
  const language = languageSelect((locale) => saveLocale(session, locale));

  const element = settingsSection(
    t('profileTitle'),
    setting({ lead: face.element, title: t('picture'), hint: t('pictureHint'), actions: [choose, remove, input] }),
    setting({ title: t('profileName'), value: name, actions: change }),
    setting({ title: t('languageLabel'), hint: t('languageHint'), actions: language }),
    setting({ title: t('themeLabel'), actions: themeSelect() }),
  );
  const update = () => {
    face.update();
    name.textContent = displayName(session);
    const canWrite = session.profile?.state === 'active';
    for (const button of [change, choose, remove]) button.disabled = !canWrite;
    remove.hidden = !session.profile?.picture;
  };
  return { element, update };
}

/** The page follows the device; the profile's language is for mails and functions. */
function saveLocale(session, locale) {
  if (session.profile && session.profile.locale !== locale) session.save({ locale }).catch(() => {});
}

function changeName(session) {
  const problem = (value) => (isName(value.trim()) ? null : t('profileNameError'));
  const name = field({ id: 'profile-name', label: t('profileName'), value: displayName(session), autocomplete: 'name', problem });
  return formDialog({
    title: t('changeName'),
    fields: [name],
    confirm: t('save'),
    act: async () => {
      const next = name.input.value.trim();
      const isSent = next === session.profile.name || (await session.save({ name: next }));
      toast(t(isSent ? 'profileSaved' : 'profileKept'));
    },
    problem: () => ({ sentence: t('profileSaveFailed') }),
  });
}

const isName = (name) => name.length >= 1 && name.length <= NAME_LIMIT;

function pictureButton(session) {
  const input = h('input', { type: 'file', accept: 'image/*', 'aria-label': t('choosePicture'), hidden: true });
  const button = h('button', { type: 'button', class: 'button', on: { click: () => input.click() } }, t('choosePicture'));
  input.addEventListener('change', async () => {
    const [file] = input.files;
    input.value = '';
    if (!file) return;
    const { changePicture } = await import('./picture-dialog.js');
    await changePicture(session, file);
  });
  return { button, input };
}

async function orToast(work, done) {
  try {
    await work;
    toast(t(done));
  } catch {
    toast(t('profileSaveFailed'), { kind: 'error' });
  }
}
