// The parts of the reference: elements, sentences, tables.

import { boundsOf, resolved, typeOf } from '/docs/schemas.js';

const SUPPORT = 'x-midcall-support';

/** Make an element. Attributes that are null are left out. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null));
  return element;
}

/** The fragment that leads to what has this title. */
export function fragmentOf(title) {
  return title.replace(/[^A-Za-z0-9]+/g, '-').toLowerCase();
}

/** A sentence in which code stands between backquotes, as in Markdown or as in docstrings. */
export function sentence(text) {
  return text.replaceAll('``', '`').split('`').map((part, index) => (index % 2 ? el('code', {}, part) : part));
}

/** A table of fields or parameters; a sentence where there are none. */
export function fieldTable(caption, given, components) {
  if (!given.length) return el('p', {}, `${caption}: none.`);
  const places = given.some(({ where }) => where);
  const head = ['Name', places ? 'In' : null, 'Type', 'Meaning'].filter(Boolean);
  return el('div', { class: 'wide', tabindex: '0', role: 'group', 'aria-label': caption },
    el('table', {},
      el('caption', {}, caption),
      el('thead', {}, el('tr', {}, ...head.map((one) => el('th', { scope: 'col' }, one)))),
      el('tbody', {}, ...given.map((one) => row(one, places, components)))));
}

function row({ name, where, required, about, schema }, places, components) {
  const support = schema[SUPPORT];
  const bounds = boundsOf(schema, components);
  return el('tr', {},
    el('th', { scope: 'row' }, el('code', {}, name),
      required ? el('span', { class: 'badge' }, places ? 'required' : 'always') : null,
      support ? el('span', { class: 'badge' }, support) : null),
    places ? el('td', {}, where ?? '') : null,
    el('td', {}, typeOf(schema, components), bounds ? ` (${bounds})` : null),
    el('td', {}, ...sentence(about ?? resolved(schema, components).description ?? '')));
}
