// Elements of the page, made and kept up to date. Text is text: nothing here reads markup.

const SVG = 'http://www.w3.org/2000/svg';
const FOCUSABLE = 'a[href], button, summary, input, select, textarea, [tabindex="0"]';

/**
 * Make an element: `el('a', { href: '#/', class: 'quiet' }, 'Start')`.
 *
 * Attributes that are null or false are left out, true stands for an empty one, and a function is a
 * listener: `{ onclick: () => … }`. Children that are null or false are left out as well.
 */
export function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** Make an element of a drawing. */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/**
 * Bring the children of an element in line with a list, touching only what changed.
 *
 * What stays the same keeps its element, so that the focus, a selection and what was opened survive
 * that the page is live. `key` names an item, `build` makes its element; what is `fixed` comes
 * first and is left alone.
 */
export function reconcile(parent, items, key, build, fixed = []) {
  const before = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const after = items.map((item) => {
    const name = String(key(item));
    const print = JSON.stringify(item);
    const old = before.get(name);
    if (old?.print === print) return old;
    const made = build(item);
    made.dataset.key = name;
    made.print = print;
    return old ? replaced(old, made) : made;
  });
  const kept = new Set([...fixed, ...after]);
  for (const child of [...parent.children]) if (!kept.has(child)) child.remove();
  let place = parent.children[fixed.length] ?? null;
  for (const child of after) {
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
  }
}

/** Put a new element where an old one was: what is open stays open, what has the focus keeps it. */
function replaced(old, made) {
  for (const open of old.querySelectorAll('details[open][data-part]')) {
    made.querySelector(`details[data-part="${open.dataset.part}"]`)?.setAttribute('open', '');
  }
  const focused = focusables(old).indexOf(document.activeElement);
  old.replaceWith(made);
  if (focused >= 0) (focusables(made)[focused] ?? focusables(made)[0])?.focus();
  return made;
}

function focusables(element) {
  return [...(element.matches(FOCUSABLE) ? [element] : []), ...element.querySelectorAll(FOCUSABLE)];
}

/** Set the text of an element, unless it is that already: what did not change is not announced. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

let numbers = 0;

/** Return a new id, for labels and descriptions. */
export function newId() {
  numbers += 1;
  return `part-${numbers}`;
}

/** Make a field under its label, with a hint that is read after the label and the field. */
export function labelled(label, field, hint = null) {
  const under = el('label', {}, label, field);
  if (!hint) return el('div', { class: 'grow' }, under);
  const id = newId();
  field.setAttribute('aria-describedby', id);
  return el('div', { class: 'grow' }, under, el('p', { class: 'hint', id }, hint));
}
