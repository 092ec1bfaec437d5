/** What is said after the account was deleted. */
import { t } from '../i18n.js';
import { fill, h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { languageSelect, logo } from './brand.js';

export function showGoodbye(root, { onStart }) {
  document.title = `${t('goodbyeTitle')} · ${t('appName')}`;
  const heading = h('h1', { tabindex: -1 }, t('goodbyeTitle'));
  const start = h('button', { type: 'button', class: 'button wide', on: { click: onStart } }, t('goodbyeStart'));
  const card = h('div', { class: 'card sign-in' }, h('span', { class: 'big-mark' }, icon('check')), heading, h('p', { class: 'lead' }, t('goodbyeBody')), h('div', { class: 'stack' }, start));
  fill(root, h('header', { class: 'top' }, logo(), languageSelect()), h('main', { class: 'welcome alone' }, card));
  heading.focus();
}
