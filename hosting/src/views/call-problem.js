/** A failure of a callable function for a form. Functions answer in the user's language; only the way there is ours to tell. */
import { t } from '../i18n.js';

export function callProblem(error) {
  if (error.reason === 'network' || error.reason === 'timeout') return { sentence: t('errNetwork') };
  return { sentence: error.requestId ? error.message : t('errSomething') };
}
