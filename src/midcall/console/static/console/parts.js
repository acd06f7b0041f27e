// What several views show alike: who, status, empty lists, and what was asked to be done.

import { LoggedOut } from '/console/static/api.js';
import { el, say } from '/console/static/elements.js';

const STATUS = {
  queued: 'queued', ringing: 'ringing', 'in-progress': 'in progress', completed: 'completed',
  busy: 'busy', 'no-answer': 'no answer', canceled: 'canceled', failed: 'failed',
};

const TONE = {
  queued: 'busy', ringing: 'busy', 'in-progress': 'good', failed: 'bad', 'no-answer': 'bad', busy: 'bad',
  accepted: 'busy', held: 'busy', sent: 'busy', delivered: 'good', expired: 'bad', pending: 'busy', waiting: 'busy',
  retry: 'busy', 'gave-up': 'bad', dead: 'bad', error: 'bad', warning: 'busy',
};

/** Whether a call is not over yet. */
export function isActive(call) {
  return ['queued', 'ringing', 'in-progress'].includes(call.status);
}

/** Show a state or a status as a word with a colour; the word alone says it. */
export function badge(word, shown = STATUS[word] ?? word) {
  return el('span', { class: 'badge', 'data-tone': TONE[word] ?? null }, shown);
}

/** Write whom an address means: `client:alice` is alice. */
export function person(address) {
  return (address ?? '').replace(/^client:/, '') || 'nobody';
}

/** Write between whom a call is. An SDK's own leg leads to its application, which is nobody's name. */
export function between(call) {
  return call.to ? `${person(call.from)} → ${person(call.to)}` : `${person(call.from)} calls`;
}

/** A sentence for a list with nothing in it, that says what to do next. */
export function nothing(...text) {
  return el('p', { class: 'empty' }, ...text);
}

/** A heading of a view: it takes the focus when somebody comes here. */
export function heading(...text) {
  return el('h1', { tabindex: '-1' }, ...text);
}

/** A part of a view under a heading. */
export function card(title, ...children) {
  return el('section', { class: 'card' }, el('h2', {}, title), ...children);
}

/** Content as a person reads it: JSON with indentation where it is long, else on one line. */
export function readable(text) {
  try {
    const long = JSON.stringify(JSON.parse(text), null, 2);
    // Strings keep what they are: a line break in one is written as a backslash and an n.
    const line = long.replace(/([[{])\n */g, '$1').replace(/\n *([\]}])/g, '$1').replace(/\n */g, ' ');
    return line.length <= 70 ? line : long;
  } catch {
    return text ?? '';
  }
}

/**
 * Make a place that says how an action went, and `run(work)`, which does it and says so there.
 *
 * `work` returns the sentence for when it went well.
 */
export function outcome() {
  const good = el('p', { class: 'hint', role: 'status' });
  const bad = el('p', { class: 'trouble', role: 'alert' });
  async function run(work, button = null) {
    say(bad, '');
    say(good, '');
    if (button) button.disabled = true;
    try {
      say(good, await work());
      return true;
    } catch (error) {
      if (error instanceof LoggedOut) location.reload();
      say(bad, error.code ? `${error.message} (error ${error.code})` : error.message);
      return false;
    } finally {
      if (button) button.disabled = false;
    }
  }
  return { element: el('div', { class: 'outcome' }, good, bad), run };
}
