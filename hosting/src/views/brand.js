/** The logo with the product's name, and the choice of language: on every screen. */
import { LANGUAGES, language, setLanguage, t } from '../i18n.js';
import { h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';

export function logo() {
  const mark = h('img', { src: '/favicon.svg', alt: '', width: 32, height: 32 });
  return h('div', { class: 'logo' }, mark, h('span', { translate: 'no' }, t('appName')));
}

/** `onChoice` hears the code when the person picks another language. */
export function languageSelect(onChoice = () => {}) {
  const options = LANGUAGES.map(({ code, name }) => h('option', { value: code, lang: code, selected: code === language() }, name));
  const select = h('select', { id: 'language', 'aria-label': t('languageLabel') }, options);
  select.addEventListener('change', async () => {
    onChoice(select.value);
    await setLanguage(select.value, { remember: true });
    document.getElementById('language')?.focus();
  });
  return h('span', { class: 'select' }, icon('globe'), select, icon('chevron'));
}
