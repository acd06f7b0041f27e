// Shows /openapi.json and /asyncapi.json. What they say becomes text, never markup.

import { el, fieldTable, fragmentOf, sentence } from '/docs/parts.js';
import { fields, nameOf } from '/docs/schemas.js';

const $ = (id) => document.getElementById(id);

/** All that each foldable says, also while it is closed. */
const words = new Map();

/** The path as people look for it: without what all have in common. */
function place(path) {
  return path.replace(/^\/[^/]+/, '').replace(/\.json$/, '') || '/';
}

/** The resource that a path belongs to: its names, without the SIDs. */
function resource(path) {
  const words = place(path).split('/').filter((word) => word && !word.startsWith('{'));
  const own = words[0] === 'Accounts' && words.length > 1 ? words.slice(1) : words;
  return own.join(' / ');
}

function command(method, path, operation) {
  const form = Object.values(operation.requestBody?.content ?? {})[0]?.schema ?? {};
  const lines = [method === 'GET' ? 'curl -sS' : `curl -sS -X ${method}`];
  lines[0] += ' -u "$TWILIO_ACCOUNT_SID:$TWILIO_AUTH_TOKEN"';
  for (const name of form.required ?? []) lines.push(`--data-urlencode '${name}=…'`);
  lines.push(`'${location.origin}${path}'`);
  return lines.join(' \\\n  ');
}

function parameters(operation, components) {
  const given = operation.parameters.map((one) => ({
    name: one.name, where: one.in, required: one.required, about: one.description, schema: one.schema,
  }));
  for (const { schema } of Object.values(operation.requestBody?.content ?? {})) {
    given.push(...fields(schema, components).map((one) => ({ ...one, where: 'form' })));
  }
  return given;
}

function answers(operation, components) {
  return Object.entries(operation.responses).map(([status, response]) => {
    const about = `${status === 'default' ? 'Any other status' : status}: ${response.description}`;
    const [type, content] = Object.entries(response.content ?? {})[0] ?? [];
    if (!content) return el('p', {}, about);
    const name = nameOf(content.schema);
    return fieldTable(`${about} (${type}${name ? `, ${name}` : ''})`, fields(content.schema, components), components);
  });
}

/** What can be opened. Its inside is put there when it is: closed, the page stays small. */
function foldable(id, head, inside) {
  const summary = el('summary', {}, ...head);
  const folded = el('details', { class: 'operation', id }, summary);
  const body = el('div', { class: 'inside' }, ...inside);
  folded.addEventListener('toggle', () => folded.append(body));
  words.set(folded, `${summary.textContent} ${body.textContent}`.toLowerCase());
  return folded;
}

function operation(method, path, described, components) {
  const verb = method.toUpperCase();
  const head = [
    el('span', { class: 'verb', 'data-verb': verb }, verb),
    el('code', {}, place(path)),
    el('span', { class: 'what' }, ...sentence(described.summary)),
  ];
  return foldable(fragmentOf(described.operationId), head, [
    fieldTable('Parameters', parameters(described, components), components),
    ...answers(described, components),
    el('pre', { tabindex: '0', role: 'group', 'aria-label': 'The same with curl' },
      el('code', {}, command(verb, path, described))),
  ]);
}

function frame(message, components) {
  const payload = message.payload.properties?.payload;
  const head = [el('code', {}, message.name), el('span', { class: 'what' }, ...sentence(message.summary))];
  return foldable(fragmentOf(message.title), head, [
    payload
      ? fieldTable('Payload', fields(payload, components), components)
      : el('p', {}, `The text is ${JSON.stringify(message.payload.const)}.`),
  ]);
}

function group(title, items) {
  return el('section', { class: 'group', 'aria-label': title }, el('h3', { id: fragmentOf(title) }, title), ...items);
}

function showRest(document_) {
  const groups = new Map();
  for (const [path, operations] of Object.entries(document_.paths)) {
    const name = resource(path);
    const shown = Object.entries(operations)
      .map(([method, described]) => operation(method, path, described, document_.components));
    groups.set(name, [...(groups.get(name) ?? []), ...shown]);
  }
  const titles = [...groups.keys()].sort();
  $('rest').append(...titles.map((title) => group(title, groups.get(title))));
  $('version').textContent = `version ${document_.info.version}`;
  return titles;
}

function showSignalling(document_) {
  const { components, channels, servers } = document_;
  const named = (operation_) => operation_.messages.map(({ $ref }) => components.messages[$ref.split('/').at(-1)]);
  const address = `${servers.midcall.protocol}://${servers.midcall.host}${channels.signalling.address}`;
  $('signalling-about').append(...sentence(`At \`${address}\`. ${document_.info.description}`));
  const titles = [];
  for (const each of Object.values(document_.operations)) {
    titles.push(each.summary);
    $('signalling').append(group(each.summary, named(each).map((message) => frame(message, components))));
  }
  return titles;
}

function showContents(titles) {
  $('contents').append(el('ul', {}, ...titles.map((title) =>
    el('li', {}, el('a', { href: `#${fragmentOf(title)}` }, title)))));
}

/** Leave what has every word that was typed. */
function find() {
  const typed = $('find').value.toLowerCase().split(/\s+/).filter(Boolean);
  let number = 0;
  for (const section of document.querySelectorAll('.group')) {
    const title = section.getAttribute('aria-label').toLowerCase();
    let some = false;
    for (const each of section.querySelectorAll('.operation')) {
      const text = `${title} ${words.get(each)}`;
      each.hidden = !typed.every((word) => text.includes(word));
      some ||= !each.hidden;
      number += each.hidden ? 0 : 1;
    }
    section.hidden = !some;
  }
  $('found').textContent = typed.length ? `${number} found` : '';
}

/** Open what the address names. */
function openNamed() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target?.matches('details')) target.open = true;
  target?.scrollIntoView();
}

async function load(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

try {
  const [rest, signalling] = await Promise.all([load('/openapi.json'), load('/asyncapi.json')]);
  showContents([...showRest(rest), ...showSignalling(signalling)]);
  $('find').addEventListener('input', find);
  $('find').form.addEventListener('submit', (event) => event.preventDefault());
  addEventListener('hashchange', openNamed);
  openNamed();
  document.body.dataset.state = 'shown';
} catch (error) {
  $('trouble').textContent = `The descriptions cannot be shown: ${error.message}`;
  $('trouble').hidden = false;
}
