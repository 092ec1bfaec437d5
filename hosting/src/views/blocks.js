/**
 * A long list in blocks of rows. Only blocks near the window have rows, the others keep their height, so the page holds
 * a few hundred elements however many files there are.
 */
import { h } from '../ui/dom.js';

/** Divisible by the 2, 3, 4, 5 or 6 columns of a grid, so no block ends with a gap. */
const BLOCK = 60;
const NEAR = '600px 0px';
const ROW_GUESS = 72;

/** `{ element, update(items), relayout(), rowOf(id), reveal(index), stop() }`; `makeRow()` answers `{ element, update(item, index) }`. */
export function blockList(label, makeRow) {
  const element = h('div', { class: 'files', role: 'list', 'aria-label': label });
  const rows = new Map();
  let blocks = [];
  let items = [];

  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) blocks.find((block) => block.element === target).isNear = isIntersecting;
      draw();
    },
    { rootMargin: NEAR },
  );

  const resizeTo = (count) => {
    while (blocks.length < count) {
      const block = { element: h('div', { class: 'file-block', role: 'presentation' }), isNear: blocks.length === 0, isFilled: false };
      blocks.push(block);
      element.append(block.element);
      observer.observe(block.element);
    }
    for (const block of blocks.splice(count)) {
      observer.unobserve(block.element);
      block.element.remove();
    }
  };

  const draw = () => {
    const focused = document.activeElement;
    const isKept = (block) => block.isNear || block.element.contains(document.activeElement);
    const wanted = new Set(blocks.flatMap((block, at) => (isKept(block) ? slice(at).map(({ id }) => id) : [])));
    blocks.forEach((block) => !isKept(block) && block.isFilled && empty(block));
    for (const id of [...rows.keys()]) if (!wanted.has(id)) dropRow(id);
    blocks.forEach((block, at) => (isKept(block) ? fillBlock(block, at) : guessHeight(block, at)));
    if (focused?.isConnected && focused !== document.activeElement) focused.focus({ preventScroll: true }); // its row moved
  };
  const slice = (at) => items.slice(at * BLOCK, (at + 1) * BLOCK);
  const dropRow = (id) => {
    rows.get(id).element.remove();
    rows.delete(id);
  };
  const empty = (block) => {
    block.element.style.height = `${block.element.offsetHeight}px`;
    block.isFilled = false;
  };
  const fillBlock = (block, at) => {
    block.element.style.height = '';
    block.isFilled = true;
    slice(at).forEach((item, index) => {
      if (!rows.has(item.id)) rows.set(item.id, makeRow());
      const row = rows.get(item.id);
      row.update(item, at * BLOCK + index);
      const there = block.element.children[index];
      if (there !== row.element) block.element.insertBefore(row.element, there ?? null);
    });
  };
  /** A block that was never filled is as high, row for row, as one that is. */
  const guessHeight = (block, at) => {
    if (block.element.style.height) return;
    const model = blocks.find(({ isFilled }) => isFilled);
    const each = model ? model.element.offsetHeight / model.element.childElementCount : ROW_GUESS;
    block.element.style.height = `${Math.round(each * slice(at).length)}px`;
  };

  return {
    element,
    update(next) {
      items = next;
      resizeTo(Math.ceil(items.length / BLOCK));
      draw();
    },
    /** Heights kept for another width or layout say nothing any more. */
    relayout() {
      for (const block of blocks) block.element.style.height = '';
      draw();
    },
    rowOf: (id) => rows.get(id) ?? null,
    /** Makes sure that the row at `index` is there, and answers it. */
    reveal(index) {
      const block = blocks[Math.floor(index / BLOCK)];
      if (!block) return null;
      block.isNear = true;
      draw();
      return rows.get(items[index].id);
    },
    stop: () => observer.disconnect(),
  };
}
