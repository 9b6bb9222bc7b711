/** A type that JSON Schema knows. */
export type JsonType = 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object' | 'null';

/** A value that an `enum` may hold here. */
export type JsonLiteral = string | number | boolean | null;

/**
 * A JSON Schema (draft 2020-12) within the subset that OpenAI's strict structured outputs accept
 * (https://developers.openai.com/api/docs/guides/structured-outputs#supported-schemas).
 */
export interface JsonSchema {
  readonly description?: string;
  readonly type?: JsonType | readonly JsonType[];
  readonly enum?: readonly JsonLiteral[];
  readonly anyOf?: readonly JsonSchema[];
  /** Must stand alone: the API responds 400 "$ref cannot have keywords" if anything is beside it. */
  readonly $ref?: string;
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** The schema of an object that has all of its properties and no others. */
export interface ObjectSchema extends JsonSchema {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, JsonSchema>>;
  readonly required: readonly string[];
  readonly additionalProperties: false;
  /** Schemas of nested classes, at the root only. */
  readonly $defs?: Readonly<Record<string, ObjectSchema>>;
}

/** A schema before it is checked: it may hold any keyword. */
export type RawSchema = Readonly<Record<string, unknown>>;
