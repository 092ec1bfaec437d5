/** What can be done with the selected files. It takes the place of the toolbar while there are any. */
import { t } from '../i18n.js';
import { fill, h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';

/** `actions(files)` answers the buttons for a selection: `{ label, glyph, run, isDanger }`. */
export function selectionBar({ onClear, onAll }) {
  const count = h('p', { class: 'selection-count', role: 'status' });
  const clear = h('button', { type: 'button', class: 'icon-button', 'aria-label': t('clearSelection'), title: t('clearSelection'), on: { click: onClear } }, icon('close'));
  const all = h('button', { type: 'button', class: 'link', on: { click: onAll } }, t('selectAll'));
  const buttons = h('div', { class: 'selection-actions' });
  const element = h('section', { class: 'selection-bar', 'aria-label': t('selectionLabel'), hidden: true }, clear, count, all, buttons);

  let shown = null;
  const update = ({ size, isAll, actions }) => {
    element.hidden = size === 0;
    all.hidden = isAll;
    fill(count, size > 0 ? t('selectedCount', { count: size }) : null);
    const signature = actions.map(({ label }) => label).join();
    if (signature === shown) return;
    shown = signature;
    fill(buttons, actions.map(barButton));
  };
  return { element, update };
}

function barButton({ label, glyph, run, isDanger }) {
  const button = h('button', { type: 'button', class: isDanger ? 'bar-button bar-danger' : 'bar-button', title: label, on: { click: run } }, icon(glyph));
  button.append(h('span', {}, label));
  return button;
}
