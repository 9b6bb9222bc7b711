/** Part of a trace that a text was captured for. */
export type CapturedField = 'input' | 'output' | 'metadata' | 'statusMessage' | 'event';

/**
 * Takes out of captured texts what must not reach a tracing backend. Secrets of the usual forms were taken out before. An
 * application provides one, in a global module, for this class as the token.
 */
export abstract class TraceMask {
  /**
   * Called for every text once, before it is kept. Must be quick: it runs while a request is served. If it throws, or
   * gives anything but a string, the text is replaced whole.
   * @param value a text as it was, or the JSON of any other value; cut already if it was too long
   * @returns what is kept
   */
  abstract mask(value: string, field: CapturedField): string;
}
