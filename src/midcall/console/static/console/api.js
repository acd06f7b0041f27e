// The REST API, as anybody's program asks it; the console has no other way to anything.

import { forget, session } from '/console/static/session.js';

const PATIENCE_MS = 30_000;

/** What the server refused, in its words, with its code. */
export class Problem extends Error {
  constructor(status, { code = null, message = '' } = {}) {
    super(message || `The server answered ${status}`);
    this.status = status;
    this.code = code;
  }
}

/** The server could not be reached, or did not answer in time. */
export class Unreachable extends Error {}

/** Nobody is logged in, or not any more. */
export class LoggedOut extends Error {}

/** Return the path of something of the account: `pathOf('Calls')`. */
export function pathOf(name) {
  return `/2010-04-01/Accounts/${session()?.account_sid}${name && `/${name}`}.json`;
}

/** Ask for a list or a resource. Parameters without a value are left out. */
export function get(path, parameters = {}, signal = null) {
  const query = encoded(parameters);
  return ask('GET', query ? `${path}?${query}` : path, { signal });
}

/** Make or change something. */
export function post(path, parameters = {}) {
  return ask('POST', path, { body: new URLSearchParams(encoded(parameters)) });
}

/** Remove something. */
export function remove(path) {
  return ask('DELETE', path, {});
}

/** Write parameters as a form. */
export function encoded(parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value !== '' && value !== null && value !== undefined);
  return new URLSearchParams(given).toString();
}

async function ask(method, path, { body = null, signal = null }) {
  const response = await fetched(path, { method, body, signal });
  if (response.status === 401) {
    forget();
    throw new LoggedOut();
  }
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Problem(response.status, answer);
  return answer;
}

async function fetched(path, { method, body, signal }) {
  if (!session()) throw new LoggedOut();
  const patience = AbortSignal.timeout(PATIENCE_MS);
  try {
    return await fetch(path, {
      method,
      body,
      headers: { Authorization: `Bearer ${session().token}` },
      signal: signal ? AbortSignal.any([signal, patience]) : patience,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Unreachable('The server cannot be reached. This page tries again by itself.');
  }
}

let advice = null;

/** Return what the server advises about each code: `{11200: {title, fix}}`. It is asked once. */
export async function adviceOn() {
  advice ??= ask('GET', '/console/advice.json', {}).catch((error) => {
    advice = null;
    if (error instanceof LoggedOut) throw error;
    return {}; // The page is worth showing without it.
  });
  return advice;
}
