/** The trash: what can still be taken back, and until when. */
import { purgeDate, TRASH_DAYS } from '../files.js';
import { formatDay } from '../format.js';
import { t } from '../i18n.js';
import { toast } from '../ui/announce.js';
import { confirmDialog } from '../ui/dialog.js';
import { fill, h, setAttributes } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { fileActions } from './file-actions.js';
import { rowButton } from './file-row.js';
import { fileTable } from './file-table.js';
import { selectionBar } from './selection-bar.js';
import { listenToKeys } from './shortcuts.js';

/** `{ title, takesFiles, element, update, stop }`. */
export function trashScreen(library) {
  const list = library.openTrash();
  const actions = fileActions(library);
  const heading = h('h1', { tabindex: -1 }, t('trashTitle'));
  const back = h('a', { class: 'quiet-link', href: '#' }, icon('back'), t('backToFiles'));
  const emptyButton = h('button', { type: 'button', class: 'button', on: { click: () => emptyTrash(library, heading) } }, icon('trash'), t('emptyTrash'));
  const table = fileTable({
    label: t('trashTitle'),
    list: () => list,
    content: rowContent(actions, deleteForGood),
    bytes: library.bytes,
    heading,
    empty: () => h('div', { class: 'empty' }, h('span', { class: 'empty-mark' }, icon('trash')), h('h2', {}, t('trashEmptyTitle')), h('p', {}, t('trashEmptyBody', { days: TRASH_DAYS }))),
    onOpen: (file) => table.selection.toggle(file.id),
    onSelection: () => showSelection(),
  });
  setAttributes(table.element, { 'data-layout': 'table' });
  const bar = selectionBar({ onClear: () => table.selection.clear(), onAll: () => table.selection.selectAll(table.ids()) });
  const element = h(
    'section',
    { class: 'list trash' },
    h('div', { class: 'list-head' }, heading, back),
    h('div', { class: 'trash-note' }, h('p', {}, t('trashLead', { days: TRASH_DAYS })), emptyButton),
    h('div', { class: 'list-tools' }, bar.element),
    table.element,
  );

  async function deleteForGood(files) {
    if (files.length === 0 || !(await actions.removeBusy(files))) return;
    table.selection.clear();
    heading.focus();
  }
  const restore = (files) => {
    table.selection.clear();
    heading.focus();
    actions.restore(files);
  };
  function showSelection() {
    bar.update({
      size: table.selection.size,
      isAll: table.selection.size === table.ids().length,
      actions: [
        { label: t('restore'), glyph: 'restore', run: () => restore(table.selected()) },
        { label: t('deleteForGood'), glyph: 'trash', run: () => deleteForGood(table.selected()), isDanger: true },
      ],
    });
  }
  const targets = () => (table.selection.size > 0 ? table.selected() : [table.focused()].filter(Boolean));
  const stopKeys = listenToKeys({
    'Ctrl+a': () => table.selection.selectAll(table.ids()),
    Escape: () => table.selection.size > 0 && table.selection.clear(),
    Delete: () => deleteForGood(targets()),
    ...Object.fromEntries(['ArrowDown', 'ArrowUp', 'Home', 'End'].map((key) => [key, () => table.move(key)])),
  });

  return {
    title: t('trashTitle'),
    takesFiles: false,
    element,
    update() {
      table.update();
      emptyButton.hidden = !list.files || list.files.length === 0;
    },
    stop() {
      stopKeys();
      table.stop();
    },
  };
}

function rowContent(actions, deleteForGood) {
  return {
    time: ({ trashedAt }) => trashedAt,
    note: (file) => t('goneOn', { date: formatDay(purgeDate(file)) }),
    buttons: (file) => [
      rowButton('restore', 'restore', 'restoreOf', file.name, () => actions.restore([file])),
      rowButton('trash', 'deleteForGood', 'deleteForGoodOf', file.name, () => deleteForGood([file]), 'quiet-danger'),
    ],
  };
}

async function emptyTrash(library, heading) {
  const sure = await confirmDialog({ title: t('emptyTrashTitle'), body: t('emptyTrashBody'), confirm: t('emptyTrash') });
  if (!sure) return;
  heading.focus();
  try {
    await library.emptyTrash();
    toast(t('trashEmptied'));
  } catch {
    toast(t('emptyTrashFailed'), { kind: 'error' });
  }
}
