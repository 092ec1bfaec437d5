/** What is asked before changes that were made without a connection would be lost. */
import { t } from '../i18n.js';
import { confirmDialog } from '../ui/dialog.js';

/** Once the promise `sent` is kept, there is nothing to ask about any more, and the answer is yes. */
export const confirmLeaving = (count, { sent }) =>
  confirmDialog({ title: t('leaveTitle'), body: t('leaveBody', { count }), confirm: t('leaveConfirm'), needless: sent });
