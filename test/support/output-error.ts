import { makeOutputSchema } from '../../src/schema/output-schema.js';
import type { OutputClass } from '../../src/schema/output-type.js';
import { StructuredOutputError } from '../../src/schema/structured-output-error.js';

/**
 * The reason why a text is not a valid output of a class.
 * @throws Error if the text is valid
 */
export async function catchOutputError<T>(type: OutputClass<T>, text: string): Promise<StructuredOutputError> {
  try {
    await makeOutputSchema(type).parse(text);
  } catch (error) {
    if (error instanceof StructuredOutputError) return error;
    throw error;
  }
  throw new Error('The output is valid');
}
