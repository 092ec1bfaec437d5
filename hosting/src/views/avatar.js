/** The picture of a user, or the first letter of the name while there is none. */
import { t } from '../i18n.js';
import { pictureUrl } from '../picture.js';
import { fill, h } from '../ui/dom.js';

// What functions call a guest, in no language in particular.
const GUEST_NAME = 'Guest';

/** `{ element, update() }`; decoration, since the name always stands beside it. */
export function avatar(session, className = 'avatar') {
  const element = h('span', { class: className, 'aria-hidden': 'true' });
  let shown;
  const update = () => {
    const path = session.profile?.picture ?? null;
    const letter = [...displayName(session)][0]?.toUpperCase() ?? '';
    const next = path ?? letter;
    if (next === shown) return;
    shown = next;
    if (!path) return fill(element, letter);
    const image = h('img', { alt: '', width: 256, height: 256 });
    pictureUrl(session.services, path).then(
      (url) => shown === next && (image.src = url),
      () => shown === next && fill(element, letter),
    );
    fill(element, image);
  };
  update();
  return { element, update };
}

/** What to call the person: before there is a profile the e-mail address stands in for the name. */
export function displayName(session) {
  const name = session.profile?.name ?? session.email ?? '';
  return session.isGuest && (name === '' || name === GUEST_NAME) ? t('guestName') : name;
}
