import { InvalidRequestError } from '../../errors/index.js';
import { isJsonObject } from '../../kernel/index.js';
import { checkObject, FaultLog, compileRuleSet } from '../../schema/index.js';
import { checkDependencies } from '../wire/index.js';
import { ChatCompletionRequest } from './dto/index.js';

const RULES = compileRuleSet(ChatCompletionRequest);

/** Far more than all APIs of this kind have together. A body with very many keys takes a second each time that it is copied. */
const MOST_PARAMETERS = 1_000;

/**
 * Checks a parsed JSON body and returns the same object, typed. Nothing in it is converted, removed or filled in, so
 * `temperature: 0`, empty strings and unknown parameters stay as the client sent them.
 *
 * Free-form values (schemas of tools, metadata, unknown parameters) are not checked: the size and depth of a body were
 * checked before it was parsed. The check takes linear time.
 *
 * @throws InvalidRequestError for the first fault in the order of the declared parameters, with `param` and `code` of
 *   OpenAI's error object. Its message also tells how many more there are.
 */
export function validateChatCompletionRequest(body: unknown): ChatCompletionRequest {
  if (!isJsonObject(body)) {
    throw new InvalidRequestError(
      `The request body must be a JSON object with "model" and "messages", sent as application/json; got ${describeKind(body)}.`,
    );
  }
  if (Object.keys(body).length > MOST_PARAMETERS) {
    throw new InvalidRequestError(`The request has more than ${MOST_PARAMETERS} parameters.`, {
      code: 'invalid_value',
    });
  }
  const faults = new FaultLog();
  checkObject(RULES, body, '', faults);
  checkDependencies(body, faults);
  faults.throwIfAny();
  return body as ChatCompletionRequest;
}

function describeKind(body: unknown): string {
  if (body === undefined) return 'no body';
  if (body === null) return 'null';
  return Array.isArray(body) ? 'an array' : `a ${typeof body}`;
}
