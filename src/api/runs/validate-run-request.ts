import { isPresent, type JsonObject } from '../../kernel/index.js';
import { compileRuleSet, type FaultLog, type RuleSet } from '../../schema/index.js';
import { type BodyRules, checkChatDependencies, validateBody } from '../wire/index.js';
import { CreateRunRequest } from './dto/run-request.js';

/** @param rules of a run, and of other fields in the body */
export function makeRunRules(rules: RuleSet): BodyRules {
  return { required: '"model" and "input" or "messages"', rules, checkMore: checkConversationAndParameters };
}

const RULES = makeRunRules(compileRuleSet(CreateRunRequest));

/**
 * Returns the body typed and unchanged.
 * @param rules of other fields than a run's, if the body has some
 * @throws InvalidRequestError as {@link validateBody}
 */
export function validateRunRequest(body: unknown, rules: BodyRules = RULES): CreateRunRequest {
  validateBody(body, rules);
  return body as JsonObject & CreateRunRequest;
}

function checkConversationAndParameters(body: JsonObject, faults: FaultLog): void {
  checkConversation(body, faults);
  checkChatDependencies(body, faults);
}

/** Exactly one of the two is the run's input. */
function checkConversation(body: JsonObject, faults: FaultLog): void {
  const given = ['messages', 'input'].filter((name) => isPresent(body[name]));
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
