// The first page: what a program needs to use this server, ready to copy.

import { get, pathOf, post } from '/console/static/api.js';
import { codeBlock, command, copyButton } from '/console/static/curl.js';
import { el, labelled, newId, reconcile, say } from '/console/static/elements.js';
import { card, heading, outcome } from '/console/static/parts.js';
import { SAMPLES, shell } from '/console/static/samples.js';
import { time } from '/console/static/times.js';

const MOST = 100;

/** Make the first view. */
export function startView({ signal }) {
  const credentials = credentialsCard();
  const keys = keysCard();
  const applications = el('tbody');
  const samples = samplesCard();
  const element = el('div', {}, heading('Start'), el('div', { class: 'columns' },
    el('div', { class: 'stack side' }, credentials.element),
    el('div', { class: 'stack main' }, samples.element,
      card('Try it', el('p', {}, el('a', { href: '#/phone' }, 'Open two phones'), ', call from one to the other, and watch the ',
        el('a', { href: '#/calls' }, 'calls'), '.'),
        el('p', {}, 'Every operation, parameter and answer: ', el('a', { href: '/docs' }, 'the API reference'), '.'))),
    el('div', { class: 'stack side' }, keys.element,
      card('Applications', el('p', { class: 'hint' }, 'A call from an SDK asks its application what to do. Its SID goes into the Access Token.'),
        el('table', {}, el('caption', { class: 'for-screen-readers' }, 'Applications'),
          el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, 'Name'), el('th', { scope: 'col' }, 'SID'))), applications)))));

  async function refresh() {
    const [account, found, active] = await Promise.all([
      get(pathOf(''), {}, signal),
      get(pathOf('Applications'), { PageSize: MOST }, signal),
      get(pathOf('Calls'), { Status: 'in-progress', PageSize: 1 }, signal),
      keys.refresh(signal),
    ]);
    credentials.show(account);
    samples.show({ origin: location.origin, host: location.host, account: account.sid, call: active.calls[0]?.sid ?? 'CA…' });
    reconcile(applications, found.applications, ({ sid }) => sid, ({ sid, friendly_name: name }) => el('tr', {},
      el('th', { scope: 'row' }, name || 'no name'), el('td', {}, el('code', {}, sid))));
  }

  return { name: 'start', title: 'Start', element, refresh };
}

function credentialsCard() {
  const sid = el('code');
  const token = el('code', { id: newId() });
  const address = el('code', {}, location.origin);
  let secret = '';
  let isShown = false;
  const reveal = el('button', { type: 'button', class: 'quiet', 'aria-controls': token.id, 'aria-label': 'Show the auth token', onclick: toggle }, 'Show');
  const setup = codeBlock('', 'the settings for a shell');
  const trust = codeBlock('', 'how to trust the development CA');

  function toggle() {
    isShown = !isShown;
    draw();
  }

  function draw() {
    say(token, isShown ? secret : '•'.repeat(16));
    say(reveal, isShown ? 'Hide' : 'Show');
    reveal.setAttribute('aria-label', isShown ? 'Hide the auth token' : 'Show the auth token');
  }

  function show(account) {
    secret = account.auth_token;
    say(sid, account.sid);
    setup.update(shell(account.sid).variables);
    trust.update(shell(account.sid).trust);
    draw();
  }

  const element = card('Credentials',
    el('dl', { class: 'facts credentials' },
      el('dt', {}, 'Account SID'), el('dd', {}, sid, ' ', copyButton(() => sid.textContent, 'the account SID', sid)),
      el('dt', {}, 'Auth token'), el('dd', {}, token, ' ', reveal, copyButton(() => secret, 'the auth token')),
      el('dt', {}, 'Address'), el('dd', {}, address, ' ', copyButton(() => location.origin, 'the address', address))),
    el('h3', {}, 'For your shell'), setup.element,
    el('details', {}, el('summary', {}, 'If the server made its own certificate'),
      el('p', { class: 'hint' }, 'In development ', el('code', {}, 'midcall dev'), ' makes a CA beside its store. Programs have to be told of it:'),
      trust.element));
  return { element, show };
}

function keysCard() {
  const body = el('tbody');
  const name = el('input', { maxlength: '64', placeholder: 'my server', autocomplete: 'off' });
  const made = el('div', { class: 'made', role: 'status' });
  const path = pathOf('Keys');
  const shown = command('POST', path, { FriendlyName: name.placeholder });
  const result = outcome();
  const button = el('button', {}, 'Make a key');
  const form = el('form', { class: 'stack', oninput: () => shown.update('POST', path, { FriendlyName: name.value }), onsubmit: make },
    labelled('Name of a new key', name), el('div', { class: 'row' }, button, shown.element), made, result.element);

  async function make(event) {
    event.preventDefault();
    await result.run(async () => {
      const key = await post(path, { FriendlyName: name.value.trim() });
      const code = el('code', {}, key.secret);
      made.replaceChildren(el('p', {}, 'The secret of ', el('code', {}, key.sid), ' is shown this once: ', code, ' ',
        copyButton(() => key.secret, 'the secret', code)));
      return '';
    }, button);
    await refresh(null);
  }

  async function refresh(signal) {
    const { keys } = await get(path, { PageSize: MOST }, signal);
    reconcile(body, keys, ({ sid }) => sid, (key) => el('tr', {},
      el('th', { scope: 'row' }, key.friendly_name || 'no name'), el('td', {}, el('code', {}, key.sid), el('span', { class: 'when' }, time(key.date_created)))));
  }

  const element = card('API keys', el('p', { class: 'hint' }, 'A key signs Access Tokens, and can stand in for the auth token.'),
    el('table', {}, el('caption', { class: 'for-screen-readers' }, 'API keys'),
      el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, 'Name'), el('th', { scope: 'col' }, 'SID'))), body), form);
  return { element, refresh };
}

/** Code for each library, one at a time (ARIA Authoring Practices, "Tabs"). */
function samplesCard() {
  const block = codeBlock('', 'the code');
  const note = el('p', { class: 'hint' });
  const panel = el('div', { role: 'tabpanel', id: newId(), class: 'stack' }, block.element, note);
  const tabs = SAMPLES.map(({ name }, index) => el('button', {
    type: 'button', role: 'tab', id: newId(), class: 'chip', 'aria-controls': panel.id, onclick: () => choose(index),
  }, name));
  let chosen = 0;
  let facts = null;

  function choose(index) {
    chosen = index;
    tabs.forEach((tab, each) => {
      tab.setAttribute('aria-selected', String(each === index));
      tab.setAttribute('tabindex', each === index ? '0' : '-1');
    });
    panel.setAttribute('aria-labelledby', tabs[index].id);
    if (!facts) return;
    block.update(SAMPLES[index].code(facts));
    say(note, SAMPLES[index].note ?? '');
  }

  function move(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const next = step ? (chosen + step + tabs.length) % tabs.length : { Home: 0, End: tabs.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    choose(next);
    tabs[next].focus();
  }

  function show(known) {
    facts = known;
    choose(chosen);
  }

  choose(0);
  const element = card('Use it from your code',
    el('p', {}, 'Send a message to a call, and get those that its device sends. The programs take the credentials from the shell.'),
    el('div', { class: 'filters', role: 'tablist', 'aria-label': 'Libraries', onkeydown: move }, tabs), panel);
  return { element, show };
}
