import { compileSchema } from '../../src/schema/compiled-schema.js';
import type { OutputClass } from '../../src/schema/output-type.js';
import { checkStrictSchema, type SchemaNode } from './strict-schema.js';

/** The schema of a class, checked against the rules of strict schemas. */
export function compileChecked(type: OutputClass): SchemaNode {
  return checkStrictSchema(compileSchema(type).schema);
}

/** The properties of such a schema. */
export function compileProperties(type: OutputClass): unknown {
  return compileChecked(type)['properties'];
}
