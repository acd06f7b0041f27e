// Every action of the console is a request that any program can make; here it is as a command.

import { encoded } from '/console/static/api.js';
import { el } from '/console/static/elements.js';
import { session } from '/console/static/session.js';

/** Compose the command. The token is not in it, but the variable that should hold it. */
export function curl(method, path, parameters = {}) {
  const words = ['curl -sS'];
  if (method === 'GET' && encoded(parameters)) words[0] += ' -G';
  if (method !== 'GET') words[0] += ` -X ${method}`;
  words.push(`-u "${session()?.account_sid}:$TWILIO_AUTH_TOKEN"`);
  for (const [name, value] of new URLSearchParams(encoded(parameters))) {
    words.push(`--data-urlencode ${quoted(`${name}=${value}`)}`);
  }
  return [...words, quoted(`${location.origin}${path}`)].join(' \\\n  ');
}

function quoted(text) {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Make a button that copies what `text` returns; where that is forbidden it selects `shown`. */
export function copyButton(text, about, shown = null) {
  const button = el('button', { type: 'button', class: 'quiet', 'aria-label': `Copy ${about}` }, 'Copy');
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text());
      button.textContent = 'Copied';
    } catch {
      if (shown) getSelection().selectAllChildren(shown);
      button.textContent = shown ? 'Selected' : 'Not allowed';
    }
    setTimeout(() => { button.textContent = 'Copy'; }, 1500);
  });
  return button;
}

/** Show code with a button that copies it. `update` changes what is shown. */
export function codeBlock(text, about) {
  const code = el('code', {}, text);
  const pre = el('pre', { tabindex: '0', role: 'group', 'aria-label': about }, code);
  const element = el('div', { class: 'code' }, pre, copyButton(() => code.textContent, about, code));
  return { element, update: (next) => { code.textContent = next; } };
}

/** Show the command of an action, folded. `update(method, path, parameters)` changes it. */
export function command(method, path, parameters = {}, about = 'the command') {
  const block = codeBlock(curl(method, path, parameters), about);
  return {
    element: el('details', { class: 'command', 'data-part': 'curl' }, el('summary', {}, 'curl'), block.element),
    update: (...request) => block.update(curl(...request)),
  };
}
