// Errors and warnings, newest first, with what to do about each.

import { adviceOn, get, pathOf } from '/console/static/api.js';
import { command } from '/console/static/curl.js';
import { el, labelled, reconcile } from '/console/static/elements.js';
import { pageOf, pager } from '/console/static/paging.js';
import { badge, heading, nothing, readable } from '/console/static/parts.js';
import { time } from '/console/static/times.js';

const PAGE_SIZE = 50;
const LEVELS = [['', 'Errors and warnings'], ['0', 'Errors'], ['1', 'Warnings']];

/** Make the view of all alerts. */
export function debuggerView({ query, setQuery, signal, again, announce }) {
  const list = el('ol', { class: 'alerts', 'aria-label': 'Errors and warnings' });
  const empty = nothing('Nothing has gone wrong.');
  const pages = pager('alerts');
  const path = pathOf('Notifications');
  const shown = command('GET', path, { Log: query.get('log') });
  const level = el('select', { onchange: () => change() }, LEVELS.map(([value, name]) => el('option', { value, selected: (query.get('log') ?? '') === value }, name)));
  let newest = null;

  function change() {
    query.delete('page');
    if (level.value) query.set('log', level.value);
    else query.delete('log');
    setQuery(query);
    shown.update('GET', path, { Log: level.value });
    newest = null;
    again();
  }

  async function refresh() {
    const [answer, advice] = await Promise.all([
      get(path, { Log: query.get('log'), PageSize: PAGE_SIZE, Page: pageOf(query) }, signal), adviceOn(),
    ]);
    const alerts = answer.notifications.map((alert) => ({ ...alert, advice: advice[alert.error_code] ?? null }));
    empty.hidden = alerts.length > 0;
    reconcile(list, alerts, ({ sid }) => sid, item);
    pages.show('/debugger', query, answer);
    const [first] = alerts;
    if (newest !== null && first && first.sid !== newest) announce(`${levelOf(first)} ${first.error_code}: ${first.message_text}`);
    newest = first?.sid ?? '';
  }

  const element = el('div', {}, heading('Debugger'),
    el('section', { class: 'card', 'aria-label': 'Errors and warnings' },
      el('div', { class: 'row' }, labelled('Show', level)), shown.element, empty, list, pages.element));
  return { name: 'debugger', title: 'Debugger', element, refresh };
}

function levelOf({ log }) {
  return log === '0' ? 'error' : 'warning';
}

function item(alert) {
  const whole = el('details', { 'data-part': 'whole' }, el('summary', {}, 'Request and response'));
  whole.addEventListener('toggle', () => { if (whole.open) showWhole(whole, alert.sid); });
  const { advice } = alert;
  return el('li', {},
    el('p', { class: 'said' }, badge(levelOf(alert)), el('strong', {}, alert.error_code), ' ', advice?.title ?? '',
      el('span', { class: 'soft' }, time(alert.message_date))),
    el('p', {}, alert.message_text),
    advice?.fix && el('p', { class: 'fix' }, advice.fix),
    alert.request_url && el('p', { class: 'url soft' }, `${alert.request_method ?? ''} ${alert.request_url}`),
    alert.call_sid && el('p', {}, el('a', { href: `#/calls/${alert.call_sid}` }, 'Look at the call')),
    whole);
}

async function showWhole(place, sid) {
  const summary = place.firstElementChild;
  try {
    const whole = await get(pathOf(`Notifications/${sid}`));
    const parts = [['Sent', whole.request_variables], ['Response headers', whole.response_headers], ['Response body', whole.response_body]]
      .filter(([, text]) => text)
      .flatMap(([name, text]) => [el('h3', {}, name), el('pre', { class: 'content' }, el('code', {}, readable(text)))]);
    place.replaceChildren(summary, ...(parts.length ? parts : [el('p', { class: 'soft' }, 'Nothing was kept of them.')]));
  } catch (error) {
    place.replaceChildren(summary, el('p', { class: 'trouble', role: 'alert' }, error.message || 'The server cannot be reached.'));
  }
}
