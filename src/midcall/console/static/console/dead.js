// Callbacks that were given up, and sending them again.

import { get, pathOf, post } from '/console/static/api.js';
import { command } from '/console/static/curl.js';
import { el, reconcile } from '/console/static/elements.js';
import { card, outcome } from '/console/static/parts.js';
import { time } from '/console/static/times.js';

const MOST = 100;

const KIND = { 'user-defined-message': 'message', 'status-callback': 'status', receipt: 'receipt' };

/** Make the list of dead entries, of one call or of all. It hides itself where there are none. */
export function deadEntries({ callSid = null, signal, again }) {
  const list = el('ul', { class: 'rows' });
  const done = outcome();
  const path = pathOf('Callbacks/Redrive');
  const all = el('button', { type: 'button', onclick: () => redriveAll() }, 'Send all again');
  const everything = el('div', { class: 'row' }, all, command('POST', path, { CallSid: callSid }).element);
  const element = card('Given up', el('p', { class: 'hint' }, 'No more attempts are made on these callbacks by themselves. See to the endpoint, then send them again.'),
    list, everything);
  const whole = el('div', {}, element, done.element);
  let sids = new Set();

  async function redriveAll() {
    await done.run(async () => {
      const { redriven } = await post(path, { CallSid: callSid });
      return `${redriven} ${redriven === 1 ? 'callback is' : 'callbacks are'} sent again.`;
    }, all);
    again();
  }

  async function redrive(id, button) {
    await done.run(async () => {
      await post(pathOf(`Callbacks/${id}`), { State: 'pending' });
      return 'The callback is sent again.';
    }, button);
    again();
  }

  async function refresh() {
    const { callbacks } = await get(pathOf('Callbacks'), { State: 'dead', CallSid: callSid, PageSize: MOST }, signal);
    sids = new Set(callbacks.map(({ id }) => id));
    element.hidden = !callbacks.length;
    everything.hidden = callbacks.length < 2;
    reconcile(list, callbacks, ({ id }) => id, (entry) => row(entry, callSid, redrive));
  }

  element.hidden = true;
  return { element: whole, refresh, redrive, has: (id) => sids.has(id) };
}

function row(entry, callSid, redrive) {
  const shown = el('span', { class: 'url' }, `${entry.method} ${entry.url}`);
  return el('li', {},
    el('p', { class: 'said' }, el('span', { class: 'badge', 'data-tone': 'bad' }, KIND[entry.kind] ?? entry.kind), shown),
    el('p', { class: 'soft' }, `${entry.attempt_count} ${entry.attempt_count === 1 ? 'attempt' : 'attempts'} · made `, time(entry.date_created),
      !callSid && [' · ', el('a', { href: `#/calls/${entry.call_sid}` }, 'the call')]),
    el('div', { class: 'row' },
      el('button', { type: 'button', 'aria-label': `Send again: ${entry.url}`, onclick: (event) => redrive(entry.id, event.currentTarget) }, 'Send again'),
      command('POST', pathOf(`Callbacks/${entry.id}`), { State: 'pending' }).element));
}
