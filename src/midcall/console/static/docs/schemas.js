// What a JSON Schema says, for people.

/** The name of a schema, if it has one. */
export function nameOf(schema) {
  return schema.$ref ? schema.$ref.split('/').at(-1) : null;
}

/** The schema that is meant: a reference is followed, what stands beside it is kept. */
export function resolved(schema, components) {
  const name = nameOf(schema);
  return name ? { ...components.schemas[name], ...schema } : schema;
}

/** The fields of an object, those of a list's items for a list. */
export function fields(schema, components) {
  const own = resolved(schema, components);
  if (own.type === 'array') return fields(own.items, components);
  const required = new Set(own.required ?? []);
  return Object.entries(own.properties ?? {}).map(([name, one]) => ({
    name, required: required.has(name), schema: one, about: resolved(one, components).description,
  }));
}

/** The type in a few words: `string`, `list of Attempt`, `one of "a", "b"`, `integer or null`. */
export function typeOf(schema, components) {
  if (schema.anyOf) return schema.anyOf.map((one) => typeOf(one, components)).join(' or ');
  const own = resolved(schema, components);
  if (own.enum) return `one of ${own.enum.map((one) => JSON.stringify(one)).join(', ')}`;
  if (own.const !== undefined) return JSON.stringify(own.const);
  if (own.type === 'array') return `list of ${own.items ? typeOf(own.items, components) : 'anything'}`;
  if (own.anyOf) return typeOf(own, components);
  if (own.type === 'object') return nameOf(schema) ?? 'object';
  return own.type ?? 'any JSON';
}

/** The bounds in a few words. */
export function boundsOf(schema, components) {
  const own = resolved(schema, components);
  const bounds = [];
  if (own.minimum !== undefined) bounds.push(`at least ${own.minimum}`);
  if (own.maximum !== undefined) bounds.push(`at most ${own.maximum}`);
  if (own.maxLength !== undefined) bounds.push(`at most ${own.maxLength} characters`);
  if (own.format !== undefined) bounds.push(own.format);
  return bounds.join(', ');
}
