// Who is logged in: a token of the server's, kept for this tab only.
//
// It is no cookie: no other page can make this browser send it.

const KEPT = 'midcall.session';
let current = read();

function read() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT));
    return kept && Date.parse(kept.expires_at) > Date.now() ? kept : null;
  } catch {
    return null;
  }
}

/** Return `{token, account_sid, expires_at}`, or null if nobody is logged in. */
export function session() {
  return current;
}

/** Log in with `{account_sid, auth_token}`, or with a one-time link's `{key}`. */
export async function logIn(credentials) {
  const response = await fetch('/console/session', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(credentials),
    signal: AbortSignal.timeout(30_000),
  });
  if (!response.ok) return response.status;
  current = await response.json();
  sessionStorage.setItem(KEPT, JSON.stringify(current));
  return 201;
}

/** Forget who is logged in, here. */
export function forget() {
  current = null;
  sessionStorage.removeItem(KEPT);
}

/** Log out, here and on the server. */
export async function logOut() {
  const token = current?.token;
  forget();
  if (!token) return;
  await fetch('/console/session', {
    method: 'DELETE',
    headers: { Authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(10_000),
  }).catch(() => {}); // The server forgets it by itself before long.
}

/** Take `#key=…` out of the address: it works once, and stays in no history. */
export function takeKeyFromFragment() {
  const key = new URLSearchParams(location.hash.slice(1)).get('key');
  if (key) history.replaceState(null, '', location.pathname);
  return key;
}
