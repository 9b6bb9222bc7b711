import { InvalidRequestError } from '../../errors/index.js';
import { describeValue, isJsonObject, type JsonObject } from '../../kernel/index.js';
import { checkObject, compileRuleSet, FaultLog, type RuleSet } from '../../schema/index.js';
import { checkDependencies } from '../wire/index.js';
import { CreateRunRequest } from './dto/run-request.js';

const RULES = compileRuleSet(CreateRunRequest);

/** Far more than all APIs of this kind have together. Each copy of a body with very many keys costs a second. */
const MOST_PARAMETERS = 1_000;

/**
 * Checks a parsed JSON body and gives the same object back, typed. Nothing in it is converted, removed or filled in. It takes linear
 * time.
 * @param rules of more than a run, where that stands in the body
 * @throws InvalidRequestError for the first fault in the order of the declared parameters. Its message also tells how many more there
 *   are
 */
export function validateRunRequest(body: unknown, rules: RuleSet = RULES): CreateRunRequest {
  if (!isJsonObject(body)) {
    const got = body === undefined ? 'no body' : describeValue(body);
    throw new InvalidRequestError(
      `The request body must be a JSON object with "model" and "input" or "messages", sent as application/json; got ${got}.`,
    );
  }
  if (Object.keys(body).length > MOST_PARAMETERS) {
    throw new InvalidRequestError(`The request has more than ${MOST_PARAMETERS} parameters.`, {
      code: 'invalid_value',
    });
  }
  const faults = new FaultLog();
  checkObject(rules, body, '', faults);
  checkConversation(body, faults);
  checkDependencies(body, faults);
  faults.throwIfAny();
  return body as CreateRunRequest;
}

/** Exactly one of the two says what the run is asked. */
function checkConversation(body: JsonObject, faults: FaultLog): void {
  const given = ['messages', 'input'].filter((name) => (body[name] ?? null) !== null);
  if (given.length === 1) return;
  faults.add(() =>
    given.length === 0
      ? {
          param: 'input',
          code: 'missing_required_parameter',
          message: "Missing required parameter: 'input', or 'messages' in its place.",
        }
      : {
          param: 'input',
          code: 'invalid_value',
          message: "Invalid value for 'input': 'messages' is given, too, which means the same. Leave one of them out.",
        },
  );
}
