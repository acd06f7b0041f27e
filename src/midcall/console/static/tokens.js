// Where the page's Access Token comes from: the URL's fragment, this server, or the person.

/** A refusal by the server, with its code and its sentence. */
export class Refused extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** Take `#token=…` out of the address, so that it is neither bookmarked nor shared by accident. */
export function takeTokenFromFragment() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token) history.replaceState(null, '', location.pathname + location.search);
  return token;
}

/** Ask this server for a token; it gives them out in development only. */
export async function fetchToken(identity) {
  const response = await fetch(`/phone/token?identity=${encodeURIComponent(identity)}`);
  const answer = await response.json();
  if (!response.ok) throw new Refused(answer.code, answer.message);
  return answer.token;
}
