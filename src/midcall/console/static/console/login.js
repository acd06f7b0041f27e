// Logging in: by account and token, or by the link that `midcall dev` prints.

import { el, labelled, say } from '/console/static/elements.js';
import { logIn } from '/console/static/session.js';

const REFUSALS = {
  401: 'The server knows no account with this SID and this token.',
  429: 'Too many attempts. Wait a minute, then try again.',
};

/** Make the log-in. `entered` is called when somebody is in. */
export function loginView({ sentence, entered }) {
  const account = el('input', {
    name: 'account', required: true, pattern: 'AC[0-9a-f]{32}', placeholder: 'AC…', autocomplete: 'username',
    spellcheck: 'false', autocapitalize: 'none', title: 'AC and 32 digits or letters from a to f',
  });
  const token = el('input', { name: 'token', type: 'password', required: true, autocomplete: 'current-password' });
  const trouble = el('div', { class: 'trouble', role: 'alert' }, sentence);
  const button = el('button', { class: 'primary' }, 'Log in');
  const form = el('form', { class: 'card narrow', onsubmit: submit },
    el('h1', { tabindex: '-1' }, 'Log in'),
    trouble,
    labelled('Account SID', account),
    labelled('Auth token', token),
    el('div', {}, button),
    el('p', { class: 'hint' }, el('code', {}, 'midcall dev'), ' prints both, and a link that logs you in at once.'));

  async function submit(event) {
    event.preventDefault();
    button.disabled = true;
    say(trouble, '');
    const refusal = await tried(account.value.trim(), token.value.trim());
    button.disabled = false;
    if (!refusal) return entered();
    say(trouble, refusal);
    token.select();
    return token.focus();
  }

  return { name: 'login', title: 'Log in', element: el('div', {}, form) };
}

async function tried(account_sid, auth_token) {
  try {
    const status = await logIn({ account_sid, auth_token });
    return status === 201 ? '' : REFUSALS[status] ?? `The server answered ${status}.`;
  } catch {
    return 'The server cannot be reached.';
  }
}
