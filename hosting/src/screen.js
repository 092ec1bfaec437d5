/** The one screen that is on. */
import { onLanguageChange } from './i18n.js';

export const root = document.getElementById('app');

/** The screen as a function that mounts it and answers how to take it down. */
let screen = null;
let takeDown = null;

/** Takes down what is on and mounts `next`, and mounts it once more in each language that is chosen later. */
export function show(next) {
  const before = takeDown;
  takeDown = null;
  screen = next;
  try {
    before?.();
  } catch (error) {
    reportError(error); // what was on goes all the same
  }
  takeDown = screen();
}

/** Takes down what is on, if anything: nothing is left of it to look at. */
export function clear() {
  if (screen) show(() => root.replaceChildren());
}

onLanguageChange(() => screen && show(screen));
