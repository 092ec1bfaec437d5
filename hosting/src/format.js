/** Sizes, numbers and times as people of the current language write them. */
import { language } from './i18n.js';

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
const STEP = 1024;

const RELATIVE_STEPS = [
  { unit: 'second', seconds: 1, most: 59 },
  { unit: 'minute', seconds: 60, most: 59 },
  { unit: 'hour', seconds: 3600, most: 23 },
  { unit: 'day', seconds: 86_400, most: 7 },
];

/** 3145728 becomes "3 MB" (1 MB is 1,048,576 bytes, as file managers count). */
export function formatBytes(bytes) {
  // Half a unit below a step is written as the step: 1 GB and not 1,024 MB.
  const steps = Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(STEP));
  const power = Math.min(bytes / STEP ** steps >= STEP - 0.5 ? steps + 1 : steps, UNITS.length - 1);
  const value = bytes / STEP ** power;
  return new Intl.NumberFormat(language(), {
    style: 'unit',
    unit: UNITS[power],
    unitDisplay: power === 0 ? 'long' : 'short',
    maximumFractionDigits: value < 10 && power > 0 ? 1 : 0,
  }).format(value);
}

export const formatNumber = (value) => new Intl.NumberFormat(language()).format(value);

/** "2 minutes ago" within a week, the date after that. */
export function formatTime(date, now = new Date()) {
  const seconds = Math.round((date - now) / 1000);
  const step = RELATIVE_STEPS.find((each) => Math.abs(Math.round(seconds / each.seconds)) <= each.most);
  if (!step) return new Intl.DateTimeFormat(language(), { dateStyle: 'medium' }).format(date);
  if (step.unit === 'second') return new Intl.RelativeTimeFormat(language(), { numeric: 'auto' }).format(0, 'second');
  const style = new Intl.RelativeTimeFormat(language(), { numeric: 'auto' });
  return style.format(Math.round(seconds / step.seconds), step.unit);
}

export const formatExactTime = (date) =>
  new Intl.DateTimeFormat(language(), { dateStyle: 'full', timeStyle: 'short' }).format(date);

/** "14:05", for a time of today. */
export const formatClock = (date) => new Intl.DateTimeFormat(language(), { timeStyle: 'short' }).format(date);

export const formatDay = (date) => new Intl.DateTimeFormat(language(), { dateStyle: 'long' }).format(date);
