/** Above the list: search, kind, order, and table or grid. */
import { KINDS, SORTS } from '../file-view.js';
import { t } from '../i18n.js';
import { searchWords } from '../search.js';
import { fill, h, setAttributes } from '../ui/dom.js';
import { icon } from '../ui/icons.js';

const DEBOUNCE_MS = 200;
const LAYOUTS = { table: ['rows', 'layoutTable'], grid: ['grid', 'layoutGrid'] };
const SORT_LABELS = {
  newest: 'sortNewest',
  oldest: 'sortOldest',
  nameUp: 'sortNameUp',
  nameDown: 'sortNameDown',
  largest: 'sortLargest',
  smallest: 'sortSmallest',
};
const KIND_LABELS = {
  image: 'kindImage',
  video: 'kindVideo',
  audio: 'kindAudio',
  pdf: 'kindPdf',
  text: 'kindText',
  archive: 'kindArchive',
  other: 'kindOther',
};

/** `onView({ sort, kind, words })` hears every change, `onLayout` the name of the layout. */
export function toolbar({ view, layout, onView, onLayout }) {
  let chosen = { sort: view.sort, kind: view.kind, words: view.words };
  const choose = (changes) => {
    chosen = { ...chosen, ...changes };
    onView(chosen);
  };

  const search = h('input', { type: 'search', id: 'file-search', 'aria-label': t('searchLabel'), placeholder: t('searchPlaceholder'), autocomplete: 'off', spellcheck: 'false', enterkeyhint: 'search', value: view.words.join(' ') });
  const searchNow = debounced(() => {
    const words = searchWords(search.value);
    if (words.join(' ') !== chosen.words.join(' ')) choose({ words });
  });
  search.addEventListener('input', searchNow);
  search.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || search.value === '' || event.isComposing) return;
    event.preventDefault();
    search.value = '';
    searchNow();
  });

  const kinds = choice('file-kind', t('kindLabel'), { '': 'kindAll', ...pick(KIND_LABELS, KINDS) }, view.kind ?? '', (kind) => choose({ kind: kind || null }));
  const sorts = choice('file-sort', t('sortLabel'), pick(SORT_LABELS, Object.keys(SORTS)), view.sort, (sort) => choose({ sort }));
  const layouts = layoutSwitch(layout, onLayout);
  const element = h(
    'div',
    { class: 'toolbar', role: 'search' },
    h('div', { class: 'search-box' }, icon('search'), search),
    h('div', { class: 'toolbar-choices' }, kinds, sorts, layouts),
  );
  const clear = () => {
    search.value = '';
    kinds.querySelector('select').value = '';
    choose({ words: [], kind: null });
  };
  return { element, clear, focus: () => search.select(), stop: searchNow.cancel };
}

const pick = (labels, keys) => Object.fromEntries(keys.map((key) => [key, labels[key]]));

function choice(id, label, options, value, onChoice) {
  const entries = Object.entries(options).map(([key, name]) => h('option', { value: key, selected: key === value }, t(name)));
  const select = h('select', { id, 'aria-label': label }, entries);
  select.addEventListener('change', () => onChoice(select.value));
  return h('span', { class: 'select plain' }, select, icon('chevron'));
}

function layoutSwitch(layout, onLayout) {
  const buttons = Object.entries(LAYOUTS).map(([name, [glyph, label]]) => {
    const button = h('button', { type: 'button', class: 'icon-button', 'aria-label': t(label), title: t(label), 'aria-pressed': String(name === layout) }, icon(glyph));
    button.addEventListener('click', () => {
      for (const other of buttons) setAttributes(other, { 'aria-pressed': String(other === button) });
      onLayout(name);
    });
    return button;
  });
  return fill(h('div', { class: 'layouts', role: 'group', 'aria-label': t('layoutLabel') }), buttons);
}

/** Waits until nothing more was typed for a moment. */
function debounced(work) {
  let timer = null;
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(work, DEBOUNCE_MS);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}
