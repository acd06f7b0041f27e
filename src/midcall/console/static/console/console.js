// The console: who is logged in, which view is shown, and that it stays true.
//
// The address names the view: `#/calls/CA…?show=message`. A view is made once and refreshed
// whenever the server says that something changed.

import { LoggedOut, Problem, Unreachable } from '/console/static/api.js';
import { callView } from '/console/static/call.js';
import { callsView } from '/console/static/calls.js';
import { debuggerView } from '/console/static/debugger.js';
import { el, say } from '/console/static/elements.js';
import { endpointsView } from '/console/static/endpoints.js';
import { listen } from '/console/static/live.js';
import { loginView } from '/console/static/login.js';
import { phoneView } from '/console/static/phone-demo.js';
import { Refresher } from '/console/static/refresher.js';
import { messagesView } from '/console/static/search.js';
import { forget, logIn, logOut, session, takeKeyFromFragment } from '/console/static/session.js';
import { startView } from '/console/static/start.js';

const VIEWS = [
  [/^\/$/, startView],
  [/^\/calls$/, callsView],
  [/^\/calls\/(CA[0-9a-f]{32})$/, callView],
  [/^\/messages$/, messagesView],
  [/^\/endpoints$/, endpointsView],
  [/^\/debugger$/, debuggerView],
  [/^\/phone$/, phoneView],
];

const LIVE = { starting: 'Connecting…', live: 'Live', lost: 'Connection lost, trying again…' };

const part = Object.fromEntries(
  ['main', 'places', 'who', 'live', 'live-text', 'log-out', 'announcer', 'skip', 'demo']
    .map((id) => [id, document.getElementById(id)]));

let shown = null; // {path, view, leaving: AbortController, refresher}
let listening = null;

/** Say something to those who listen to the page. */
function announce(sentence) {
  say(part.announcer, sentence);
}

// --- Which view -------------------------------------------------------------------------------

/** What the address asks for: `{path, query}`. */
function asked() {
  const [path, query = ''] = location.hash.slice(1).split('?');
  return { path: path || '/', query: new URLSearchParams(query) };
}

/** Change the view's own part of the address, without a step back for each change. */
function setQuery(query) {
  const { path } = asked();
  history.replaceState(null, '', `#${path}${String(query) && `?${query}`}`);
}

async function go() {
  const key = takeKeyFromFragment();
  if (key) await enter(key);
  if (!session()) {
    showLogin(key ? 'This link was used already, or is too old. Log in, or take a new one.' : '');
    return;
  }
  const { path, query } = asked();
  const [, make, ...names] = VIEWS.map(([pattern, view]) => [pattern.test(path), view, ...(pattern.exec(path) ?? []).slice(1)])
    .find(([fits]) => fits) ?? [true, strangeView];
  open(path, make, { names, query });
}

function open(path, make, { names, query }) {
  const leaving = new AbortController();
  const view = make({ names, query, setQuery, announce, signal: leaving.signal, demo: part.demo, again: () => shown?.refresher.ask() });
  const trouble = el('div', { class: 'trouble', role: 'alert' });
  put(path, view, [view.element.firstElementChild, trouble, ...[...view.element.children].slice(1)], leaving);
  shown.refresher = new Refresher(() => view.refresh(), {
    signal: leaving.signal,
    failed: (error) => {
      part.main.removeAttribute('aria-busy');
      onTrouble(error, trouble);
    },
    worked: () => {
      part.main.removeAttribute('aria-busy');
      say(trouble, '');
    },
  });
  part.main.setAttribute('aria-busy', 'true');
  shown.refresher.ask();
  follow();
}

function put(path, view, children, leaving) {
  const before = shown;
  before?.leaving.abort();
  part.main.replaceChildren(...children);
  part.main.removeAttribute('aria-busy');
  document.title = `${view.title} · midcall console`;
  part.places.hidden = part.who.hidden = view.name === 'login';
  part.demo.hidden = view.name !== 'phone' || !part.demo.childElementCount;
  markPlace(path);
  shown = { path, view, leaving };
  // Who comes from another view hears where they are now; who just opened the page knows.
  if (before && view.name !== 'login') {
    scrollTo(0, 0);
    part.main.querySelector('h1')?.focus({ preventScroll: true });
  }
}

function markPlace(path) {
  for (const link of part.places.querySelectorAll('a')) {
    const place = link.hash.slice(1);
    const isHere = place === path || (place !== '/' && path.startsWith(`${place}/`));
    if (isHere) link.setAttribute('aria-current', place === path ? 'page' : 'true');
    else link.removeAttribute('aria-current');
  }
}

function strangeView() {
  return {
    name: 'strange',
    title: 'Nothing here',
    element: el('div', {}, el('h1', { tabindex: '-1' }, 'Nothing here'),
      el('p', {}, 'This address names nothing that the console shows. ', el('a', { href: '#/calls' }, 'Look at the calls'), ' instead.')),
    refresh: async () => {},
  };
}

// --- Who is here ------------------------------------------------------------------------------

async function enter(key) {
  forget();
  try {
    await logIn({ key });
  } catch {
    // The log-in says what to do.
  }
}

function showLogin(sentence) {
  listening?.abort();
  listening = null;
  const view = loginView({ sentence, entered: go });
  put(asked().path, view, [...view.element.children], new AbortController());
}

function onTrouble(error, place) {
  if (error instanceof LoggedOut) {
    showLogin('You have been logged out. Log in again to go on where you were.');
  } else if (error instanceof Problem) {
    say(place, error.code ? `${error.message} (error ${error.code})` : error.message);
  } else if (error instanceof Unreachable) {
    say(place, error.message);
  } else {
    say(place, 'This page made a mistake. Load it again; if it stays, tell us.');
    throw error;
  }
}

/** Listen to the server, once, for as long as somebody is logged in. */
function follow() {
  if (listening) return;
  listening = new AbortController();
  listen(listening.signal, {
    changed: () => shown?.refresher?.ask(),
    show: (state) => {
      part.live.dataset.live = state;
      say(part['live-text'], LIVE[state]);
    },
    refused: () => {
      forget();
      onTrouble(new LoggedOut());
    },
  });
}

part['log-out'].addEventListener('click', async () => {
  await logOut();
  part.demo.replaceChildren();
  history.replaceState(null, '', location.pathname);
  showLogin('You are logged out.');
});
part.skip.addEventListener('click', (event) => {
  event.preventDefault();
  part.main.focus();
});
addEventListener('hashchange', go);
go();
