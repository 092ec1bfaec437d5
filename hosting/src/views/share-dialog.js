/** Sharing one file: make a link with an end and perhaps a limit, and see what became of the earlier ones. */
import { t } from '../i18n.js';
import { createShare, MOST_DOWNLOADS, MOST_HOURS } from '../shares.js';
import { openPanel } from '../ui/dialog.js';
import { fill, h, setAttributes } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { refusalSentence, shareList } from './share-list.js';

const HOUR_MS = 3_600_000;
const DAY = 24;
const LIFETIMES = [
  { hours: DAY, key: 'shareDay' },
  { hours: 7 * DAY, key: 'shareWeek' },
  { hours: 30 * DAY, key: 'shareMonth' },
  { hours: null, key: 'shareOwn' },
];
const USUAL_HOURS = 7 * DAY;

/** Opens the dialog for a file that is ready. */
export function openShareDialog({ library, file }) {
  const list = shareList({ library, file });
  const made = h('section', { class: 'share-made', 'aria-label': t('shareLinks') }, h('h3', {}, t('shareLinks')), list.element);
  const title = t('shareTitle', file);
  const { closed } = openPanel({ title, body: [h('p', {}, t('shareLead')), shareForm(file, list), made], className: 'share-panel' });
  closed.then(list.stop);
}

function shareForm(file, list) {
  const lifetime = lifetimeField();
  const limit = limitField();
  const message = h('div', { class: 'form-message' });
  const submit = h('button', { type: 'submit', class: 'button primary wide' }, icon('link'), t('shareCreate'));
  const form = h('form', { class: 'share-form', novalidate: true, 'aria-label': t('shareCreate') }, lifetime.element, limit.element, message, submit);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const wish = { fileId: file.id, hours: lifetime.read(), maxDownloads: limit.read() };
    if (wish.hours === undefined || wish.maxDownloads === undefined) return form.querySelector('[aria-invalid]').focus();
    setAttributes(submit, { disabled: true, 'aria-busy': 'true' });
    fill(message);
    try {
      const shareId = await createShare(wish);
      list.say(t('shareCreated'));
      list.reveal(shareId);
    } catch (error) {
      fill(message, refusal(error));
    }
    setAttributes(submit, { disabled: false, 'aria-busy': null });
  });
  return form;
}

/** The choice of an end. `read()` answers hours, or undefined when the own date is no good, which it then says. */
function lifetimeField() {
  const options = LIFETIMES.map(({ hours, key }) => h('option', { value: hours ?? 'own', selected: hours === USUAL_HOURS }, t(key)));
  const select = h('select', { id: 'share-lifetime' }, options);
  const soonest = localTime(Date.now() + HOUR_MS);
  const latest = localTime(Date.now() + MOST_HOURS * HOUR_MS);
  const until = checkedInput({ id: 'share-until', type: 'datetime-local', label: t('shareUntil'), min: soonest, max: latest, value: localTime(Date.now() + USUAL_HOURS * HOUR_MS) });
  until.element.hidden = true;
  select.addEventListener('change', () => {
    until.element.hidden = select.value !== 'own';
    if (!until.element.hidden) until.input.focus();
  });
  const read = () => {
    if (select.value !== 'own') return Number(select.value);
    const hours = Math.round((new Date(until.input.value) - Date.now()) / HOUR_MS);
    return until.check(hours >= 1 && hours <= MOST_HOURS, t('shareUntilError')) ? hours : undefined;
  };
  const choice = h('div', { class: 'field' }, h('label', { for: 'share-lifetime' }, t('shareLifetime')), h('div', { class: 'field-box' }, select));
  return { element: h('div', { class: 'share-lifetime' }, choice, until.element), read };
}

/** The limit of downloads. `read()` answers a number, null for none, or undefined when it is no good, which it then says. */
function limitField() {
  const hint = t('shareLimitHint');
  const { element, input, check } = checkedInput({ id: 'share-limit', type: 'number', label: t('shareLimit'), min: 1, max: MOST_DOWNLOADS, placeholder: hint });
  input.inputMode = 'numeric';
  const read = () => {
    if (input.value === '' && !input.validity.badInput) return null;
    const limit = Number(input.value);
    const isGood = input.value !== '' && Number.isInteger(limit) && limit >= 1 && limit <= MOST_DOWNLOADS;
    return check(isGood, t('shareLimitError')) ? limit : undefined;
  };
  return { element, read };
}

/** A labelled input; `check(isGood, sentence)` shows or clears the sentence and answers `isGood`. */
function checkedInput({ id, label, ...attributes }) {
  const error = h('span', { id: `${id}-error`, class: 'field-error', role: 'alert' });
  const input = h('input', { id, 'aria-describedby': `${id}-error`, ...attributes });
  const check = (isGood, sentence) => {
    fill(error, isGood ? null : sentence);
    setAttributes(input, { 'aria-invalid': isGood ? null : 'true' });
    return isGood;
  };
  input.addEventListener('input', () => check(true));
  return { element: h('div', { class: 'field' }, h('label', { for: id }, label), h('div', { class: 'field-box' }, input), error), input, check };
}

/** A moment as the value of a datetime-local input, which knows no time zone. */
function localTime(moment) {
  const offset = new Date(moment).getTimezoneOffset() * 60_000;
  return new Date(moment - offset).toISOString().slice(0, 16);
}

/** Why there is no link, with the way to mend it where there is one. */
function refusal(error) {
  const canVerify = error.reason === 'email-not-verified';
  const leave = (event) => event.target.closest('dialog').close('');
  const mend = canVerify && h('a', { class: 'link', href: '#/settings', on: { click: leave } }, t('shareVerify'));
  return h('p', { class: 'error', role: 'alert' }, icon('alert'), h('span', {}, refusalSentence(error), ' ', mend));
}
