/** What is said about a file that is not simply there: on its way, being checked, not accepted. */
import { isAbandoned } from '../files.js';
import { formatClock } from '../format.js';
import { t } from '../i18n.js';
import { rejectionSentence } from './upload-sentences.js';

/** "ready", "rejected", "processing", "retrying", "uploading" (still), "unfinished" (for ever) or "trashed". */
export function standingOf(file) {
  if (file.state === 'uploading') return isAbandoned(file) ? 'unfinished' : 'uploading';
  if (file.state === 'processing' && file.retryAt) return 'retrying';
  return file.state;
}

/** The functions gave up, but the bytes are kept: asking again may help. */
export const canRetry = ({ state, reason }) => state === 'rejected' && reason === 'processing-failed';

/** A sentence, or null for a file that needs none. */
export function standingSentence(file) {
  switch (standingOf(file)) {
    case 'uploading':
      return t('stateElsewhere');
    case 'unfinished':
      return t('stateUnfinished');
    case 'processing':
      return t('stateProcessing');
    case 'retrying':
      return t('stateProcessingAgain', { time: formatClock(file.retryAt) });
    case 'rejected':
      return `${t('stateRejected')}. ${rejectionSentence(file.reason)}`;
    default:
      return null;
  }
}
