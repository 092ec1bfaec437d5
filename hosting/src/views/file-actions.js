/** What a person can do with files, each with what is said about it. Changes show at once and may be sent later. */
import { needSentences, t } from '../i18n.js';
import { announce, toast } from '../ui/announce.js';
import { confirmDialog } from '../ui/dialog.js';
import { standingOf } from './file-state.js';

/** The actions on files of `library`. All take files; those for several say how many. */
export function fileActions(library) {
  const failing = (work, failure, values) => work.catch((error) => toast(error.reason ? error.message : t(failure, values), { kind: 'error' }));
  const actions = {
    /** Ready files go to the trash, what never became one is dismissed, and the rest is still being worked on. */
    remove(files) {
      const [ready, over, busy] = sortOut(files);
      if (busy.length > 0 && ready.length + over.length === 0) return actions.removeBusy(busy);
      if (over.length > 0) actions.dismiss(over);
      if (ready.length > 0) actions.trash(ready);
      return null;
    },
    trash(files) {
      failing(library.moveToTrash(files), 'trashFailed', about(files));
      const undo = () => {
        failing(library.restore(files), 'restoreFailed', about(files));
        announce(t('restored', about(files)));
      };
      toast(t('trashed', about(files)), { action: { label: t('undo'), run: undo } });
    },
    restore(files) {
      failing(library.restore(files), 'restoreFailed', about(files));
      toast(t('restored', about(files)));
    },
    dismiss(files) {
      failing(library.deleteForGood(files), 'deleteFailed', about(files));
    },
    async removeBusy(files) {
      const sure = await confirmDialog({ title: t('deleteTitle', about(files)), body: t('deleteBody', about(files)), confirm: t('deleteConfirm', about(files)) });
      if (sure) await actions.deleteForGood(files);
      return sure;
    },
    async deleteForGood(files) {
      failing(library.deleteForGood(files), 'deleteFailed', about(files));
      toast(t('deleted', about(files)));
    },
    download(files) {
      if (files.length === 1) return failing(library.bytes.download(files[0]), 'downloadFailed', about(files));
      return import('./zip-download.js').then(({ downloadZip }) => downloadZip(library, files));
    },
    async rename(file) {
      const { renameDialog } = await import('./rename.js');
      const name = await renameDialog(file.name);
      if (name === null) return;
      failing(library.rename(file, name), 'renameFailed', { name: file.name });
      announce(t('renamed', { name }));
    },
    async share(file) {
      const [{ openShareDialog }] = await Promise.all([import('./share-dialog.js'), needSentences('sharing')]);
      openShareDialog({ library, file });
    },
    async retry(file) {
      announce(t('retrying', { name: file.name }));
      await failing(library.retryProcessing(file), 'retryFailed', { name: file.name });
    },
  };
  return actions;
}

export const isReady = ({ state }) => state === 'ready';

const about = (files) => ({ name: files[0].name, count: files.length });

function sortOut(files) {
  const over = ['rejected', 'unfinished'];
  const standings = (test) => files.filter((file) => test(standingOf(file)));
  return [
    standings((standing) => standing === 'ready'),
    standings((standing) => over.includes(standing)),
    standings((standing) => standing !== 'ready' && !over.includes(standing)),
  ];
}
