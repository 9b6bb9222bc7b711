import { UpstreamError } from '../errors/index.js';

/** One fault of a model's output. Holds words of its class or schema, never of the output itself. */
export interface OutputFault {
  /** Its place, such as `steps[0].title`; `$` is the output itself. */
  readonly path: string;
  /** What is wrong, such as `title must be a string`. */
  readonly message: string;
}

/** Enough for a repair prompt; more would fill the log. */
const MOST_FAULTS = 50;
const MOST_PATHS_IN_MESSAGE = 5;

/** A model's output is not JSON, or does not fit its class or schema. Status 502. */
export class StructuredOutputError extends UpstreamError {
  /** The first 50 faults, each with its path, for the log and for a repair prompt. */
  readonly faults: readonly string[];

  /**
   * @param faults for the operator; like the message, they must not quote the output
   * @param problem for the client; completes "The model's output …"
   */
  constructor(faults: readonly string[], problem = 'does not have the expected structure') {
    const first = faults.slice(0, MOST_FAULTS);
    super(`The model's output ${problem}. Send the request again.`, {
      status: 502,
      code: 'invalid_structured_output',
      // Another try may succeed, but it pays for the whole run again: a person should decide that, not an SDK.
      retryable: false,
      diagnostic: first.join('; '),
    });
    this.faults = first;
  }

  /**
   * Makes the error for an output that is not JSON.
   * @param length of the output, in characters
   */
  static makeNotJsonError(length: number): StructuredOutputError {
    const problem = `is not valid JSON (it has ${length} characters)`;
    return new StructuredOutputError([`$: ${problem}`], problem);
  }

  /** Makes the error for an output that does not fit its class or schema. */
  static makeMismatchError(faults: readonly OutputFault[]): StructuredOutputError {
    const paths = [...new Set(faults.map(({ path }) => path))];
    const more = paths.length - MOST_PATHS_IN_MESSAGE;
    const named = paths.slice(0, MOST_PATHS_IN_MESSAGE).join(', ') + (more > 0 ? ` and ${more} more` : '');
    return new StructuredOutputError(
      faults.map(({ path, message }) => `${path}: ${message}`),
      `does not have the expected structure, at ${named}`,
    );
  }
}
