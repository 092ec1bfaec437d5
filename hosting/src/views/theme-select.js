/** The choice of light, dark, or as the device. */
import { t } from '../i18n.js';
import { setTheme, theme, THEMES } from '../theme.js';
import { h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';

const NAMES = { device: 'themeDevice', light: 'themeLight', dark: 'themeDark' };

/** `isCompact`: only the drawing of the choice is seen, as in the header. */
export function themeSelect({ isCompact = false } = {}) {
  const options = THEMES.map((choice) => h('option', { value: choice, selected: choice === theme() }, t(NAMES[choice])));
  const select = h('select', { 'aria-label': t('themeLabel'), title: t('themeLabel') }, options);
  const element = h('span', { class: isCompact ? 'select is-compact' : 'select' }, icon(theme()), select, icon('chevron'));
  select.addEventListener('change', () => {
    setTheme(select.value);
    element.firstElementChild.replaceWith(icon(theme()));
  });
  return element;
}
