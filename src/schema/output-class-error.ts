import { StartUpError } from '../errors/index.js';

/** A class or schema cannot describe a model's answer. Lists everything that is wrong with it, and what to do about each. */
export class OutputClassError extends StartUpError {
  /** @param subject such as `class TopicDto` */
  constructor(
    subject: string,
    readonly faults: readonly string[],
  ) {
    super(
      `The ${subject} cannot describe a model's answer: ${faults.length === 1 ? 'one fault' : `${faults.length} faults`}.`,
      faults,
    );
  }
}
