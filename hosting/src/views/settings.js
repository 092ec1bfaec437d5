/** The settings: profile, ways to sign in, and what becomes of the data. Guests find first how to stay. */
import { t } from '../i18n.js';
import { fill, h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { accountMenu } from './account.js';
import { logo } from './brand.js';
import { dataSection } from './settings-data.js';
import { guestSection } from './settings-guest.js';
import { profileSection } from './settings-profile.js';
import { signInSection } from './settings-sign-in.js';

const SECTIONS = { guest: [guestSection, profileSection, dataSection], account: [profileSection, signInSection, dataSection] };

/** Mounts the screen into `root`; answers how to take it down. */
export function showSettings(root, context) {
  const { session } = context;
  document.title = `${t('settingsTitle')} · ${t('appName')}`;
  const account = accountMenu(context);
  const host = h('div', { class: 'settings-sections' });
  const home = h('a', { class: 'home-link', href: '#/' }, logo(), h('span', { class: 'visually-hidden' }, `, ${t('backToFiles')}`));
  const back = h('a', { class: 'back-link', href: '#/' }, icon('back'), t('backToFiles'));
  const heading = h('h1', { tabindex: -1 }, t('settingsTitle'));

  fill(
    root,
    h('a', { class: 'skip-link', href: '#content' }, t('skipToContent')),
    h('header', { class: 'top' }, home, h('nav', { class: 'top-tools', 'aria-label': t('navLabel') }, account.element)),
    h('main', { id: 'content', class: 'settings', tabindex: -1 }, back, heading, host),
  );

  let kind = null;
  let sections = [];
  const stopSections = () => sections.forEach(({ stop }) => stop?.());
  const update = () => {
    const next = session.isGuest ? 'guest' : 'account';
    if (next !== kind) {
      stopSections();
      kind = next;
      sections = SECTIONS[kind].map((section) => section(context));
      fill(host, sections.map(({ element }) => element));
    }
    for (const section of sections) section.update?.();
  };
  const stopListening = session.onChange(update);
  update();
  return () => {
    stopListening();
    stopSections();
    account.stop();
  };
}
