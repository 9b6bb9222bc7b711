import { StartUpError } from '../errors/index.js';

/** A class or schema cannot describe a model's output. Lists every fault, each with its fix. */
export class OutputClassError extends StartUpError {
  /** @param subject such as `class TopicDto` */
  constructor(
    subject: string,
    readonly faults: readonly string[],
  ) {
    super(
      `The ${subject} cannot describe a model's output: ${faults.length === 1 ? 'one fault' : `${faults.length} faults`}.`,
      faults,
    );
  }
}
