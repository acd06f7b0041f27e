// Two phones for a demo. They stay while people look at other views, or their call would end.

import { el, labelled } from '/console/static/elements.js';
import { card, heading } from '/console/static/parts.js';

/** Make the view that opens phones. */
export function phoneView({ demo }) {
  const first = el('input', { required: true, maxlength: '256', value: 'alice', autocapitalize: 'none', spellcheck: 'false' });
  const second = el('input', { required: true, maxlength: '256', value: 'bob', autocapitalize: 'none', spellcheck: 'false' });
  const apart = el('a', { class: 'button', target: '_blank', rel: 'noopener' }, 'Open in a tab of their own');
  const close = el('button', { type: 'button', onclick: () => end() }, 'Close the phones');
  const form = el('form', { class: 'stack', onsubmit: open, oninput: lead },
    el('div', { class: 'row' }, labelled('One', first), labelled('The other', second)),
    el('div', { class: 'row' }, el('button', { class: 'primary' }, 'Open both here'), apart, close));
  const element = el('div', {}, heading('Phone'),
    card('Two phones', el('p', {}, 'Open two phones, call from one to the other, accept there. Then look at the ',
      el('a', { href: '#/calls' }, 'calls'), ': the phones stay open meanwhile.'), form),
    card('One phone', el('p', {}, el('a', { href: '/phone', target: '_blank', rel: 'noopener' }, 'Open a phone'),
      ' with the official Voice SDK. Elsewhere, in your own page, it needs this server’s name: see ', el('a', { href: '#/' }, 'Start'), '.')));

  function address() {
    const query = new URLSearchParams([['identity', first.value.trim()], ['identity', second.value.trim()]]);
    return `/phone?${query}`;
  }

  function lead() {
    apart.setAttribute('href', address());
  }

  function open(event) {
    event.preventDefault();
    demo.replaceChildren(el('iframe', { src: address(), title: `Phones of ${first.value} and ${second.value}`, allow: 'microphone; autoplay' }));
    demo.hidden = close.hidden = false;
  }

  function end() {
    demo.replaceChildren();
    demo.hidden = close.hidden = true;
    first.focus();
  }

  lead();
  close.hidden = !demo.childElementCount;
  return { name: 'phone', title: 'Phone', element, refresh: async () => {} };
}
