/** The library's list with everything around it: toolbar, selection, keys, previews. */
import { isNarrowed } from '../file-view.js';
import { t } from '../i18n.js';
import { announce } from '../ui/announce.js';
import { fill, h, setAttributes } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { openMenu } from '../ui/menu.js';
import { saveViewSettings, viewSettings } from '../view-settings.js';
import { fileActions, isReady } from './file-actions.js';
import { rowButton } from './file-row.js';
import { canRetry, standingOf, standingSentence } from './file-state.js';
import { fileTable } from './file-table.js';
import { selectionBar } from './selection-bar.js';
import { listenToKeys } from './shortcuts.js';
import { toolbar } from './toolbar.js';

const ARROWS = ['ArrowDown', 'ArrowUp', 'ArrowRight', 'ArrowLeft', 'Home', 'End'];

/** `{ title, takesFiles, element, update, stop }`. */
export function filesScreen(library) {
  const settings = viewSettings();
  const actions = fileActions(library);
  const list = shownList(library);
  const heading = h('h1', { tabindex: -1 }, t('libraryTitle'));
  const count = h('p', { class: 'file-count' });
  const trashLink = h('a', { class: 'quiet-link', href: '#/trash' }, icon('trash'), t('trashTitle'));
  const help = h('button', { type: 'button', class: 'icon-button help-button', 'aria-label': t('shortcutsTitle'), title: t('shortcutsTitle'), on: { click: showHelp } }, icon('keyboard'));

  const open = async (file) => {
    if (!isReady(file)) return;
    const { openPreview } = await import('./preview.js');
    openPreview({ library, list, file, actions, onClosed: (id) => table.focusOn(id) });
  };
  const table = fileTable({
    label: t('libraryTitle'),
    list: () => list,
    content: rowContent(library, actions, (file, button) => moreMenu(file, button)),
    bytes: library.bytes,
    heading,
    empty: () => (isNarrowed(list.view) ? nothingFound(() => tools.clear()) : emptyState()),
    onOpen: open,
    onSelection: () => showSelection(),
  });
  const tools = toolbar({
    view: list.view,
    layout: settings.layout,
    onView: (view) => {
      saveViewSettings({ sort: view.sort });
      library.list.show({ ...list.view, ...view });
    },
    onLayout: (layout) => {
      saveViewSettings({ layout });
      setAttributes(table.element, { 'data-layout': layout });
      table.relayout();
    },
  });
  const bar = selectionBar({ onClear: () => clearSelection(), onAll: () => selectEverything() });
  const element = h('section', { class: 'list' }, h('div', { class: 'list-head' }, heading, count, help, trashLink), h('div', { class: 'list-tools' }, tools.element, bar.element), table.element);
  setAttributes(table.element, { 'data-layout': settings.layout });

  function moreMenu(file, opener) {
    const item = (label, glyph, run, isDanger = false) => ({ label: t(label), glyph, run, isDanger });
    openMenu(opener, t('moreOf', { name: file.name }), [
      item('open', 'eye', () => open(file)),
      item('rename', 'pencil', () => actions.rename(file)),
      item('share', 'share', () => actions.share(file)),
      item('download', 'download', () => actions.download([file])),
      item('moveToTrash', 'trash', () => actions.remove([file]), true),
    ]);
  }

  function showSelection() {
    const files = table.selected();
    const button = (label, glyph, run, isDanger = false) => ({ label: t(label), glyph, run, isDanger });
    const one = files.length === 1 && isReady(files[0]);
    const someReady = files.some(isReady);
    const selected = () => table.selected();
    bar.update({
      size: table.selection.size,
      isAll: table.selection.size === table.ids().length && !list.hasMore,
      actions: [
        one && button('share', 'share', () => actions.share(selected()[0])),
        one && button('rename', 'pencil', () => actions.rename(selected()[0])),
        someReady && button(one ? 'download' : 'downloadZip', 'download', () => actions.download(selected().filter(isReady))),
        button('moveToTrash', 'trash', () => removeFiles(selected()), true),
      ].filter(Boolean),
    });
    tools.element.hidden = table.selection.size > 0;
  }

  function clearSelection() {
    const hadFocus = bar.element.contains(document.activeElement);
    table.selection.clear();
    if (hadFocus) heading.focus();
  }

  function removeFiles(files) {
    clearSelection();
    actions.remove(files);
  }

  /** All means all: what was not read yet is read now. */
  async function selectEverything() {
    while (list.hasMore && !list.error) await library.list.readMore();
    table.selection.selectAll(table.ids());
  }

  /** The selected files, else the one with the focus. */
  const targets = () => (table.selection.size > 0 ? table.selected() : [table.focused()].filter(Boolean));
  const onTargets = (act) => () => {
    const files = targets();
    if (files.length === 0) return false;
    act(files);
    return true;
  };
  const stopKeys = listenToKeys({
    '/': () => (clearSelection(), tools.focus()),
    '?': showHelp,
    'Ctrl+a': () => table.selection.selectAll(table.ids()),
    Escape: () => table.selection.size > 0 && clearSelection(),
    Delete: onTargets((files) => removeFiles(files)),
    F2: onTargets(([file, ...others]) => others.length === 0 && isReady(file) && actions.rename(file)),
    Enter: onTargets(([file]) => open(file)),
    ...Object.fromEntries(ARROWS.map((key) => [key, () => table.move(key)])),
  });

  let announced = '';
  return {
    title: t('libraryTitle'),
    takesFiles: true,
    element,
    update() {
      table.update();
      const sentence = countSentence(list);
      fill(count, sentence);
      if (isNarrowed(list.view) && list.files && sentence !== announced) announce((announced = sentence ?? t('nothingFoundTitle')));
    },
    stop() {
      stopKeys();
      tools.stop();
      table.stop();
    },
  };
}

/** The library's list as it is shown, without what stands in the tray of uploads. */
const shownList = (library) => ({
  get files() {
    return library.files;
  },
  get hasMore() {
    return library.list.hasMore;
  },
  get isLoadingMore() {
    return library.list.isLoadingMore;
  },
  get error() {
    return library.list.error;
  },
  get view() {
    return library.list.view;
  },
  readMore: () => library.list.readMore(),
});

async function showHelp() {
  const { shortcutHelp } = await import('./shortcut-help.js');
  shortcutHelp();
}

function countSentence({ files, hasMore, view }) {
  if (!files || files.length === 0) return null;
  const [all, some] = isNarrowed(view) ? ['foundCount', 'foundCountMore'] : ['fileCount', 'fileCountMore'];
  return t(hasMore ? some : all, { count: files.length });
}

/** What rows of this list show and offer. */
function rowContent(library, actions, onMore) {
  const button = rowButton;
  const buttons = {
    ready: (file) => [
      button('share', 'share', 'shareOf', file.name, () => actions.share(file), 'secondary'),
      button('download', 'download', 'downloadOf', file.name, () => actions.download([file])),
      button('trash', 'delete', 'deleteOf', file.name, () => actions.remove([file]), 'quiet-danger'),
      button('more', 'more', 'moreOf', file.name, (event) => onMore(file, event.currentTarget), 'more'),
    ],
    rejected: (file) => [
      canRetry(file) && button('retry', 'tryAgain', 'tryAgainOf', file.name, () => actions.retry(file)),
      button('close', 'dismiss', 'dismissOf', file.name, () => actions.dismiss([file])),
    ],
    unfinished: (file) => [button('trash', 'delete', 'deleteOf', file.name, () => actions.remove([file]), 'quiet-danger')],
  };
  return {
    time: ({ createdAt }) => createdAt,
    note: standingSentence,
    hint: async (file) => {
      const name = await library.nameOf(file.duplicateOf);
      return name && t('sameAs', { name });
    },
    buttons: (file) => (buttons[standingOf(file)] ?? buttons.unfinished)(file),
  };
}

function emptyState() {
  const picture = h('img', { src: '/empty.svg', alt: '', width: 160, height: 120 });
  return h('div', { class: 'empty' }, picture, h('h2', {}, t('emptyTitle')), h('p', {}, t('emptyBody')));
}

function nothingFound(onClear) {
  const clear = h('button', { type: 'button', class: 'button', on: { click: onClear } }, t('clearSearch'));
  return h('div', { class: 'empty' }, h('h2', {}, t('nothingFoundTitle')), h('p', {}, t('nothingFoundBody')), clear);
}
