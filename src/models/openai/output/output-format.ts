import type { ModelParameters } from '../../chat-model.js';

/** A JSON schema as it was sent. */
export type SentSchema = Readonly<Record<string, unknown>>;

/** The JSON that a call requests with `response_format`. */
export interface OutputFormat {
  readonly name: string;
  readonly description?: string;
  /** Undefined for any object. */
  readonly schema: SentSchema | undefined;
  readonly strict: boolean;
}

interface ResponseFormat {
  readonly type?: unknown;
  readonly json_schema?: {
    readonly name?: unknown;
    readonly description?: unknown;
    readonly schema?: unknown;
    readonly strict?: unknown;
  };
}

/** Reads `response_format`, whose shape has been validated; undefined if it does not ask for JSON. */
export function readOutputFormat({ response_format: format }: ModelParameters): OutputFormat | undefined {
  if (typeof format !== 'object' || format === null) return undefined;
  const { type, json_schema: wanted } = format as ResponseFormat;
  if (type === 'json_object') return { name: 'answer', schema: undefined, strict: false };
  if (type !== 'json_schema' || typeof wanted !== 'object') return undefined;
  return {
    name: typeof wanted.name === 'string' && wanted.name !== '' ? wanted.name : 'answer',
    ...(typeof wanted.description === 'string' && { description: wanted.description }),
    schema: typeof wanted.schema === 'object' && wanted.schema !== null ? (wanted.schema as SentSchema) : undefined,
    strict: wanted.strict === true,
  };
}
