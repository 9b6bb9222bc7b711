import { UpstreamError } from '../errors/index.js';

/** One thing that is wrong with an answer. Holds words of its class, never of the answer. */
export interface OutputFault {
  /** Where, such as `steps[0].title`; `$` is the answer itself. */
  readonly path: string;
  /** What is wrong there, such as `title must be a string`. */
  readonly message: string;
}

/** Enough for a repair prompt. An answer that is all wrong would fill the log. */
const MOST_FAULTS = 50;
const MOST_PATHS_IN_MESSAGE = 5;

/** A model's answer is not JSON, or not what its class demands. Status 502. */
export class StructuredOutputError extends UpstreamError {
  /** What is wrong, each with its path and reason, for the log and for a repair prompt; the first 50. */
  readonly faults: readonly string[];

  /**
   * @param faults for the operator; like the message, they may not quote the answer
   * @param problem for the client, after "The model's answer"
   */
  constructor(faults: readonly string[], problem = 'does not have the expected structure') {
    const first = faults.slice(0, MOST_FAULTS);
    super(`The model's answer ${problem}. Send the request again.`, {
      status: 502,
      code: 'invalid_structured_output',
      // Another try may well succeed, but it pays for the whole run again: that is for a person to decide, not for an SDK.
      retryable: false,
      diagnostic: first.join('; '),
    });
    this.faults = first;
  }

  /** @param length of the answer, in characters */
  static makeNotJson(length: number): StructuredOutputError {
    const problem = `is not valid JSON (it has ${length} characters)`;
    return new StructuredOutputError([`$: ${problem}`], problem);
  }

  static makeMismatch(faults: readonly OutputFault[]): StructuredOutputError {
    const paths = [...new Set(faults.map(({ path }) => path))];
    const more = paths.length - MOST_PATHS_IN_MESSAGE;
    const named = paths.slice(0, MOST_PATHS_IN_MESSAGE).join(', ') + (more > 0 ? ` and ${more} more` : '');
    return new StructuredOutputError(
      faults.map(({ path, message }) => `${path}: ${message}`),
      `does not have the expected structure, at ${named}`,
    );
  }
}
