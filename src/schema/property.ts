import type { ValidationMetadata } from 'class-validator/types/metadata/ValidationMetadata.js';
import type { RawSchema } from './json-schema.js';
import type { OutputClass } from './output-type.js';

/** A property with the metadata of its decorators. */
export interface Property {
  readonly type: OutputClass;
  readonly name: string;
  readonly validators: readonly ValidationMetadata[];
  readonly raw: RawSchema;
}
