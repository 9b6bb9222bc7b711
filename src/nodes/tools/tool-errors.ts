import { UpstreamError } from '../../errors/index.js';

/** A model asked for tools again and again instead of giving its answer. Status 502. */
export class ToolRoundsExceededError extends UpstreamError {
  constructor(rounds: number) {
    super(`The model asked for tools more than ${rounds} times in a row and gave no answer.`, {
      code: 'tool_rounds_exceeded',
      // Another try pays for all rounds again.
      retryable: false,
    });
  }
}

/** A model asked for more calls of tools than its agent allows. None of the last round's was made. Status 502. */
export class ToolCallsExceededError extends UpstreamError {
  constructor(calls: number) {
    super(`The model asked for more than ${calls} tool calls and gave no answer.`, {
      code: 'tool_calls_exceeded',
      retryable: false,
    });
  }
}
