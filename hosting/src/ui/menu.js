/** A menu of a few actions under the button that opens it: arrow keys move, Escape and a click elsewhere close. */
import { h } from './dom.js';
import { icon } from './icons.js';

const MARGIN = 8;

/** Opens at `opener`. Each item is `{ label, glyph, run, isDanger }`. Focus goes back to the opener. */
export function openMenu(opener, label, items) {
  const menu = h('div', { class: 'menu', role: 'menu', 'aria-label': label, popover: 'auto' });
  const close = () => menu.hidePopover();
  menu.append(...items.map((item) => menuItem(item, close)));
  menu.addEventListener('keydown', (event) => moveFocus(event, menu, close));
  menu.addEventListener('toggle', ({ newState }) => {
    if (newState === 'open') return;
    opener.setAttribute('aria-expanded', 'false');
    const hadFocus = menu.contains(document.activeElement) || document.activeElement === document.body;
    menu.remove();
    if (hadFocus) opener.focus();
  });
  (opener.closest('main, dialog') ?? document.body).append(menu);
  menu.showPopover();
  place(menu, opener.getBoundingClientRect());
  opener.setAttribute('aria-expanded', 'true');
  menu.firstElementChild.focus();
}

function menuItem({ label, glyph, run, isDanger }, close) {
  const item = h('button', { type: 'button', class: isDanger ? 'menu-item menu-danger' : 'menu-item', role: 'menuitem', tabindex: -1 });
  item.append(icon(glyph), label);
  item.addEventListener('click', () => {
    close();
    run();
  });
  return item;
}

function moveFocus(event, menu, close) {
  const items = [...menu.children];
  const at = items.indexOf(document.activeElement);
  const targets = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 };
  if (event.key === 'Tab') close();
  if (!(event.key in targets)) return;
  event.preventDefault();
  items.at(targets[event.key] % items.length).focus();
}

function place(menu, anchor) {
  const { offsetWidth, offsetHeight } = menu;
  const below = anchor.bottom + 4;
  const top = below + offsetHeight > innerHeight - MARGIN ? Math.max(anchor.top - offsetHeight - 4, MARGIN) : below;
  menu.style.top = `${top}px`;
  menu.style.left = `${Math.max(Math.min(anchor.right - offsetWidth, innerWidth - offsetWidth - MARGIN), MARGIN)}px`;
}
