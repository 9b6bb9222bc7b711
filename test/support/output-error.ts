import { makeOutputSchema } from '../../src/schema/output-schema.js';
import type { OutputClass } from '../../src/schema/output-type.js';
import { StructuredOutputError } from '../../src/schema/structured-output-error.js';

/**
 * Why a text is no answer of a class.
 * @throws Error if it is one
 */
export async function catchOutputError<T>(type: OutputClass<T>, text: string): Promise<StructuredOutputError> {
  try {
    await makeOutputSchema(type).parse(text);
  } catch (error) {
    if (error instanceof StructuredOutputError) return error;
    throw error;
  }
  throw new Error('The answer was taken');
}
