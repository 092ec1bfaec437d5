/** One row of the settings: what it is, what it is now, and what can be done about it. */
import { h } from '../ui/dom.js';

/** `value` and `actions` are elements that their section fills. */
export function setting({ title, value, hint, actions, lead = null }) {
  const words = h('div', { class: 'setting-words' }, h('h3', {}, title), value, hint && h('p', { class: 'hint' }, hint));
  return h('div', { class: 'setting' }, lead, words, h('div', { class: 'setting-actions' }, actions));
}

export const settingsSection = (title, ...rows) => h('section', { class: 'card settings-section', 'aria-label': title }, h('h2', {}, title), rows);

export const actionButton = (label, onClick, kind = '') => h('button', { type: 'button', class: `button ${kind}`.trim(), on: { click: onClick } }, label);
