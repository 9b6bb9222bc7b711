import type { JsonObject } from '../../kernel/index.js';
import { compileRuleSet, type FaultLog } from '../../schema/index.js';
import { type BodyRules, validateBody } from '../wire/index.js';
import { checkResponseParameters } from './check-dependencies.js';
import { checkToolChoice, checkTools } from './check-tools.js';
import { ResponseRequest } from './dto/index.js';
import { checkItems } from './items/input-checks.js';

const RULES: BodyRules = {
  required: '"model" and "input"',
  rules: compileRuleSet(ResponseRequest),
  nullIsAbsent: true,
  checkMore: checkToolsAndItems,
};

/**
 * Returns the body typed and unchanged. Items and tools that others run are not checked.
 * @throws InvalidRequestError as {@link validateBody}: after the declared parameters for tools and items
 */
export function validateResponseRequest(body: unknown): ResponseRequest {
  validateBody(body, RULES);
  return body as ResponseRequest;
}

function checkToolsAndItems(body: JsonObject, faults: FaultLog): void {
  const { input, tools } = body;
  if (Array.isArray(input)) checkItems(input, 'input', faults);
  if (Array.isArray(tools)) checkTools(tools, faults);
  checkToolChoice(body, faults);
  checkResponseParameters(body, faults);
}
