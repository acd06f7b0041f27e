// A call's page: what it is, what happened to it, and what can be done to it.

import { adviceOn, get, pathOf } from '/console/static/api.js';
import { endCall, sendMessage, subscribe, subscriptions } from '/console/static/actions.js';
import { familiesOf } from '/console/static/calls.js';
import { charts } from '/console/static/charts.js';
import { copyButton } from '/console/static/curl.js';
import { deadEntries } from '/console/static/dead.js';
import { el, reconcile, say } from '/console/static/elements.js';
import { badge, between, card, heading, isActive } from '/console/static/parts.js';
import { Reader, Timeline } from '/console/static/timeline.js';
import { duration, time } from '/console/static/times.js';

const OVER = 'The call is over; only active calls take this.';
const QUEUED = 'The call has not begun to ring yet.';
const MOST_LEGS = 50;

/** Make the view of one call. */
export function callView({ names: [sid], query, setQuery, signal, announce, again }) {
  const title = heading('Call');
  const top = summary(sid);
  const [send, subscription, end] = [sendMessage(sid), subscribe(sid), endCall(sid)];
  const subscribed = subscriptions(sid, signal, again);
  const dead = deadEntries({ callSid: sid, signal, again });
  const quality = charts();
  const timeline = new Timeline({ query, setQuery, announce, act: dead });
  const reader = new Reader(sid, signal);
  top.element.append(end.element);
  const element = el('div', {}, title, el('div', { class: 'columns' },
    el('div', { class: 'stack side' }, top.element, send.element),
    el('div', { class: 'stack main' }, dead.element, quality.element, card('Timeline', timeline.element)),
    el('div', { class: 'stack side' }, subscription.element, subscribed.element)));

  async function refresh() {
    const [call, advice] = await Promise.all([get(pathOf(`Calls/${sid}`), {}, signal), adviceOn()]);
    const [legs] = await Promise.all([legsOf(call, signal), dead.refresh(), subscribed.refresh()]);
    const items = await reader.read();
    say(title, between(call));
    document.title = `${between(call)} · midcall console`;
    top.show(call, legs);
    const why = isActive(call) ? (call.status === 'queued' ? QUEUED : '') : OVER;
    send.allow(why);
    subscription.allow(why);
    end.allow(isActive(call));
    quality.show(items);
    timeline.show(items, { of: (item) => seen(item, dead, advice) });
  }

  return { name: 'call', title: 'Call', element, refresh };
}

/** What the page knows of an item beside what the timeline says. */
function seen({ kind, name, details }, dead, advice) {
  if (kind === 'attempt') return { dead: details.outcome === 'gave-up' && dead.has(details.callback_id) };
  if (kind === 'alert') return { fix: advice[name]?.fix };
  return null;
}

/** The calls that belong together with this one: a parent and its children, itself among them. */
async function legsOf(call, signal) {
  const head = call.parent_call_sid ?? call.sid;
  const [parent, children] = await Promise.all([
    call.parent_call_sid ? get(pathOf(`Calls/${head}`), {}, signal).catch(() => null) : call,
    get(pathOf('Calls'), { ParentCallSid: head, PageSize: MOST_LEGS }, signal),
  ]);
  return familiesOf([parent, ...children.calls].filter(Boolean)).flat();
}

function summary(sid) {
  const status = el('p', { class: 'said' });
  const facts = el('dl', { class: 'facts' });
  const legs = el('ul', { class: 'legs' });
  const element = el('section', { class: 'card', 'aria-label': 'The call' }, status, facts, legs);
  const code = el('code', {}, sid);
  const copy = copyButton(() => sid, 'the CallSid', code);
  element.insertBefore(el('p', { class: 'said' }, code, copy), facts);

  function show(call, family) {
    reconcile(status, [call], () => 'status', () => el('span', {}, badge(call.status), ' ', duration(call)));
    reconcile(facts, factsOf(call), ([name]) => name, ([name, value]) => el('div', {}, el('dt', {}, name),
      el('dd', {}, name.endsWith('ed at') ? time(value) : value)));
    legs.hidden = family.length < 2;
    reconcile(legs, family, (leg) => leg.sid, (leg) => el('li', {},
      leg.parent_call_sid && el('span', { class: 'branch', 'aria-hidden': 'true' }, '↳ '),
      leg.sid === sid ? el('strong', { 'aria-current': 'page' }, between(leg)) : el('a', { href: `#/calls/${leg.sid}` }, between(leg)),
      ' ', badge(leg.status)));
  }

  return { element, show };
}

function factsOf(call) {
  return [
    ['From', call.from], ['To', call.to], ['Direction', call.direction],
    ['Created at', call.date_created], ['Started at', call.start_time], ['Ended at', call.end_time],
  ].filter(([, value]) => value);
}
