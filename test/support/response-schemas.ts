import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { Response as OpenAIResponse, ResponseStreamEvent } from 'openai/resources/responses/responses';
import { QUICK_TO_COMPILE } from './quick-to-compile.js';

/** A Response on the wire. The SDK's own type also has a text that the SDK computes. */
export type WireResponse = Omit<OpenAIResponse, 'output_text'>;
/** An event on the wire. */
export type WireEvent = ResponseStreamEvent;

type Definition = Readonly<Record<string, unknown>>;

const SCHEMA_ID = 'openai-responses';
const schema = JSON.parse(
  readFileSync(new URL('../fixtures/openai-responses.schema.json', import.meta.url), 'utf8'),
) as { readonly $defs: Readonly<Record<string, Definition>> };
const ajv = new Ajv2020({
  allErrors: true,
  strictTypes: false,
  strictRequired: false,
  allowUnionTypes: true,
  ...QUICK_TO_COMPILE,
});
ajv.addSchema(schema, SCHEMA_ID);

/** Names of the definitions of events, by their types. */
const EVENTS: ReadonlyMap<unknown, string> = new Map(
  Object.entries(schema.$defs).flatMap(([name, { properties }]) => {
    const type = (properties as { type?: { enum?: readonly unknown[] } } | undefined)?.type?.enum?.[0];
    return /^Response.*Event$/.test(name) && type !== undefined ? [[type, name] as const] : [];
  }),
);

/**
 * Checks a Response against OpenAI's published API description, and against what all clients rely on beyond it.
 * @throws Error that lists every fault
 */
export function assertValidResponse(json: unknown): asserts json is WireResponse {
  assertValid('ResponseForAllClients', json);
}

/** Checks the list of a response's items in the same way. An empty list has no first and no last id. */
export function assertValidItemList(json: unknown): void {
  const { data, first_id: first, last_id: last } = json as Readonly<Record<string, unknown>>;
  const isEmpty = Array.isArray(data) && data.length === 0 && first === null && last === null;
  assertValid('ResponseItemList', isEmpty ? { ...(json as object), first_id: '', last_id: '' } : json);
}

/** Checks the confirmation of a deletion in the same way. */
export function assertValidDeletion(json: unknown): void {
  assertValid('DeletedResponse', json);
}

/**
 * Checks an event in the same way. Events that OpenAI does not have are refused, because clients refuse them.
 * @throws Error that lists every fault
 */
export function assertValidResponseEvent(json: unknown): asserts json is WireEvent {
  const { type, response, item } = json as Readonly<Record<string, unknown>>;
  assertValid(type === 'error' ? 'ResponseErrorEvent' : (EVENTS.get(type) ?? 'ResponseStreamEvent'), json);
  if (type === 'error') assertValid('ErrorEventForAllClients', json);
  if (response !== undefined) assertValidResponse(response);
  if (item !== undefined) assertValid('OutputItemForAllClients', item);
}

function assertValid(definition: string, json: unknown): void {
  const validate: ValidateFunction | undefined = ajv.getSchema(`${SCHEMA_ID}#/$defs/${definition}`);
  if (validate === undefined) throw new Error(`The API description has no definition ${definition}`);
  if (validate(json)) return;
  const faults = (validate.errors ?? []).slice(0, 10);
  const lines = faults.map(({ instancePath, message }) => `- ${instancePath || '/'} ${message ?? ''}`);
  throw new Error(`Not a valid ${definition}:\n${lines.join('\n')}\n${JSON.stringify(json)?.slice(0, 2000)}`);
}
