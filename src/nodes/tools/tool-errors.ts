import { UpstreamError } from '../../errors/index.js';

/** A model kept asking for tools and gave no final output. Status 502. */
export class ToolRoundsExceededError extends UpstreamError {
  constructor(rounds: number) {
    super(`The model asked for tools more than ${rounds} times in a row and gave no output.`, {
      code: 'tool_rounds_exceeded',
      // Another try would pay for all rounds again.
      retryable: false,
    });
  }
}

/** A model asked for more tool calls than its agent allows. The calls of the last round were not made. Status 502. */
export class ToolCallsExceededError extends UpstreamError {
  constructor(calls: number) {
    super(`The model asked for more than ${calls} tool calls and gave no output.`, {
      code: 'tool_calls_exceeded',
      retryable: false,
    });
  }
}
