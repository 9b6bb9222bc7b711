import type { JsonObject } from '../../kernel/index.js';
import { compileRuleSet } from '../../schema/index.js';
import { type BodyRules, checkChatDependencies, validateBody } from '../wire/index.js';
import { ChatCompletionRequest } from './dto/index.js';

const RULES: BodyRules = {
  required: '"model" and "messages"',
  rules: compileRuleSet(ChatCompletionRequest),
  checkMore: checkChatDependencies,
};

/**
 * Returns the body typed and unchanged.
 * @throws InvalidRequestError as {@link validateBody}
 */
export function validateChatCompletionRequest(body: unknown): ChatCompletionRequest {
  validateBody(body, RULES);
  return body as JsonObject & ChatCompletionRequest;
}
