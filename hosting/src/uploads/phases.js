/**
 * The phases of an upload, and which of them belong together.
 *
 *     waiting    for the profile, which says what the quota is
 *     queued     for its turn
 *     checking   its bytes are compared with the library
 *     duplicate  the library has these bytes already; the person decides
 *     uploading
 *     offline    uploading, but without a connection
 *     retrying   uploading, but the server did not answer; goes on at `retryAt`
 *     paused     by hand
 *     processing the bytes have arrived; the file's document tells the rest
 *     ready, rejected   what the functions said
 *     failed     trying again may help
 *     refused    it does not
 *     discarded  taken back; its document is still to be removed. Not shown.
 */
export const RUNNING = new Set(['checking', 'uploading', 'offline', 'retrying']);

/** May be paused. */
export const PAUSABLE = new Set(['waiting', 'queued', ...RUNNING]);

/** Its bytes are not all there yet, but on their way or meant to be. */
export const UNSENT = new Set([...PAUSABLE, 'paused']);

/** Needs the person. */
export const ATTENTION = new Set(['duplicate', 'failed', 'refused', 'rejected']);

/** Nothing more will happen by itself, and nothing is lost when it is no longer shown. */
export const FINISHED = new Set(['ready', 'rejected', 'failed', 'refused', 'duplicate']);

/** The functions gave up on it, and may be asked to begin again. */
export const mayBeProcessedAgain = ({ phase, reason }) => phase === 'rejected' && reason === 'processing-failed';
