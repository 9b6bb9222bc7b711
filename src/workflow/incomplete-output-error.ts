import { UpstreamError } from '../errors/index.js';
import type { FinishReason } from '../models/index.js';

/**
 * A model stopped before its structured output was whole: at its token limit, by a filter, or because it refused. If a
 * visible node throws this, the client already has the beginning of the output, so the run ends with that finish reason and
 * without an error. If a silent node throws it, the run fails with it.
 */
export class IncompleteOutputError extends UpstreamError {
  constructor(
    readonly finishReason: FinishReason,
    readonly refused: boolean,
  ) {
    super(
      refused
        ? 'The model refused to answer a step of this workflow.'
        : `The model stopped (${finishReason}) before its structured output for a step of this workflow was complete.`,
      { code: refused ? 'upstream_refusal' : 'upstream_incomplete_answer', retryable: false },
    );
  }
}
