import { JSONSchema } from 'class-validator-jsonschema';

/** Tells the model what a property of an output class, or of a tool's arguments, means. */
export function Describe(description: string): PropertyDecorator {
  return (target, property) => JSONSchema({ description })(target, String(property));
}
