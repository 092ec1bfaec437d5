/** The links somebody made, live: what is left of each, its address to copy, and a way to end it. */
import { formatExactTime, formatTime } from '../format.js';
import { t } from '../i18n.js';
import { revokeShare, shareAddress, shareState, watchShares } from '../shares.js';
import { confirmDialog, openPanel } from '../ui/dialog.js';
import { fill, h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';

const AGAIN_MS = 30_000;
const ENDED = { revoked: 'shareRevoked', expired: 'shareExpired', 'used-up': 'shareUsedUp' };

/** Opens the list of all links of this user. */
export function openSharesDialog({ library }) {
  const list = shareList({ library, file: null });
  const { closed } = openPanel({ title: t('sharesTitle'), body: [h('p', {}, t('sharesLead')), list.element], className: 'share-panel' });
  closed.then(list.stop);
}

/**
 * The links to `file`, or all links for null: `{ element, say, reveal, stop }`.
 *
 * `say` tells the outcome of something, inside the dialog, because the rest of the page is silent while one is open;
 * `reveal` moves to a link as soon as it is listed.
 */
export function shareList({ library, file }) {
  const said = h('p', { class: 'share-said', role: 'status' });
  const list = h('div', {}, h('p', { class: 'hint' }, t('loading')));
  const say = (sentence) => fill(said, sentence);
  let shares = [];
  let wanted = null;
  const draw = () => {
    const none = shares.length === 0 && h('p', { class: 'hint' }, t(file ? 'shareNone' : 'sharesNone'));
    keepFocus(list, () => fill(list, none || rows(shares, file, say)));
    const control = wanted && copyButton(list, wanted);
    if (!control) return;
    wanted = null;
    control.focus();
  };
  const reveal = (shareId) => {
    wanted = shareId;
    draw();
  };
  const show = (found) => {
    shares = inOrder(found);
    draw();
  };
  const fail = () => fill(list, h('p', { class: 'error', role: 'alert' }, t('sharesFailed')));
  const unwatch = watchShares(library.db, library.uid, file?.id ?? null, show, fail);
  const timer = setInterval(draw, AGAIN_MS); // a link expires without any news from the database
  const stop = () => {
    unwatch();
    clearInterval(timer);
  };
  return { element: h('div', { class: 'shares' }, said, list), say, reveal, stop };
}

/** Those that still work come first. */
function inOrder(shares) {
  const works = (share) => shareState(share) === 'active';
  return [...shares.filter(works), ...shares.filter((share) => !works(share))];
}

function rows(shares, file, say) {
  return h('ul', { class: 'share-rows', 'aria-label': t(file ? 'shareLinks' : 'sharesTitle') }, shares.map((share) => row(share, !file, say)));
}

function row(share, isNamed, say) {
  const state = shareState(share);
  const facts = [state === 'active' ? endsAt(share) : h('span', { class: 'share-over' }, t(ENDED[state])), h('span', {}, downloadsOf(share))];
  const name = isNamed && h('p', { class: 'share-name', dir: 'auto' }, share.name);
  const address = state === 'active' && addressField(share);
  return h(
    'li',
    { class: 'share-row', 'data-state': state, 'data-share': share.id },
    h('div', { class: 'share-about' }, name, h('p', { class: 'share-meta' }, facts)),
    address,
    state === 'active' && h('div', { class: 'share-buttons' }, buttons(share, say)),
  );
}

function endsAt({ expiresAt }) {
  return h('time', { datetime: expiresAt.toISOString(), title: formatExactTime(expiresAt) }, t('shareEndsAt', { when: formatTime(expiresAt) }));
}

function downloadsOf({ downloads, maxDownloads }) {
  return maxDownloads === null ? t('shareDownloads', { count: downloads }) : t('shareDownloadsOf', { count: downloads, limit: maxDownloads });
}

function addressField({ id }) {
  const input = h('input', { class: 'share-address', readonly: true, value: shareAddress(id), 'aria-label': t('shareAddress'), dir: 'ltr' });
  input.addEventListener('focus', () => input.select());
  return input;
}

function buttons(share, say) {
  const address = shareAddress(share.id);
  const button = (key, glyph, label, act, extra = '') =>
    h('button', { type: 'button', class: `button small ${extra}`, 'data-key': key, 'aria-label': label, on: { click: act } }, icon(glyph), t(key));
  const send = navigator.share && button('shareSend', 'share', t('shareSendOf', share), () => sendAddress(share.name, address));
  return [
    button('shareCopy', 'copy', t('shareCopyOf', share), () => copyAddress(address, say), 'primary'),
    send,
    button('shareRevoke', 'close', t('shareRevokeOf', share), () => revoke(share, say), 'quiet-danger'),
  ];
}

async function copyAddress(address, say) {
  try {
    await navigator.clipboard.writeText(address);
    say(t('shareCopied'));
  } catch {
    say(t('shareCopyFailed'));
  }
}

/** The sheet of the device. That somebody closes it is no failure. */
const sendAddress = (title, url) => navigator.share({ title, url }).catch(() => {});

async function revoke(share, say) {
  const sure = await confirmDialog({ title: t('shareRevokeTitle'), body: t('shareRevokeBody', share), confirm: t('shareRevoke') });
  if (!sure) return;
  try {
    await revokeShare(share.id);
    say(t('shareRevokedNow'));
  } catch (error) {
    say(refusalSentence(error));
  }
}

/** What a callable said, in the person's language; what did not get that far is said here. */
export const refusalSentence = ({ reason, message }) => (['network', 'timeout'].includes(reason) ? t('shareNoAnswer') : message);

const copyButton = (list, shareId) => list.querySelector(`[data-share="${shareId}"] [data-key="shareCopy"]`);

/** Draws again and puts the focus back on the control of the same link, or on the list when that is gone. */
function keepFocus(element, draw) {
  const focused = element.contains(document.activeElement) ? document.activeElement : null;
  const share = focused?.closest('[data-share]')?.dataset.share;
  const key = focused?.dataset.key;
  draw();
  if (!focused) return;
  const row = element.querySelector(`[data-share="${share}"]`);
  const again = key ? row?.querySelector(`[data-key="${key}"]`) : row?.querySelector('.share-address');
  (again ?? element.querySelector('button') ?? element.closest('dialog')?.querySelector('button'))?.focus();
}
