/** The list of keys. */
import { t } from '../i18n.js';
import { openPanel } from '../ui/dialog.js';
import { h } from '../ui/dom.js';

const KEYS = [
  [['/'], 'keySearch'],
  [['↑', '↓', '←', '→'], 'keyMove'],
  [['Space'], 'keySelect'],
  [['Enter'], 'keyOpen'],
  [['Ctrl', 'A'], 'keyAll'],
  [['Esc'], 'keyClear'],
  [['F2'], 'keyRename'],
  [['Delete'], 'keyDelete'],
  [['?'], 'keyHelp'],
];

export function shortcutHelp() {
  const rows = KEYS.map(([keys, meaning]) => [
    h('dt', {}, keys.map((key) => h('kbd', {}, key))),
    h('dd', {}, t(meaning)),
  ]);
  return openPanel({ title: t('shortcutsTitle'), body: h('dl', { class: 'keys' }, rows) });
}
