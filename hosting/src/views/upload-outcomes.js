/** Says politely how uploads ended: once for each, and many at a time in one sentence. */
import { t } from '../i18n.js';
import { announce } from '../ui/announce.js';
import { problemSentence, rejectionSentence, statusSentence } from './upload-sentences.js';

const TOGETHER_MS = 400;
const MOST_PROBLEMS = 3;

const OUTCOMES = {
  rejected: ({ name, reason }) => t('uploadProblem', { name, problem: rejectionSentence(reason) }),
  failed: ({ name, problem }) => t('uploadProblem', { name, problem: problemSentence(problem) }),
  duplicate: (item) => t('uploadProblem', { name: item.name, problem: statusSentence(item) }),
};

/** `note(list)` with every change, `stop()` at the end. */
export function outcomeTeller() {
  const phases = new Map();
  let ended = [];
  let timer = null;
  const tell = () => {
    timer = null;
    announce(sentences(ended).join(' '));
    ended = [];
  };
  const note = (list) => {
    for (const item of list) {
      const before = phases.get(item.key);
      phases.set(item.key, item.phase);
      if (before === undefined || before === item.phase) continue;
      if (item.phase === 'ready' || OUTCOMES[item.phase]) ended.push(item);
    }
    if (ended.length > 0) timer ??= setTimeout(tell, TOGETHER_MS);
  };
  return { note, stop: () => clearTimeout(timer) };
}

function sentences(ended) {
  const ready = ended.filter(({ phase }) => phase === 'ready');
  const problems = ended.filter(({ phase }) => phase !== 'ready');
  const said = problems.slice(0, MOST_PROBLEMS).map((item) => OUTCOMES[item.phase](item));
  if (problems.length > MOST_PROBLEMS) said.push(t('uploadsNeedAttention', { count: problems.length }));
  if (ready.length === 1) said.push(t('uploadReady', { name: ready[0].name }));
  if (ready.length > 1) said.push(t('uploadsReady', { count: ready.length }));
  return said;
}
