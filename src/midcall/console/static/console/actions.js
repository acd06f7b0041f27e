// What can be done to a call from its page. Each form shows the request that it makes.

import { NotJson, contentOf } from '/phone/messages.js';
import { get, pathOf, post, remove } from '/console/static/api.js';
import { command } from '/console/static/curl.js';
import { el, labelled, newId, reconcile } from '/console/static/elements.js';
import { card, outcome } from '/console/static/parts.js';
import { time } from '/console/static/times.js';

/** Make a form around fields, the command of what it does, and a button that does it. */
function action({ title, fields, button, danger = false, request, done }) {
  const [, path, parameters] = request();
  const shown = command('POST', path, parameters);
  const result = outcome();
  const submit = el('button', { class: danger ? 'danger' : 'primary' }, button);
  const form = el('form', { class: 'stack', onsubmit: (event) => send(event), oninput: () => shown.update(...request()) },
    fields, el('div', { class: 'row' }, submit, shown.element), result.element);
  const closed = el('p', { class: 'hint', hidden: true });

  async function send(event) {
    event.preventDefault();
    const worked = await result.run(async () => {
      const [, where, what] = request(true);
      return done(await post(where, what));
    }, submit);
    if (worked) {
      form.reset();
      shown.update(...request());
    }
  }

  /** Take or refuse, with the reason. */
  function allow(reason = '') {
    closed.textContent = reason;
    closed.hidden = !reason;
    for (const field of form.elements) field.disabled = Boolean(reason);
  }

  return { element: card(title, closed, form), allow };
}

/** Make the form that sends a message to a call's device. */
export function sendMessage(callSid) {
  const content = el('textarea', { rows: '3', required: true, spellcheck: 'false', placeholder: '{"hello": "from the console"}' });
  content.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    content.form.requestSubmit();
  });
  return action({
    title: 'Send a message',
    fields: labelled('Content', content, 'JSON, or plain text, which becomes {"text": …}. Enter sends.'),
    button: 'Send',
    request: (strict) => ['POST', pathOf(`Calls/${callSid}/UserDefinedMessages`), { Content: asJson(content.value, strict) }],
    done: ({ sid }) => `Accepted as ${sid}.`,
  });
}

function asJson(text, strict) {
  try {
    return JSON.stringify(contentOf(text || '{"hello": "from the console"}'));
  } catch (error) {
    if (strict || !(error instanceof NotJson)) throw error;
    return text; // It is still being typed.
  }
}

/** Make the form that subscribes to a call's messages. */
export function subscribe(callSid) {
  const url = el('input', { type: 'url', required: true, placeholder: 'https://example.com/messages', autocomplete: 'url' });
  const replay = el('input', { type: 'checkbox' });
  return action({
    title: 'Subscribe to its messages',
    fields: [
      labelled('Callback', url, 'Gets a signed request for every message from the device.'),
      el('label', { class: 'check' }, replay, 'Begin with the messages that came already'),
    ],
    button: 'Subscribe',
    request: () => ['POST', pathOf(`Calls/${callSid}/UserDefinedMessageSubscriptions`),
      { Callback: url.value || url.placeholder, Method: 'POST', Replay: replay.checked ? 'true' : '' }],
    done: ({ sid }) => `Subscribed as ${sid}.`,
  });
}

/** Make the button that ends a call, which asks once more. */
export function endCall(callSid) {
  const path = pathOf(`Calls/${callSid}`);
  const result = outcome();
  const id = newId();
  const shown = command('POST', path, { Status: 'completed' });
  const yes = el('button', { type: 'button', class: 'danger', onclick: end }, 'End it');
  const dialog = el('dialog', { 'aria-labelledby': id },
    el('h2', { id }, 'End this call?'),
    el('p', {}, 'Everybody in it is hung up, and messages that wait for the device expire.'),
    shown.element,
    el('form', { method: 'dialog', class: 'row' }, yes, el('button', {}, 'Keep it')));
  const button = el('button', { type: 'button', class: 'danger', onclick: () => dialog.showModal() }, 'End the call');

  async function end() {
    dialog.close();
    await result.run(async () => {
      await post(path, { Status: 'completed' });
      return 'The call is being ended.';
    }, button);
  }

  return {
    element: el('div', { class: 'end' }, button, dialog, result.element),
    allow: (may) => { button.hidden = !may; },
  };
}

/** Make the list of a call's subscriptions. */
export function subscriptions(callSid, signal, again) {
  const path = pathOf(`Calls/${callSid}/UserDefinedMessageSubscriptions`);
  const list = el('ul', { class: 'rows' });
  const result = outcome();
  const section = card('Subscriptions', list);
  const element = el('div', {}, section, result.element);

  async function end(subscription, button) {
    await result.run(async () => {
      await remove(pathOf(`Calls/${callSid}/UserDefinedMessageSubscriptions/${subscription.sid}`));
      return 'The subscription is over.';
    }, button);
    again();
  }

  async function refresh() {
    const found = await get(path, { PageSize: 100 }, signal);
    const shown = found.user_defined_message_subscriptions;
    section.hidden = !shown.length;
    reconcile(list, shown, ({ sid }) => sid, (subscription) => el('li', {},
      el('p', { class: 'url' }, `${subscription.method} ${subscription.callback}`),
      el('p', { class: 'soft' }, 'since ', time(subscription.date_created)),
      el('div', { class: 'row' },
        el('button', { type: 'button', 'aria-label': `End the subscription of ${subscription.callback}`, onclick: (event) => end(subscription, event.currentTarget) }, 'End'),
        command('DELETE', pathOf(`Calls/${callSid}/UserDefinedMessageSubscriptions/${subscription.sid}`)).element)));
  }

  section.hidden = true;
  return { element, refresh };
}
