// Long lists come in pages; which one is part of the address, so that it can be shared and left.

import { el, reconcile } from '/console/static/elements.js';

/** Which page the address asks for, counted from 0. */
export function pageOf(query) {
  const page = Number.parseInt(query.get('page') ?? '0', 10);
  return page > 0 ? page : 0;
}

/** Make the links to the pages beside this one. `show(path, query, answer)` is called with each list. */
export function pager(about) {
  const element = el('nav', { class: 'pager', 'aria-label': `Pages of ${about}`, hidden: true });
  function show(path, query, answer) {
    const page = pageOf(query);
    const links = [
      page > 0 && { name: 'Newer', href: link(path, query, page - 1) },
      answer.next_page_uri && { name: 'Older', href: link(path, query, page + 1) },
    ].filter(Boolean);
    element.hidden = !links.length && page === 0;
    reconcile(element, links, ({ name }) => name, ({ name, href }) => el('a', { href, class: 'button' }, name));
  }
  return { element, show };
}

function link(path, query, page) {
  const next = new URLSearchParams(query);
  if (page > 0) next.set('page', String(page));
  else next.delete('page');
  return `#${path}${String(next) && `?${next}`}`;
}
