export type { JsonSchema, ObjectSchema } from './json-schema.js';
export { openApiSchemasOf, type OpenApiSchemas } from './openapi-schemas.js';
export { OutputClassError } from './output-class-error.js';
export { type OutputSchema, outputSchemaOf } from './output-schema.js';
export { isStructured, type OutputClass, type OutputOf, type OutputType } from './output-type.js';
export { StructuredOutputError } from './structured-output-error.js';
