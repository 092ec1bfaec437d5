/**
 * Who is in on this device: one item of localStorage, which every tab reads and hears of.
 *
 * It names the user, and from when they sign out on it says that they left, until the next one signs in. So other tabs
 * need not wait for the SDK to find out, and the next start ends a session that could not be ended before.
 */
const KEY = 'drop.cacheOwner';
const LEFT = 'left:';
/** Before somebody whose visit found a cache that could not be removed: it may be anybody's. */
const UNCLEAN = 'unclean:';

/** `{ uid, hasLeft, isClean }`; `uid` is null when nobody was here, or when storage is forbidden. */
export function readOwner() {
  const [, state = '', uid = null] = /^(left:|unclean:)?(.+)$/.exec(readMark()) ?? [];
  return { uid, hasLeft: state === LEFT, isClean: state === '' };
}

/** `isClean`: what is kept on the device is of this user alone. */
export const noteOwner = (uid, { isClean }) => writeMark(isClean ? uid : UNCLEAN + uid);

export const noteLeft = (uid) => writeMark(LEFT + uid);

/** `uid` is signed in no more, however that came. Somebody else who is in by now stays so. */
export function noteGone(uid) {
  const owner = readOwner();
  if (owner.uid !== null && owner.uid === uid && !owner.hasLeft) noteLeft(uid);
}

/**
 * Calls `listener` when another tab changed the owner, and when this one comes back to the front: a frozen tab hears
 * nothing meanwhile.
 */
export function watchOwner(listener) {
  window.addEventListener('storage', ({ key }) => key === KEY && listener());
  window.addEventListener('pageshow', listener);
  window.addEventListener('focus', listener);
  document.addEventListener('visibilitychange', () => document.hidden || listener());
}

function readMark() {
  try {
    return localStorage.getItem(KEY) ?? '';
  } catch {
    return '';
  }
}

function writeMark(mark) {
  try {
    localStorage.setItem(KEY, mark);
  } catch {
    // where storage is forbidden the SDK keeps nothing either
  }
}
