/** The tray of uploads in the corner: how all of them are doing, a row for each, and what can be done about them. */
import { t } from '../i18n.js';
import { announce } from '../ui/announce.js';
import { confirmDialog } from '../ui/dialog.js';
import { fill, h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { ATTENTION, FINISHED, PAUSABLE, RUNNING, UNSENT } from '../uploads/phases.js';
import { summarize } from '../uploads/summary.js';
import { outcomeTeller } from './upload-outcomes.js';
import { uploadRow } from './upload-row.js';
import { formatDuration, problemSentence } from './upload-sentences.js';

// A folder of thousands needs no row for each: what moves and what needs the person comes first.
const MOST_ROWS = 50;
const TICK_MS = 1000;
const DRAWS_EVERY_MS = 60;
const RESTS_FOR = 4; // times as long as drawing took
const CLOSES_AFTER_MS = 6000;
const PHONE = '(max-width: 40rem)';

const GROUPS = [[...RUNNING], [...ATTENTION], ['processing'], ['paused'], ['queued', 'waiting'], ['ready']];
const GROUP = new Map(GROUPS.flatMap((phases, index) => phases.map((phase) => [phase, index])));

// Whether the rows are folded away; chosen once, for as long as the page is open.
let isFolded = null;

/** `{ element, add(files), stop }` */
export function uploadTray(uploads) {
  isFolded ??= matchMedia(PHONE).matches;
  const title = h('span', { class: 'tray-title' });
  const detail = h('span', { class: 'tray-detail' });
  const toggle = h('button', { type: 'button', class: 'tray-toggle', 'aria-controls': 'tray-body' }, h('span', { class: 'tray-words' }, title, detail), icon('chevron'));
  const close = h('button', { type: 'button', class: 'icon-button', 'aria-label': t('trayClose'), title: t('trayClose') }, icon('close'));
  const bar = h('progress', { class: 'tray-progress', max: 1, 'aria-label': t('trayProgress') });
  const tools = h('div', { class: 'tray-tools' });
  const rows = h('ul', { class: 'tray-rows', 'aria-label': t('trayLabel') });
  const more = h('p', { class: 'tray-more' });
  const body = h('div', { id: 'tray-body', class: 'tray-body' }, tools, rows, more);
  const element = h('section', { class: 'tray', 'aria-label': t('trayLabel'), hidden: true }, h('div', { class: 'tray-head' }, toggle, close), bar, body);
  const drawn = new Map();
  const outcomes = outcomeTeller();
  const closing = closingTimer(element, () => clearFinished(uploads));

  const fold = (folded) => {
    isFolded = folded;
    body.hidden = folded;
    toggle.setAttribute('aria-expanded', String(!folded));
  };
  fold(isFolded);
  toggle.addEventListener('click', () => fold(!isFolded));
  close.addEventListener('click', () => clearFinished(uploads));

  const draw = () => {
    const { list } = uploads;
    const focused = element.contains(document.activeElement) ? document.activeElement : null;
    element.hidden = list.length === 0;
    showSummary({ title, detail, bar, close }, summarize(list));
    showTools(tools, uploads, list);
    const shown = inOrderOfNeed(list).slice(0, MOST_ROWS);
    drawRows(rows, drawn, shown, uploads);
    fill(more, list.length > shown.length && t('trayMore', { count: list.length - shown.length }));
    if (focused) keepFocus(focused, toggle, element);
    outcomes.note(list);
    closing.set(list.length > 0 && list.every(({ phase }) => phase === 'ready'));
  };
  const drawing = drawingSoon(draw);
  const ticker = setInterval(() => uploads.list.some(({ phase }) => phase === 'retrying') && drawing.ask(), TICK_MS);
  const stopListening = uploads.onChange(drawing.ask);
  draw();

  return {
    element,
    add: (files) => announceAdded(uploads.add(files)),
    stop: () => {
      stopListening();
      drawing.stop();
      clearInterval(ticker);
      closing.set(false);
      outcomes.stop();
    },
  };
}

function announceAdded(items) {
  const refused = items.filter(({ problem }) => problem);
  const count = items.length - refused.length;
  const sentences = refused.map(({ name, problem }) => t('uploadProblem', { name, problem: problemSentence(problem) }));
  if (count > 0) sentences.push(t('uploadStarted', { count }));
  announce(sentences.join(' '));
}

/** Draws at once, and then not again for a moment however often it is asked: files may come by the thousand. */
function drawingSoon(draw) {
  let timer = null;
  let isAsked = false;
  const rest = () => {
    timer = null;
    if (isAsked) ask();
  };
  const ask = () => {
    isAsked = timer !== null;
    if (isAsked) return;
    const began = performance.now();
    draw();
    timer = setTimeout(rest, Math.max(DRAWS_EVERY_MS, (performance.now() - began) * RESTS_FOR));
  };
  return { ask, stop: () => clearTimeout(timer) };
}

/** What moves, what needs the person, what waits, what is done; the order of adding within each. */
function inOrderOfNeed(list) {
  return [...list].sort((one, other) => GROUP.get(one.phase) - GROUP.get(other.phase));
}

function drawRows(list, drawn, shown, uploads) {
  const keys = new Set(shown.map(({ key }) => key));
  for (const [key, row] of drawn) {
    if (keys.has(key)) continue;
    row.element.remove();
    drawn.delete(key);
  }
  shown.forEach((item, index) => {
    if (!drawn.has(item.key)) drawn.set(item.key, uploadRow(uploads));
    const { element, update } = drawn.get(item.key);
    update(item);
    if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
  });
}

/** A row that moved gets its focus back; when what had it is gone, the tray has it, or the page when there is no tray. */
function keepFocus(focused, toggle, element) {
  if (document.activeElement === focused || element.contains(document.activeElement)) return;
  if (element.hidden) document.getElementById('content')?.focus();
  else if (focused.isConnected && focused.checkVisibility()) focused.focus();
  else toggle.focus();
}

function showSummary({ title, detail, bar, close }, { key, count, progress, secondsLeft, isDone }) {
  fill(title, t(key, { count }));
  const parts = [];
  if (progress !== null) parts.push(t('trayPercent', { percent: Math.floor(progress * 100) }));
  if (secondsLeft !== null) parts.push(t('timeLeft', { time: formatDuration(secondsLeft) }));
  fill(detail, parts.join(' · '));
  bar.hidden = progress === null;
  bar.value = progress ?? 0;
  close.hidden = !isDone;
}

const TOOLS = [
  { label: 'pauseAll', applies: ({ phase }) => PAUSABLE.has(phase), act: (uploads, items) => items.forEach(({ key }) => uploads.pause(key)) },
  { label: 'resumeAll', applies: ({ phase }) => phase === 'paused', act: (uploads, items) => items.forEach(({ key }) => uploads.resume(key)) },
  { label: 'cancelAll', applies: ({ phase }) => UNSENT.has(phase), act: cancelAll },
  { label: 'clearFinished', applies: ({ phase }) => FINISHED.has(phase), act: clearFinished },
];

/** What can be done with all of them at once; not worth a line for a single upload. */
function showTools(tools, uploads, list) {
  const isMoving = list.some(({ phase }) => PAUSABLE.has(phase)); // pausing comes first then
  const applicable = TOOLS.filter(({ label, applies }) => list.some(applies) && !(label === 'resumeAll' && isMoving));
  const fitting = list.length > 1 ? applicable : [];
  const signature = fitting.map(({ label }) => label).join();
  tools.hidden = fitting.length === 0;
  if (tools.dataset.shown === signature) return;
  tools.dataset.shown = signature;
  const button = ({ label, applies, act }) =>
    h('button', { type: 'button', class: 'tray-tool', on: { click: () => act(uploads, uploads.list.filter(applies)) } }, t(label));
  fill(tools, fitting.map(button));
}

async function cancelAll(uploads, items) {
  const count = items.length;
  const sure = await confirmDialog({ title: t('cancelAllTitle', { count }), body: t('cancelAllBody'), confirm: t('cancelAllConfirm') });
  if (!sure) return;
  items.forEach(({ key }) => uploads.cancel(key));
  announce(t('uploadsCancelled', { count }));
}

function clearFinished(uploads) {
  for (const { key, phase } of uploads.list) if (FINISHED.has(phase)) uploads.dismiss(key);
}

/** Puts the tray away when all went well, unless somebody is at it. */
function closingTimer(element, onClose) {
  let timer = null;
  const isInUse = () => element.matches(':hover') || element.contains(document.activeElement);
  const tick = () => {
    timer = isInUse() ? setTimeout(tick, CLOSES_AFTER_MS) : null;
    if (timer === null) onClose();
  };
  return {
    set: (isWanted) => {
      if (!isWanted) {
        clearTimeout(timer);
        timer = null;
      } else timer ??= setTimeout(tick, CLOSES_AFTER_MS);
    },
  };
}
