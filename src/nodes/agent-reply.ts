import type { FinishReason } from '../models/index.js';
import type { OutputSchema } from '../schema/index.js';
import { IncompleteAnswerError } from '../workflow/index.js';

/** What an agent's model has answered in the end. */
export interface AgentReply {
  readonly content: string;
  /** Empty unless the model refused. */
  readonly refusal: string;
  readonly finishReason: FinishReason;
}

/**
 * The output that an answer is.
 * @param schema of the output class; undefined: the text is the output
 * @throws IncompleteAnswerError if the model stopped before its structured answer was whole, StructuredOutputError if
 *   that does not fit its class
 */
export function outputOf<Output>(
  { content, refusal, finishReason }: AgentReply,
  schema: OutputSchema<Output> | undefined,
): Output {
  if (schema === undefined) return content as Output;
  const refused = refusal !== '';
  if (refused || finishReason === 'length' || finishReason === 'content_filter') {
    throw new IncompleteAnswerError(finishReason, refused);
  }
  return schema.parse(content);
}
