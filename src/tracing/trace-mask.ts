/** The part of a trace that a text belongs to. */
export type CapturedField = 'input' | 'output' | 'metadata' | 'statusMessage' | 'event';

/**
 * Removes from captured texts what must not reach a tracing backend; usual forms of secrets have been removed before. An
 * application provides one in a global module, with this class as the token.
 */
export abstract class TraceMask {
  /**
   * Called once for every text before it is kept. It must be quick, because it runs while a request is served. If it throws
   * or does not return a string, the whole text is replaced.
   * @param value a text, or the JSON of any other value; already cut if it was too long
   * @returns the text to keep
   */
  abstract mask(value: string, field: CapturedField): string;
}
