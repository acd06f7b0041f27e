// One list of everything that happened to a call, and what of it is shown.

import { get, pathOf } from '/console/static/api.js';
import { el, reconcile, say } from '/console/static/elements.js';
import { itemOf } from '/console/static/items.js';
import { nothing } from '/console/static/parts.js';

const PAGE_SIZE = 500;
const MOST_PAGES = 20;
const SHOWN_AT_FIRST = 200;

/** What can be shown and left out, in the order of the buttons. */
const GROUPS = [
  { name: 'message', label: 'Messages', kinds: ['message'] },
  { name: 'attempt', label: 'Callbacks', kinds: ['attempt'] },
  { name: 'request', label: 'Requests', kinds: ['request'] },
  { name: 'status', label: 'Status', kinds: ['status'] },
  { name: 'verb', label: 'TwiML', kinds: ['verb'] },
  { name: 'frame', label: 'Frames', kinds: ['received', 'sent'] },
  { name: 'alert', label: 'Alerts', kinds: ['alert'] },
  { name: 'report', label: 'Reports', kinds: ['report'] },
  { name: 'quality', label: 'Quality', kinds: ['quality'] },
];
const AT_FIRST = GROUPS.map(({ name }) => name).filter((name) => name !== 'quality');

/** Reads the timeline of a call: everything at first, then only what may have changed. */
export class Reader {
  constructor(callSid, signal) {
    Object.assign(this, { path: pathOf(`Calls/${callSid}/Timeline`), signal, pages: [] });
  }

  /** Return all items, oldest first. Old ones seldom change, so only the last two pages are asked for. */
  async read() {
    let number = Math.max(0, this.pages.length - 2);
    for (; number < MOST_PAGES; number += 1) {
      const answer = await get(this.path, { PageSize: PAGE_SIZE, Page: number }, this.signal);
      this.pages[number] = answer.timeline;
      if (!answer.next_page_uri) break;
    }
    return this.pages.flat();
  }
}

/** The list, its buttons, and what is new in it. */
export class Timeline {
  /** `act` is what items may ask for, `{redrive(id)}`; `query` and `setQuery` keep what is shown. */
  constructor({ query, setQuery, announce, act }) {
    Object.assign(this, { query, setQuery, announce, act, items: [], limit: SHOWN_AT_FIRST, known: null });
    this.buttons = el('div', { class: 'filters', role: 'group', 'aria-label': 'What is shown' });
    this.order = el('button', { type: 'button', class: 'quiet', onclick: () => this.turn() });
    this.list = el('ol', { class: 'timeline', 'aria-label': 'What happened' });
    this.more = el('button', { type: 'button', hidden: true, onclick: () => this.showMore() });
    this.empty = nothing('Nothing of this kind has happened. Choose what is shown above.');
    this.element = el('div', {}, el('div', { class: 'bar' }, this.buttons, this.order), this.empty, this.list, this.more);
    this.empty.hidden = true;
    this.nameOrder();
  }

  get names() {
    return this.query.has('show') ? this.query.get('show').split(',') : AT_FIRST;
  }

  get oldestFirst() {
    return this.query.get('order') === 'oldest';
  }

  /** Show the items that were read, oldest first. `context` is what they are seen in. */
  show(items, context) {
    Object.assign(this, { items: joined(items), context });
    this.draw();
    this.tell();
  }

  draw() {
    const { items, names, oldestFirst } = this;
    const groups = GROUPS.map((group) => ({
      ...group,
      count: items.filter(({ kind }) => group.kinds.includes(kind)).length,
      pressed: names.includes(group.name),
    }));
    const shown = new Set(groups.filter(({ pressed }) => pressed).flatMap(({ kinds }) => kinds));
    reconcile(this.buttons, groups.filter(({ count }) => count), ({ name }) => name, (group) => this.button(group));
    this.nameOrder();
    const chosen = items.filter(({ kind }) => shown.has(kind));
    const ordered = oldestFirst ? chosen : chosen.toReversed();
    const { context } = this;
    const cut = ordered.slice(0, this.limit).map((item) => ({ ...item, seen: context.of(item) }));
    reconcile(this.list, cut, ({ key }) => key, (item) => itemOf(item, this.act));
    this.more.hidden = ordered.length <= this.limit;
    say(this.more, `Show ${Math.min(SHOWN_AT_FIRST, ordered.length - this.limit)} more of ${ordered.length}`);
    this.empty.hidden = ordered.length > 0;
  }

  button({ name, label, count, pressed }) {
    return el('button', { type: 'button', class: 'chip', 'aria-pressed': String(pressed), onclick: () => this.toggle(name) },
      label, ' ', el('span', { class: 'count' }, String(count)));
  }

  toggle(name) {
    const names = this.names.includes(name) ? this.names.filter((each) => each !== name) : [...this.names, name];
    this.query.set('show', names.join(','));
    this.setQuery(this.query);
    this.draw();
  }

  nameOrder() {
    const { oldestFirst } = this;
    say(this.order, oldestFirst ? 'Oldest first' : 'Newest first');
    this.order.setAttribute('aria-label', oldestFirst ? 'Oldest first; show the newest first' : 'Newest first; show the oldest first');
  }

  turn() {
    if (this.oldestFirst) this.query.delete('order');
    else this.query.set('order', 'oldest');
    this.setQuery(this.query);
    this.draw();
  }

  showMore() {
    this.limit += SHOWN_AT_FIRST;
    this.draw();
  }

  /** Say which messages are new, and which of the known ones came out how. */
  tell() {
    const states = new Map(this.items.filter(({ kind }) => kind === 'message').map((item) => [item.key, item]));
    const before = this.known;
    this.known = new Map([...states].map(([key, item]) => [key, item.details.state]));
    if (before === null) return; // What was there already is no news.
    const news = [...states.values()].filter((item) => before.get(item.key) !== item.details.state);
    const last = news.at(-1);
    if (!last) return;
    const whence = last.name === 'downlink' ? 'Message to the device' : 'Message from the device';
    this.announce(before.has(last.key) ? `${whence}: ${last.details.state}` : `${whence}: ${last.details.content ?? ''}`);
  }
}

/**
 * Give each item a key, and put each attempt together with the request that it was.
 *
 * The server tells of them one by one: the outbox knows why there was a request, the exchange what
 * was in it.
 */
export function joined(items) {
  const requests = items.filter(({ kind }) => kind === 'request');
  const taken = new Set();
  const times = new Map();
  const keyed = items.map((item) => {
    const name = item.kind === 'message' ? item.sid : `${item.date} ${item.kind} ${item.name}`;
    const number = (times.get(name) ?? 0) + 1;
    times.set(name, number);
    const exchange = item.kind === 'attempt' ? requestOf(item, requests, taken) : null;
    if (exchange) taken.add(exchange);
    return { ...item, source: item, key: `${item.kind} ${name} ${number}`, exchange: exchange?.details ?? null };
  });
  return keyed.filter(({ source }) => !taken.has(source)).map(({ source, ...item }) => item);
}

function requestOf({ date, details }, requests, taken) {
  return requests.find((request) => !taken.has(request)
    && request.name.endsWith(` ${details.url}`)
    && Math.abs(Date.parse(request.date) - Date.parse(date)) <= 1000
    && request.details.duration_ms === details.duration_ms);
}
