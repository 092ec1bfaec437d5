/** A list of files on the screen, with selection and paging: the library's own and the trash are both made of it. */
import { t } from '../i18n.js';
import { Selection } from '../selection.js';
import { fill, h, setAttributes } from '../ui/dom.js';
import { blockList } from './blocks.js';
import { fileRow, refreshTimes } from './file-row.js';

const TIMES_EVERY_MS = 60_000;
const SKELETON_ROWS = 3;
const READ_AHEAD = '900px 0px';
/** So many pages in a row may bring nothing to show, as when words are searched; then the person is asked. */
const FRUITLESS_PAGES = 3;

/**
 * `list` answers `{ files, hasMore, isLoadingMore, error, view, readMore() }`, live; `content` is what rows show
 * (file-row.js), `empty()` what stands in place of no rows, `onOpen(file)` what a click on a name does.
 */
export function fileTable({ label, list, content, bytes, empty, heading, onOpen, onSelection }) {
  let files = [];
  let position = new Map();
  const selection = new Selection(() => update());
  const ids = () => files.map(({ id }) => id);
  const find = (id) => files[position.get(id)];

  const select = (id, event) => {
    if (event.shiftKey) {
      getSelection()?.removeAllRanges(); // a click with Shift also marks text
      selection.extendTo(id, ids());
    } else selection.toggle(id);
  };
  const actions = {
    select,
    open: (id, event) => (event.shiftKey || event.ctrlKey || event.metaKey ? select(id, event) : onOpen(find(id))),
    thumbnailUrl: (path) => bytes.url(path),
  };
  const makeRow = () => {
    const row = fileRow(content, actions);
    const show = (file, index) =>
      row.update(file, { words: list().view.words, isSelected: selection.has(file.id), position: index + 1, total: list().hasMore ? -1 : files.length });
    return { ...row, update: show };
  };
  const blocks = blockList(label, makeRow);
  const more = h('button', { type: 'button', class: 'button', on: { click: () => list().readMore() } });
  const moreLine = h('div', { class: 'more-files' }, more);
  const below = h('div', { class: 'below-list' });
  const element = h('div', { class: 'file-table' }, blocks.element, below);

  let seenView = null;
  let shownBelow = null;
  let fruitless = 0;
  let isEndNear = false;
  const readOn = () => {
    if (!isEndNear || !list().hasMore || list().isLoadingMore || list().error || fruitless >= FRUITLESS_PAGES) return;
    fruitless += 1;
    list().readMore();
  };
  const observer = new IntersectionObserver((entries) => {
    isEndNear = entries.at(-1).isIntersecting; // a busy page is told several at once, the newest last
    readOn();
  }, { rootMargin: READ_AHEAD });
  observer.observe(below);

  function update() {
    const shown = list().files ?? [];
    if (shown.length !== files.length || list().view !== seenView) fruitless = 0;
    seenView = list().view;
    const focused = blocks.element.contains(document.activeElement) ? whereIs(document.activeElement) : null;
    files = shown;
    position = new Map(files.map(({ id }, index) => [id, index]));
    selection.keepOnly(ids());
    blocks.update(files);
    element.classList.toggle('has-selection', selection.size > 0);
    if (focused && !focused.element.isConnected) focusInstead(focused);
    showBelow();
    onSelection?.(selection);
    requestAnimationFrame(() => element.isConnected && recheckEnd());
  }
  function whereIs(control) {
    const { id } = control.closest('.file').dataset;
    return { element: control, id, index: position.get(id), act: control.dataset.act };
  }

  /** The focus was in a row that is gone or was drawn anew: the same control, else the row that is there now. */
  function focusInstead({ id, index, act }) {
    const same = position.has(id) && act && blocks.rowOf(id)?.element.querySelector(`[data-act=${act}]`);
    if (same) same.focus();
    else if (files.length > 0) focusRow(position.has(id) ? id : files[Math.min(index, files.length - 1)].id, 'box');
    else heading.focus();
  }

  /** The observer tells changes only, and a page that ends near the window changes nothing for it. */
  const recheckEnd = () => {
    observer.unobserve(below);
    observer.observe(below);
  };

  function showBelow() {
    const { files: known, hasMore, isLoadingMore, error } = list();
    const isLoading = known === null && !error;
    const isEmpty = known?.length === 0 && !hasMore && !error;
    setAttributes(more, { disabled: isLoadingMore });
    fill(more, t(isLoadingMore ? 'loadingMore' : 'showMore'));
    const state = JSON.stringify([isLoading, isEmpty, hasMore, list().view]);
    if (state === shownBelow) return;
    shownBelow = state;
    fill(below, isLoading && skeletons(), isEmpty && empty(), hasMore && known !== null && moreLine);
  }
  const timer = setInterval(() => refreshTimes(element), TIMES_EVERY_MS);
  const onResize = () => blocks.relayout();
  addEventListener('resize', onResize);

  return {
    element,
    selection,
    update,
    relayout: () => blocks.relayout(),
    find,
    ids,
    /** The selected files, in the order of the list. */
    selected: () => files.filter(({ id }) => selection.has(id)),
    /** The file whose row has the focus. */
    focused: () => find(document.activeElement?.closest('.file')?.dataset.id) ?? null,
    focusOn: (id, part = 'name') => focusRow(id, part),
    move: (key) => moveFocus(key),
    stop: () => {
      clearInterval(timer);
      removeEventListener('resize', onResize);
      observer.disconnect();
      blocks.stop();
    },
  };

  function focusRow(id, part) {
    const row = position.has(id) && blocks.reveal(position.get(id));
    if (!row) return heading.focus();
    row.element.querySelector(part === 'box' ? 'input' : '.file-name').focus();
    row.element.scrollIntoView({ block: 'nearest' });
  }

  /** Arrow keys, Home and End; answers whether there was a row to go to. */
  function moveFocus(key) {
    if (files.length === 0) return false;
    const at = position.get(document.activeElement?.closest('.file')?.dataset.id);
    const first = key === 'End' ? files.length - 1 : 0;
    const next = at === undefined ? first : neighbour(key, at);
    if (next === null) return false;
    focusRow(files[Math.max(0, Math.min(next, files.length - 1))].id, 'box');
    return true;
  }

  function neighbour(key, at) {
    const columns = columnCount(blocks.element);
    const isSideways = key === 'ArrowLeft' || key === 'ArrowRight';
    if (isSideways && columns === 1) return null;
    const steps = { ArrowDown: columns, ArrowUp: -columns, ArrowRight: 1, ArrowLeft: -1, Home: -at, End: files.length - 1 - at };
    return at + steps[key];
  }
}

/** How many files stand beside each other. */
function columnCount(element) {
  const rows = [...(element.querySelector('.file-block')?.children ?? [])];
  const below = rows.findIndex((row) => row.offsetTop > rows[0].offsetTop);
  return below === -1 ? Math.max(rows.length, 1) : below;
}

function skeletons() {
  const row = () => h('div', { class: 'skeleton-row' }, h('span', { class: 'skeleton block' }), h('span', { class: 'skeleton line' }));
  return h('div', { class: 'skeletons', role: 'img', 'aria-label': t('loading') }, Array.from({ length: SKELETON_ROWS }, row));
}
