/** Settings: take everything along, or leave. */
import { formatBytes, formatNumber, formatTime } from '../format.js';
import { t } from '../i18n.js';
import { partUrl, startExport, watchExport } from '../jobs.js';
import { announce, toast } from '../ui/announce.js';
import { fill, h, setAttributes } from '../ui/dom.js';
import { whileBusy } from '../ui/fields.js';
import { icon } from '../ui/icons.js';
import { callProblem } from './call-problem.js';
import { openDeletion } from './delete-account.js';
import { actionButton, setting, settingsSection } from './setting.js';

const RUNNING = new Set(['queued', 'running']);

export function dataSection(context) {
  const { session } = context;
  const archive = exportRow(session);
  const leave = actionButton(t('deleteAccount'), () => openDeletion(context), 'outline-danger');
  const deletion = setting({ title: t('deleteAccount'), hint: t('deleteAccountHint'), actions: leave });
  const element = settingsSection(t('dataSection'), archive.element, deletion);
  return { element, stop: archive.stop };
}

function exportRow(session) {
  const start = h('button', { type: 'button', class: 'button' }, t('exportStart'));
  const state = h('div', { class: 'export-state' });
  const element = h('div', { class: 'setting-group' }, setting({ title: t('exportTitle'), hint: t('exportHint'), actions: start }), state);
  let progress = null;
  let before = null;

  start.addEventListener('click', () =>
    whileBusy(start, async () => {
      try {
        await startExport();
      } catch (error) {
        toast(callProblem(error).sentence, { kind: 'error' });
      }
    }),
  );
  const show = (job) => {
    const isRunning = RUNNING.has(job?.state);
    start.hidden = isRunning;
    fill(start, t({ done: 'exportAgain', failed: 'tryAgain' }[job?.state] ?? 'exportStart'));
    progress = isRunning ? (progress ?? progressBar()) : null;
    progress?.update(job);
    fill(state, progress?.element, job?.state === 'done' && parts(session, job), job?.state === 'failed' && failure());
    if (before && RUNNING.has(before) && !isRunning) announce(t(job?.state === 'done' ? 'exportDone' : 'exportFailed'));
    before = job?.state ?? null;
  };
  const stop = watchExport(session, show, () => {}); // without a connection the row stays as it is
  return { element, stop };
}

function progressBar() {
  const bar = h('progress', { 'aria-label': t('exportTitle'), max: 1 });
  const words = h('p', { class: 'hint' });
  const update = ({ state, done = 0, total = 0, bytesDone = 0, bytesTotal = 0 }) => {
    const isWaiting = state === 'queued' || total === 0;
    if (isWaiting) bar.removeAttribute('value');
    else bar.value = bytesTotal > 0 ? bytesDone / bytesTotal : done / total;
    const counts = { done: formatNumber(done), total: formatNumber(total), bytes: formatBytes(bytesDone), all: formatBytes(bytesTotal) };
    fill(words, t(isWaiting ? 'exportQueued' : 'exportRunning', counts));
    setAttributes(bar, { 'aria-valuetext': words.textContent });
  };
  return { element: h('div', { class: 'export-progress' }, bar, words), update };
}

function parts(session, { parts: list = [], expiresAt }) {
  const rows = list.map((part) => {
    const name = part.path.split('/').at(-1);
    const size = h('span', { class: 'hint' }, part.files > 0 ? t('exportPart', { size: formatBytes(part.size), count: part.files }) : formatBytes(part.size));
    const save = h('button', { type: 'button', class: 'button', 'aria-label': t('downloadOf', { name }) }, icon('download'), t('download'));
    save.addEventListener('click', () => whileBusy(save, () => savePart(session, part, name)));
    return h('li', { class: 'export-part' }, icon('archive'), h('span', { class: 'export-name' }, name, size), save);
  });
  const until = expiresAt && h('p', { class: 'hint' }, t('exportUntil', { time: formatTime(expiresAt) }));
  return [h('ul', { class: 'export-parts', 'aria-label': t('exportTitle') }, rows), until];
}

async function savePart(session, part, name) {
  try {
    Object.assign(document.createElement('a'), { href: await partUrl(session, part), download: name, rel: 'noopener' }).click();
  } catch {
    toast(t('downloadFailed', { name }), { kind: 'error' });
  }
}

const failure = () => h('p', { class: 'error', role: 'status' }, icon('alert'), h('span', {}, t('exportFailed')));
