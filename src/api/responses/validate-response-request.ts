import { InvalidRequestError } from '../../errors/index.js';
import { isJsonObject } from '../../kernel/index.js';
import { checkObject, compileRuleSet, FaultLog } from '../../schema/index.js';
import { checkDependencies } from './check-dependencies.js';
import { checkToolChoice, checkTools } from './check-tools.js';
import { ResponseRequest } from './dto/index.js';
import { checkItems } from './items/input-checks.js';

const RULES = compileRuleSet(ResponseRequest);

/** Far more than all APIs of this kind have together. Each copy of a body with very many keys costs a second. */
const MOST_PARAMETERS = 1_000;

/**
 * Checks a parsed JSON body and gives the same object back, typed. Nothing in it is converted, removed or filled in.
 *
 * Free-form values (schemas of tools, unknown parameters, items and tools that others run) are not looked at: the size and
 * depth of a body were checked before it was parsed. All of it takes linear time.
 *
 * @throws InvalidRequestError for the first fault, with `param` and `code` of OpenAI's error object: first those of the
 *   declared parameters in their order, then those of tools and items. Its message also tells how many more there are.
 */
export function validateResponseRequest(body: unknown): ResponseRequest {
  if (!isJsonObject(body)) {
    throw new InvalidRequestError(
      `The request body must be a JSON object with "model" and "input", sent as application/json; got ${describeKind(body)}.`,
    );
  }
  if (Object.keys(body).length > MOST_PARAMETERS) {
    throw new InvalidRequestError(`The request has more than ${MOST_PARAMETERS} parameters.`, {
      code: 'invalid_value',
    });
  }
  const faults = new FaultLog();
  checkObject(RULES, body, '', faults);
  const { input, tools } = body;
  if (Array.isArray(input)) checkItems(input, 'input', faults);
  if (Array.isArray(tools)) checkTools(tools, faults);
  checkToolChoice(body, faults);
  checkDependencies(body, faults);
  faults.throwIfAny();
  return body as ResponseRequest;
}

function describeKind(body: unknown): string {
  if (body === undefined) return 'no body';
  if (body === null) return 'null';
  return Array.isArray(body) ? 'an array' : `a ${typeof body}`;
}
