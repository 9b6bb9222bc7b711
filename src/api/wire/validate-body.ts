import { InvalidRequestError } from '../../errors/index.js';
import { isJsonObject, type JsonObject } from '../../kernel/index.js';
import { checkObject, FaultLog, type RuleSet } from '../../schema/index.js';

/** Far more than all APIs of this kind have together. Each copy of a body with very many keys costs a second. */
const MOST_PARAMETERS = 1_000;

/** The rules for the body of a request. */
export interface BodyRules {
  /** The required parameters, as a message names them. */
  readonly required: string;
  /** Rules of the declared parameters. */
  readonly rules: RuleSet;
  /** True if a required parameter that is null is missing, as in the API of responses; otherwise null has the wrong type. */
  readonly nullIsAbsent?: boolean;
  /** Checks dependencies between parameters, and everything else outside of these rules. In linear time. */
  readonly checkMore: (body: JsonObject, faults: FaultLog) => void;
}

/**
 * Checks a parsed JSON body. Nothing in it is converted, removed or filled in, so `temperature: 0`, empty strings and unknown
 * parameters stay as the client sent them.
 *
 * Free-form values (schemas of tools, metadata, unknown parameters) are not checked: the size and depth of a body were
 * checked before it was parsed. The check takes linear time.
 *
 * @throws InvalidRequestError for the first fault in the order of the declared parameters, with `param` and `code` of OpenAI's error
 *   object, and then for those of `checkMore`. Its message also tells how many more there are.
 */
export function validateBody(
  body: unknown,
  { required, rules, nullIsAbsent, checkMore }: BodyRules,
): asserts body is JsonObject {
  if (!isJsonObject(body)) {
    throw new InvalidRequestError(
      `The request body must be a JSON object with ${required}, sent as application/json; got ${describeKind(body)}.`,
    );
  }
  if (Object.keys(body).length > MOST_PARAMETERS) {
    throw new InvalidRequestError(`The request has more than ${MOST_PARAMETERS} parameters.`, {
      code: 'invalid_value',
    });
  }
  const faults = new FaultLog();
  const hasNull = nullIsAbsent === true && rules.required.some(({ name }) => body[name] === null);
  checkObject(rules, hasNull ? omitNulls(body) : body, '', faults);
  checkMore(body, faults);
  faults.throwIfAny();
}

function omitNulls(body: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
}

function describeKind(body: unknown): string {
  if (body === undefined) return 'no body';
  if (body === null) return 'null';
  return Array.isArray(body) ? 'an array' : `a ${typeof body}`;
}
