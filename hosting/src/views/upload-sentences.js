/** How uploads are doing, and why one came to nothing, in plain words. */
import { formatBytes } from '../format.js';
import { language, t } from '../i18n.js';
import { MAX_FILE_BYTES } from '../uploads/admission.js';
import { mayBeProcessedAgain } from '../uploads/phases.js';

const REASONS = {
  empty: 'reasonEmpty',
  'too-large': 'reasonTooLarge',
  'type-mismatch': 'reasonTypeMismatch',
  'blocked-type': 'reasonBlockedType',
  'image-too-large': 'reasonImageTooLarge',
  'image-broken': 'reasonImageBroken',
  'processing-failed': 'reasonProcessingFailed',
  quota: 'reasonQuota',
};

/** Why the functions did not accept a file. */
export const rejectionSentence = (reason) => t(REASONS[reason] ?? 'reasonOther', { limit: formatBytes(MAX_FILE_BYTES) });

/** Why an upload did not happen. */
export function problemSentence({ key, values }) {
  const spelled = Object.entries(values).map(([name, value]) => [name, name === 'quota' ? value : formatBytes(value)]);
  return t(key, Object.fromEntries(spelled));
}

/** How an upload is doing. `now` is for what counts down. */
export function statusSentence(item, now = Date.now()) {
  const say = STATUS[item.phase];
  return say(item, now);
}

const STATUS = {
  waiting: () => t('stateWaitingForAccount'),
  queued: () => t('stateQueued'),
  checking: () => t('statePreparing'),
  duplicate: duplicateSentence,
  uploading: uploadingSentence,
  offline: () => t('stateOffline'),
  retrying: ({ retryAt }, now) => t('stateRetrying', { time: formatDuration(Math.max((retryAt - now) / 1000, 1)) }),
  paused: (item) => t('statePaused', { percent: percentOf(item) }),
  processing: ({ retryAt }) => (retryAt ? t('stateProcessingAgain', { time: formatClock(retryAt) }) : t('stateProcessing')),
  ready: () => t('stateReady'),
  rejected: (item) => (mayBeProcessedAgain(item) ? '' : `${t('stateRejected')}. `) + rejectionSentence(item.reason),
  failed: ({ problem }) => `${t('stateFailed')}. ${problemSentence(problem)}`,
  refused: ({ problem }) => `${t('stateFailed')}. ${problemSentence(problem)}`,
};

function duplicateSentence({ name, duplicate }) {
  if (!duplicate.fileId) return t('stateTwin');
  return duplicate.name === name ? t('stateDuplicate') : t('stateDuplicateOf', { name: duplicate.name });
}

function uploadingSentence(item) {
  if (item.sent === 0) return t('stateStarting');
  const percent = percentOf(item);
  if (!item.speed) return t('stateUploading', { percent });
  const left = formatDuration((item.size - item.sent) / item.speed);
  return [t('trayPercent', { percent }), t('speed', { bytes: formatBytes(item.speed) }), t('timeLeft', { time: left })].join(' · ');
}

const percentOf = ({ sent, size }) => Math.floor((sent / size) * 100);

/** 100 seconds become "2 min": nobody needs it more exactly. */
export function formatDuration(seconds) {
  const [value, unit] = seconds < 60 ? [seconds, 'second'] : seconds < 3600 ? [seconds / 60, 'minute'] : [seconds / 3600, 'hour'];
  return new Intl.NumberFormat(language(), { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: 0 }).format(Math.ceil(value));
}

const formatClock = (time) => new Intl.DateTimeFormat(language(), { timeStyle: 'short' }).format(time);
