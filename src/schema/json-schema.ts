export type JsonType = 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object' | 'null';

export type JsonLiteral = string | number | boolean | null;

/**
 * A JSON Schema (draft 2020-12) within the subset that OpenAI's strict structured outputs take
 * (https://developers.openai.com/api/docs/guides/structured-outputs#supported-schemas).
 */
export interface JsonSchema {
  readonly description?: string;
  readonly type?: JsonType | readonly JsonType[];
  readonly enum?: readonly JsonLiteral[];
  readonly anyOf?: readonly JsonSchema[];
  /** Stands alone: the API answers 400 "$ref cannot have keywords" if anything is beside it. */
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

/** The schema of an object: it has all of its properties and no others. */
export interface ObjectSchema extends JsonSchema {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, JsonSchema>>;
  readonly required: readonly string[];
  readonly additionalProperties: false;
  /** Schemas of nested classes, at the root only. */
  readonly $defs?: Readonly<Record<string, ObjectSchema>>;
}

/** What class-validator-jsonschema makes of a property: any keywords, also those of `@JSONSchema`. */
export type RawSchema = Readonly<Record<string, unknown>>;
