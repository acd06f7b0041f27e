// Messages of all calls: what is in them, which way they went, how far they have come.

import { get, pathOf } from '/console/static/api.js';
import { command } from '/console/static/curl.js';
import { el, labelled, reconcile, say } from '/console/static/elements.js';
import { facts, messageParts } from '/console/static/items.js';
import { pageOf, pager } from '/console/static/paging.js';
import { heading, nothing } from '/console/static/parts.js';
import { time } from '/console/static/times.js';

const PAGE_SIZE = 50;
const TYPING_MS = 300;
const DIRECTIONS = { '': 'Both', downlink: 'To devices', uplink: 'From devices' };
const STATES = ['', 'accepted', 'held', 'sent', 'delivered', 'expired', 'failed'];
const NAMES = { search: 'Search', direction: 'Direction', state: 'State', call: 'CallSid' };

/** Make the view of all messages. */
export function messagesView({ query, setQuery, signal, again }) {
  const form = searchForm(query);
  const list = el('ol', { class: 'timeline', 'aria-label': 'Messages' });
  const found = el('p', { class: 'hint', role: 'status' });
  const empty = nothing();
  const pages = pager('messages');
  const path = pathOf('UserDefinedMessages');
  const shown = command('GET', path, wanted());
  let typing = null;

  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(change, TYPING_MS);
  });

  function change() {
    if (signal.aborted) return;
    query.delete('page');
    for (const name of Object.keys(NAMES)) {
      const value = form.elements[name].value.trim();
      if (value) query.set(name, value);
      else query.delete(name);
    }
    setQuery(query);
    shown.update('GET', path, wanted());
    again();
  }

  function wanted() {
    return Object.fromEntries(Object.entries(NAMES).map(([name, parameter]) => [parameter, query.get(name)]));
  }

  async function refresh() {
    const answer = await get(path, { ...wanted(), PageSize: PAGE_SIZE, Page: pageOf(query) }, signal);
    const messages = answer.user_defined_messages;
    const searching = Object.keys(NAMES).some((name) => query.get(name));
    reconcile(list, messages, ({ sid }) => sid, message);
    empty.hidden = messages.length > 0;
    say(empty, searching ? 'No message is like that. Look for less of its text, or in all states.'
      : 'There are no messages yet. Open a call’s page and send one.');
    say(found, searching ? `${messages.length}${answer.next_page_uri ? ' and more' : ''} found` : '');
    pages.show('/messages', query, answer);
  }

  const element = el('div', {}, heading('Messages'),
    el('section', { class: 'card', 'aria-label': 'Search' }, form, shown.element),
    el('section', { class: 'card', 'aria-label': 'Messages' }, found, empty, list, pages.element));
  return { name: 'messages', title: 'Messages', element, refresh };
}

function searchForm(query) {
  const choice = (name, options) => el('select', { name }, options.map(([value, shown]) => el('option',
    { value, selected: (query.get(name) ?? '') === value }, shown)));
  return el('form', { class: 'row', role: 'search', 'aria-label': 'Messages' },
    labelled('Text in the content', el('input', { name: 'search', type: 'search', maxlength: '200', value: query.get('search') ?? '', spellcheck: 'false' })),
    labelled('Direction', choice('direction', Object.entries(DIRECTIONS))),
    labelled('State', choice('state', STATES.map((state) => [state, state || 'all']))),
    labelled('CallSid', el('input', { name: 'call', value: query.get('call') ?? '', placeholder: 'CA…', spellcheck: 'false', autocapitalize: 'none' })));
}

function message(one) {
  const attempts = el('details', { 'data-part': 'attempts' }, el('summary', {}, 'Attempts'));
  attempts.addEventListener('toggle', () => { if (attempts.open) showAttempts(attempts, one); });
  return el('li', { 'data-kind': 'message', 'data-name': one.direction },
    el('div', { class: 'whence' }, time(one.date_created), ' ', el('a', { href: `#/calls/${one.call_sid}` }, `in ${one.call_sid.slice(0, 8)}…`)),
    el('div', { class: 'what' },
      ...messageParts({
        direction: one.direction, sid: one.sid, state: one.state, content: one.content, content_type: one.content_type,
        sequence_number: one.sequence_number, call_sid: one.call_sid, in_reply_to: one.in_reply_to,
        date_held: one.date_held, date_sent: one.date_sent, date_settled: one.date_settled,
      }),
      attempts));
}

async function showAttempts(place, { call_sid: call, sid }) {
  const summary = place.firstElementChild;
  try {
    const { attempts } = await get(pathOf(`Calls/${call}/UserDefinedMessages/${sid}`));
    place.replaceChildren(summary, ...(attempts.length ? attempts.map((attempt) => facts(attempt))
      : [el('p', { class: 'soft' }, 'No request was made for it.')]));
  } catch (error) {
    place.replaceChildren(summary, el('p', { class: 'trouble', role: 'alert' }, error.message || 'The server cannot be reached.'));
  }
}
