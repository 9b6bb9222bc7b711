import type { ValidationMetadata } from 'class-validator/types/metadata/ValidationMetadata.js';
import type { RawSchema } from './json-schema.js';
import type { OutputClass } from './output-type.js';

/** A property as its decorators leave it. */
export interface Property {
  readonly type: OutputClass;
  readonly name: string;
  readonly validators: readonly ValidationMetadata[];
  readonly raw: RawSchema;
}
