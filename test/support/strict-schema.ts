import { Ajv2020 } from 'ajv/dist/2020.js';
import { fullFormats } from 'ajv-formats/dist/formats.js';

export type SchemaNode = Readonly<Record<string, unknown>>;

/** Lists the broken rules of strict schemas. They come from OpenAI's guide to structured outputs and the API's own refusals. */
export function findBrokenRules(root: SchemaNode): string[] {
  const broken: string[] = [];
  const definitions = (root['$defs'] ?? {}) as Readonly<Record<string, SchemaNode>>;
  const formats = ['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uuid'];
  const keywords: Readonly<Record<string, readonly string[]>> = {
    object: ['properties', 'required', 'additionalProperties'],
    array: ['items', 'minItems', 'maxItems'],
    string: ['enum', 'pattern', 'format'],
    number: ['enum', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
    integer: ['enum', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
    boolean: ['enum'],
    null: [],
  };
  const visit = (node: SchemaNode, at: string): void => {
    const complain = (rule: string): void => void broken.push(`${at}: ${rule}`);
    if ('$ref' in node) {
      const target = String(node['$ref']);
      if (Object.keys(node).length > 1) complain('$ref has something beside it');
      if (target !== '#' && !(target.replace('#/$defs/', '') in definitions)) complain(`${target} leads nowhere`);
      return;
    }
    const types = [node['type'] ?? []].flat() as string[];
    const branches = node['anyOf'] as readonly SchemaNode[] | undefined;
    if ((branches === undefined) === (types.length === 0)) complain('needs either a type or anyOf');
    if (branches?.length === 0) complain('anyOf is empty');
    const known = ['type', 'anyOf', 'description', ...types.flatMap((type) => keywords[type] ?? [])];
    if (at === '#') known.push('$defs');
    for (const keyword of Object.keys(node)) if (!known.includes(keyword)) complain(`${keyword} is not in the subset`);
    if ('format' in node && !formats.includes(String(node['format']))) complain(`unknown format`);
    if (/\(\?<?[=!]/.test(JSON.stringify(node['pattern'] ?? ''))) complain('pattern looks around');
    if (types.includes('object')) {
      const properties = node['properties'] as Readonly<Record<string, SchemaNode>>;
      if (node['additionalProperties'] !== false) complain('allows other properties');
      if (JSON.stringify(node['required']) !== JSON.stringify(Object.keys(properties))) complain('not all required');
      for (const [name, property] of Object.entries(properties)) visit(property, `${at}.${name}`);
    }
    if (types.includes('array')) visit(node['items'] as SchemaNode, `${at}[]`);
    for (const [index, branch] of (branches ?? []).entries()) visit(branch, `${at}|${index}`);
  };
  if (root['type'] !== 'object') broken.push('the root is not an object');
  visit(root, '#');
  for (const [name, definition] of Object.entries(definitions)) visit(definition, `#/$defs/${name}`);
  return broken;
}

/**
 * Checks a schema against the rules of the strict subset and of draft 2020-12.
 * @throws Error that names the broken rules
 */
export function checkStrictSchema(schema: object): SchemaNode {
  const node = schema as SchemaNode;
  const broken = findBrokenRules(node);
  if (broken.length > 0) throw new Error(broken.join('\n'));
  new Ajv2020({ strict: true, allowUnionTypes: true, formats: fullFormats }).compile(node);
  return node;
}
