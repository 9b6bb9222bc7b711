import { UpstreamError } from '../errors/index.js';
import type { FinishReason } from '../models/index.js';

/**
 * A model stopped before its structured answer was whole: at its token limit, by a filter, or because it refused. What a
 * visible node has sent by then is an honest answer with that finish reason, so the run ends there without an error; a hidden
 * node has nothing to show for it, and then this error is the run's.
 */
export class IncompleteOutputError extends UpstreamError {
  constructor(
    readonly finishReason: FinishReason,
    readonly refused: boolean,
  ) {
    super(
      refused
        ? 'The model refused to answer a step of this workflow.'
        : `The model stopped (${finishReason}) before its structured answer to a step of this workflow was complete.`,
      { code: refused ? 'upstream_refusal' : 'upstream_incomplete_answer', retryable: false },
    );
  }
}
