// What happened, item by item: a line for the eye, and everything else behind it.

import { el } from '/console/static/elements.js';
import { badge, readable } from '/console/static/parts.js';
import { time } from '/console/static/times.js';

const KIND = {
  message: 'message', attempt: 'callback', request: 'request', status: 'status', verb: 'TwiML',
  received: 'frame', sent: 'frame', quality: 'quality', report: 'report', alert: 'alert',
};
const CALLBACK = {
  'user-defined-message': 'Message callback', 'status-callback': 'Status callback', receipt: 'Receipt',
};
const OUTCOME = { delivered: 'delivered', retry: 'failed, is tried again', 'gave-up': 'given up' };
const MESSAGE_FACTS = ['content', 'state', 'content_type'];
const ATTEMPT_FACTS = ['kind', 'outcome', 'response_code', 'duration_ms', 'error'];
const REQUEST_FACTS = ['status', 'duration_ms', 'response_body', 'body'];

/** Show one item. `act.redrive(id)` sends a callback again. */
export function itemOf(item, act) {
  const show = SHOW[item.kind] ?? showOther;
  return el('li', { 'data-kind': item.kind, 'data-name': item.name },
    el('div', { class: 'whence' }, time(item.date, { precise: true }), ' ', el('span', { class: 'kind' }, KIND[item.kind] ?? item.kind)),
    el('div', { class: 'what' }, show(item, act)));
}

const SHOW = {
  message: ({ name, sid, details }) => messageParts({ direction: name, sid, ...details }),
  attempt: showAttempt,
  request: ({ name, details }) => [
    line(el('span', { class: 'url' }, name), responseBadge(details.status), milliseconds(details.duration_ms)),
    folded('Request and response', exchangeParts(details)),
  ],
  status: ({ name, details }) => [line('The call is ', badge(name)), facts(details)],
  verb: ({ name, details }) => [line(el('code', {}, `<${name}>`), chips(details))],
  received: ({ name, details }) => [line(el('code', {}, name), ' from the device ', chips(details))],
  sent: ({ name, details }) => [line(el('code', {}, name), ' to the device ', chips(details))],
  quality: ({ name, details }) => [line(name === 'quality' ? 'The SDK measured' : name, chips(details))],
  report: ({ name, details: { level, ...details } }) => [
    line('The SDK reports ', el('strong', {}, name), ['warning', 'error'].includes(level) ? badge(level) : null, chips(details)),
  ],
  alert: ({ name, details, seen }) => [
    line(badge(details.level ?? 'error'), el('strong', {}, name)),
    el('p', {}, details.text ?? ''),
    seen?.fix && el('p', { class: 'fix' }, seen.fix),
    details.url && el('p', { class: 'url soft' }, details.url),
  ],
};

function showOther({ name, details }) {
  return [line(name), facts(details)];
}

/** The parts of a message: whence, content, how far it has come. */
export function messageParts({ direction, sid, state, content, content_type: type, ...rest }) {
  const settled = rest.date_settled;
  return [
    line(el('span', { class: 'direction' }, direction === 'downlink' ? 'To the device' : 'From the device'), badge(state),
      state === 'delivered' && settled ? el('span', { class: 'soft' }, time(settled)) : null),
    el('pre', { class: 'content' }, el('code', {}, readable(content))),
    folded('About this message', [facts({ sid, content_type: type, ...rest }, MESSAGE_FACTS)]),
  ];
}

function showAttempt({ details, exchange, seen }, act) {
  const { kind, url, outcome, callback_id: id } = details;
  const title = line(el('span', {}, CALLBACK[kind] ?? kind), badge(outcome, OUTCOME[outcome] ?? outcome),
    responseBadge(details.response_code), milliseconds(details.duration_ms));
  return [
    title,
    el('p', { class: 'url' }, url),
    details.error && el('p', { class: 'soft' }, details.error),
    seen?.dead && el('button', { type: 'button', onclick: (event) => act.redrive(id, event.currentTarget) }, 'Send again'),
    folded('Request and response', [facts(details, [...ATTEMPT_FACTS, 'url']), ...(exchange ? exchangeParts(exchange) : [])]),
  ];
}

/** A request's parameters and its response: the names that are the exchange's own come first. */
function exchangeParts(details) {
  const body = details.response_body ?? details.body;
  return [
    facts(details, REQUEST_FACTS),
    el('p', { class: 'soft' }, details.status ? `Answered ${details.status}${body ? ':' : ' with no body.'}` : 'There was no answer.'),
    body ? el('pre', { class: 'content' }, el('code', {}, readable(body))) : null,
  ];
}

function line(...children) {
  return el('p', { class: 'said' }, children);
}

function responseBadge(code) {
  if (!code || code === 'null') return null;
  return el('span', { class: 'badge', 'data-tone': Number(code) < 300 ? 'good' : 'bad' }, String(code));
}

function milliseconds(text) {
  return text ? el('span', { class: 'soft' }, `${text} ms`) : null;
}

function chips(details) {
  return el('span', { class: 'chips' }, Object.entries(details).map(([name, value]) => el('code', {}, `${name}=${value}`)));
}

function folded(summary, children) {
  return el('details', { 'data-part': summary }, el('summary', {}, summary), ...children);
}

/** Names and values. Dates are shown as times, JSON so that it can be read. */
export function facts(details, without = []) {
  const shown = Object.entries(details ?? {}).filter(([name, value]) => !without.includes(name)
    && value !== null && value !== undefined && value !== '' && value !== 'null');
  if (!shown.length) return null;
  return el('dl', { class: 'facts' }, shown.flatMap(([name, value]) => [
    el('dt', {}, name.replaceAll('_', ' ')),
    el('dd', {}, name.startsWith('date_') ? time(value) : el('code', {}, readable(String(value)))),
  ]));
}
