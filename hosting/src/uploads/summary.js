/** All uploads in one sentence and one bar. */
import { ATTENTION, FINISHED, RUNNING, UNSENT } from './phases.js';

/**
 * `{ key, count, progress, secondsLeft, isDone }`: the sentence, how many it is about, 0 to 1 or null, seconds or null,
 * and whether nothing more will happen by itself.
 */
export function summarize(list) {
  const isDone = list.every(({ phase }) => FINISHED.has(phase));
  return { ...headline(list), ...progressOf(list), isDone };
}

/** What most deserves to be said comes first. */
const HEADLINES = [
  ['traySending', ({ phase }) => RUNNING.has(phase) && phase !== 'offline'],
  ['trayOffline', ({ phase }) => phase === 'offline'],
  ['trayWaiting', ({ phase }) => phase === 'queued' || phase === 'waiting'],
  ['trayPaused', ({ phase }) => phase === 'paused'],
  ['trayProcessing', ({ phase }) => phase === 'processing'],
  ['trayAttention', ({ phase }) => ATTENTION.has(phase)],
];

function headline(list) {
  for (const [key, applies] of HEADLINES) {
    if (!list.some(applies)) continue;
    // Those that wait their turn are being uploaded too, for whoever looks at all of them.
    const count = key === 'traySending' ? list.filter(({ phase }) => UNSENT.has(phase) && phase !== 'paused').length : list.filter(applies).length;
    return { key, count };
  }
  return { key: 'trayDone', count: list.length };
}

function progressOf(list) {
  const unsent = list.filter(({ phase }) => UNSENT.has(phase));
  if (unsent.length === 0) return { progress: null, secondsLeft: null };
  const arrived = list.filter(({ phase }) => phase === 'processing' || phase === 'ready');
  const total = sum([...unsent, ...arrived], ({ size }) => size);
  const sent = sum(unsent, (item) => item.sent) + sum(arrived, ({ size }) => size);
  const speed = sum(unsent, (item) => item.speed ?? 0);
  const coming = sum(unsent.filter(({ phase }) => phase !== 'paused'), (item) => item.size - item.sent);
  return { progress: sent / total, secondsLeft: speed > 0 ? coming / speed : null };
}

const sum = (list, of) => list.reduce((total, item) => total + of(item), 0);
