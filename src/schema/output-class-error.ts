import { StartUpError } from '../errors/index.js';

/** A class cannot describe a model's answer. Lists everything that is wrong with it, and what to do about each. */
export class OutputClassError extends StartUpError {
  constructor(
    className: string,
    readonly faults: readonly string[],
  ) {
    super(
      `The class ${className} cannot describe a model's answer: ${faults.length === 1 ? 'one fault' : `${faults.length} faults`}.`,
      faults,
    );
  }
}
