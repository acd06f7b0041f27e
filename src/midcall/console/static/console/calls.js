// The calls: those that are active, and those that are over; a parent with its children below it.

import { get, pathOf } from '/console/static/api.js';
import { el, reconcile, say } from '/console/static/elements.js';
import { pageOf, pager } from '/console/static/paging.js';
import { badge, between, heading, isActive, nothing } from '/console/static/parts.js';
import { duration, time } from '/console/static/times.js';

const PAGE_SIZE = 50;
const MOST_ACTIVE = 200; // of each status; whoever has more looks for one call, not at all of them

/** Make the view of all calls. */
export function callsView({ query, signal, announce }) {
  const active = table('Active calls');
  const past = table('Calls that are over');
  const noActive = nothing('Nobody is on the phone. ', el('a', { href: '#/phone' }, 'Open two phones'), ' and call from one to the other.');
  const noPast = nothing('No call has ended yet.');
  const pages = pager('calls');
  const count = el('span', { class: 'count' });
  const element = el('div', {}, heading('Calls'),
    el('section', { class: 'card' }, el('h2', {}, 'Active ', count), noActive, active.element),
    el('section', { class: 'card' }, el('h2', {}, 'Over'), noPast, past.element, pages.element));
  let before = null;

  async function refresh() {
    const [list, ...now] = await Promise.all([
      get(pathOf('Calls'), { PageSize: PAGE_SIZE, Page: pageOf(query) }, signal),
      ...['queued', 'ringing', 'in-progress'].map((Status) => get(pathOf('Calls'), { Status, PageSize: MOST_ACTIVE }, signal)),
    ]);
    const families = familiesOf([...list.calls, ...now.flatMap(({ calls }) => calls)]);
    const going = families.filter((family) => family.some(isActive));
    const over = families.filter((family) => !family.some(isActive));
    active.show(going);
    past.show(over);
    noActive.hidden = going.length > 0;
    noPast.hidden = over.length > 0;
    say(count, going.length ? String(going.length) : '');
    pages.show('/calls', query, list);
    if (before !== null && going.length > before) announce(`${between(going[0][0])}: a call has begun.`);
    before = going.length;
  }

  return { name: 'calls', title: 'Calls', element, refresh };
}

/** Put calls together: each family is its parent and, behind it, its children, oldest first. */
export function familiesOf(calls) {
  const every = new Map(calls.map((call) => [call.sid, call]));
  const families = new Map();
  for (const call of every.values()) {
    const head = every.has(call.parent_call_sid) ? call.parent_call_sid : call.sid;
    families.set(head, [...(families.get(head) ?? []), call]);
  }
  const age = (call) => Date.parse(call.date_created);
  const sorted = [...families.entries()].map(([head, family]) => family
    .sort((a, b) => (b.sid === head) - (a.sid === head) || age(a) - age(b)));
  return sorted.sort((a, b) => age(b[0]) - age(a[0]));
}

function table(caption) {
  const element = el('table', { class: 'calls' },
    el('caption', { class: 'for-screen-readers' }, caption),
    el('thead', {}, el('tr', {},
      ...['Call', 'Status', 'Duration'].map((name) => el('th', { scope: 'col' }, name)),
      el('th', { scope: 'col', class: 'wide' }, 'CallSid'))));
  const fixed = [...element.children];
  function show(families) {
    element.hidden = !families.length;
    reconcile(element, families, ([head]) => head.sid, family, fixed);
  }
  return { element, show };
}

function family(calls) {
  return el('tbody', {}, calls.map((call, index) => row(call, index > 0)));
}

function row(call, isChild) {
  return el('tr', { 'data-child': isChild ? 'yes' : null },
    el('th', { scope: 'row' },
      isChild && el('span', { class: 'branch', 'aria-hidden': 'true' }, '↳ '),
      isChild && el('span', { class: 'for-screen-readers' }, 'dialled: '),
      el('a', { href: `#/calls/${call.sid}` }, between(call)),
      el('span', { class: 'when' }, time(call.start_time ?? call.date_created),
        !isChild && call.parent_call_sid && ' · dialled by an earlier call')),
    el('td', {}, badge(call.status)),
    el('td', {}, duration(call)),
    el('td', { class: 'wide' }, el('code', {}, call.sid)));
}
