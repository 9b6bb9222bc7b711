import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import type { ChatCompletion, ChatCompletionChunk } from 'openai/resources/chat/completions';
import type { Model } from 'openai/resources/models';
import { isJsonObject } from '../../src/kernel/index.js';
import { QUICK_TO_COMPILE } from './quick-to-compile.js';

/** OpenAI's error envelope. */
export interface ErrorEnvelope {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string | null;
  };
}

/** The response of `GET /v1/models`. */
export interface ModelList {
  readonly object: 'list';
  readonly data: readonly Model[];
}

type Definition =
  | 'CreateChatCompletionStreamResponse'
  | 'CreateChatCompletionResponse'
  | 'ErrorResponse'
  | 'ListModelsResponse'
  | 'Model';

const SCHEMA_ID = 'openai-chat';
const schema = JSON.parse(
  readFileSync(new URL('../fixtures/openai-chat.schema.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, unknown>>;
// OpenAI's description of Model lacks `type: object`, for which ajv would print a warning.
const ajv = new Ajv({ allErrors: true, strictTypes: false, ...QUICK_TO_COMPILE });
ajv.addSchema(schema, SCHEMA_ID);

/**
 * Checks one streamed chunk against OpenAI's published API description.
 * @throws Error that lists every fault
 */
export function assertValidChunk(json: unknown): asserts json is ChatCompletionChunk {
  assertValid('CreateChatCompletionStreamResponse', json);
}

/**
 * Checks the response to a request without `stream` against OpenAI's published API description.
 * @throws Error that lists every fault
 */
export function assertValidCompletion(json: unknown): asserts json is ChatCompletion {
  assertValid('CreateChatCompletionResponse', json);
}

/**
 * Checks an error envelope against OpenAI's published API description, and that its message is not empty: clients
 * replace an empty message by their own.
 * @throws Error that lists every fault
 */
export function assertValidError(json: unknown): asserts json is ErrorEnvelope {
  assertValid('ErrorResponse', json);
  if ((json as ErrorEnvelope).error.message === '') throw new Error('The message of an error is empty');
}

/**
 * Checks the list of models against OpenAI's published API description.
 * @throws Error that lists every fault
 */
export function assertValidModelList(json: unknown): asserts json is ModelList {
  assertValid('ListModelsResponse', json);
}

/**
 * Checks one model against OpenAI's published API description.
 * @throws Error that lists every fault
 */
export function assertValidModel(json: unknown): asserts json is Model {
  assertValid('Model', json);
}

function assertValid(definition: Definition, json: unknown): void {
  const validate: ValidateFunction | undefined = ajv.getSchema(`${SCHEMA_ID}#/$defs/${definition}`);
  if (validate === undefined) throw new Error(`The API description has no definition ${definition}`);
  if (isJsonObject(json) && validate(json)) return;
  const faults = (isJsonObject(json) ? (validate.errors ?? []) : [{ instancePath: '', message: 'must be object' }]).map(
    ({ instancePath, message }) => `- ${instancePath || '/'} ${message ?? ''}`,
  );
  throw new Error(`Not a valid ${definition}:\n${faults.join('\n')}\n${JSON.stringify(json)?.slice(0, 2000)}`);
}
