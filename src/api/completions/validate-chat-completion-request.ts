import { InvalidRequestError } from '../../errors/index.js';
import { isJsonObject } from '../../kernel/index.js';
import { checkObject, FaultLog, compileRuleSet } from '../../schema/index.js';
import { ChatCompletionRequest, checkDependencies } from './dto/index.js';

const RULES = compileRuleSet(ChatCompletionRequest);

/** Far more than all APIs of this kind have together. Each copy of a body with very many keys costs a second. */
const MOST_PARAMETERS = 1_000;

/**
 * Checks a parsed JSON body and gives the same object back, typed. Nothing in it is converted, removed or filled in, so
 * `temperature: 0`, empty strings and parameters that nobody here knows stay as the client sent them.
 *
 * Free-form values (schemas of tools, metadata, unknown parameters) are not looked at: the size and depth of a body were
 * checked before it was parsed. All of it takes linear time.
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
