/** Elements from plain calls. Text only ever becomes text nodes, so a file name can never become markup. */

const PROPERTIES = new Set(['value', 'checked', 'max', 'min', 'low', 'high', 'optimum']);
const SVG = 'http://www.w3.org/2000/svg';

/**
 * `h('button', { class: 'primary', on: { click } }, 'Save')`.
 *
 * null, undefined and false leave an attribute out, true sets it empty; children may be nodes, texts, null or lists.
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  setAttributes(element, attributes);
  element.append(...nodes(children));
  return element;
}

export function setAttributes(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'on') listen(element, value);
    else if (PROPERTIES.has(name)) element[name] = value;
    else if (value === null || value === undefined || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? '' : value);
  }
}

/** Replaces what is inside `element`. */
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
  return element;
}

function nodes(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

function listen(element, handlers) {
  for (const [event, handler] of Object.entries(handlers)) element.addEventListener(event, handler);
}

/** A picture made of paths on a 24 by 24 grid; decoration, so hidden from assistive technology. */
export function drawing(className, paths) {
  const svg = document.createElementNS(SVG, 'svg');
  for (const [name, value] of Object.entries({ class: className, viewBox: '0 0 24 24', 'aria-hidden': 'true' })) {
    svg.setAttribute(name, value);
  }
  for (const d of paths) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', d);
    svg.append(path);
  }
  return svg;
}
