/** How this device shows the list: as a table or a grid, and in which order. */
import { SORTS } from './file-view.js';

const KEY = 'drop.list';
const LAYOUTS = ['table', 'grid'];

export function viewSettings() {
  const { layout, sort } = stored();
  return { layout: LAYOUTS.includes(layout) ? layout : 'table', sort: Object.hasOwn(SORTS, sort ?? '') ? sort : 'newest' };
}

export function saveViewSettings(changes) {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...viewSettings(), ...changes }));
  } catch {
    // the choice then lasts until the page is closed
  }
}

function stored() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}
