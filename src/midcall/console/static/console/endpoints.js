// The application's servers, as they have answered during the last day; and what they still owe.

import { get, pathOf } from '/console/static/api.js';
import { command } from '/console/static/curl.js';
import { deadEntries } from '/console/static/dead.js';
import { el, reconcile } from '/console/static/elements.js';
import { badge, card, heading, nothing } from '/console/static/parts.js';
import { time } from '/console/static/times.js';

const COLUMNS = ['Host', 'Health', 'Requests', 'Failures', 'Median', '95 %', 'Pending', 'Given up', 'Last'];

/** Make the view of all endpoints. */
export function endpointsView({ signal, again }) {
  const empty = nothing('No request has been made to any endpoint during the last day. Subscribe to a call’s messages on its page, or give an application a Voice URL.');
  const table = el('table', {},
    el('caption', { class: 'for-screen-readers' }, 'Endpoints of the last 24 hours'),
    el('thead', {}, el('tr', {}, COLUMNS.map((name) => el('th', { scope: 'col' }, name)))));
  const body = el('tbody');
  table.append(body);
  const scroll = el('div', { class: 'scroll', role: 'region', tabindex: '0', 'aria-label': 'Endpoints' }, table);
  const dead = deadEntries({ signal, again });
  const element = el('div', {}, heading('Endpoints'),
    card('The last 24 hours', empty, scroll, command('GET', pathOf('Endpoints')).element), dead.element);

  async function refresh() {
    const [{ endpoints }] = await Promise.all([get(pathOf('Endpoints'), { PageSize: 200 }, signal), dead.refresh()]);
    empty.hidden = endpoints.length > 0;
    scroll.hidden = !endpoints.length;
    reconcile(body, endpoints, ({ host }) => host, row);
  }

  return { name: 'endpoints', title: 'Endpoints', element, refresh };
}

function row(endpoint) {
  const { requests, failures, pending, dead } = endpoint;
  const number = (value) => el('td', { class: 'number' }, value === null || value === undefined ? '–' : String(value));
  return el('tr', {},
    el('th', { scope: 'row' }, el('code', {}, endpoint.host), endpoint.last_error && el('p', { class: 'soft' }, endpoint.last_error)),
    el('td', {}, health(endpoint)),
    number(requests), number(failures),
    number(milliseconds(endpoint.median_ms)), number(milliseconds(endpoint.p95_ms)),
    number(pending), number(dead),
    el('td', {}, endpoint.last_status ? `${endpoint.last_status}, ` : '', time(endpoint.last_date)));
}

function milliseconds(value) {
  return value === null || value === undefined ? null : `${value} ms`;
}

/** Say how an endpoint is: what counts is how the last request went, and what waits. */
function health({ last_error: error, last_status: status, failures, dead }) {
  if (error || (status && status >= 400)) return badge('failed', 'failing');
  if (dead) return badge('warning', 'owes');
  return failures ? badge('warning', 'works again') : badge('delivered', 'works');
}
