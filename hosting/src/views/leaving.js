/** What is asked before changes that were made without a connection would be lost. */
import { t } from '../i18n.js';
import { confirmDialog } from '../ui/dialog.js';

export const confirmLeaving = (count) => confirmDialog({ title: t('leaveTitle'), body: t('leaveBody', { count }), confirm: t('leaveConfirm') });
