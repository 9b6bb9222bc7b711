import { InvalidRequestError } from '../../errors/index.js';
import { isJsonObject, isPresent } from '../../kernel/index.js';
import type { AgentOverride, CompiledWorkflow, RunRequest } from '../../workflow/index.js';

const FIELDS: ReadonlySet<string> = new Set<keyof AgentOverride>(['instructions', 'model']);
/** Most characters of all changes. */
const LONGEST = 100_000;

/**
 * Reads changes to agents for one run.
 * @param isAllowed false in production, where only authors decide what agents do
 * @throws InvalidRequestError
 */
export function readOverrides(
  given: unknown,
  { schema, id }: CompiledWorkflow,
  isAllowed: boolean,
): RunRequest['overrides'] {
  if (!isPresent(given)) return undefined;
  if (!isAllowed)
    throw makeOverridesError(
      'agents can be changed for a run in development only, not where NODE_ENV is production.',
      'overrides_disabled',
    );
  if (!isJsonObject(given)) throw makeOverridesError('expected an object with the keys of steps.');
  if (JSON.stringify(given).length > LONGEST) throw makeOverridesError(`it is longer than ${LONGEST} characters.`);
  const steps = schema.nodes.map(({ key }) => key);
  for (const [step, change] of Object.entries(given)) {
    const [first = ''] = step.split('/', 1);
    if (!steps.includes(first))
      throw makeOverridesError(
        `the workflow "${id}" has no step "${step.slice(0, 64)}". There are: ${steps.join(', ')}.`,
      );
    const isRight =
      isJsonObject(change) &&
      Object.entries(change).every(([name, value]) => FIELDS.has(name) && typeof value === 'string' && value !== '');
    if (!isRight)
      throw makeOverridesError('expected texts under `instructions` and `model`, and nothing else, for each step.');
  }
  return given as RunRequest['overrides'];
}

function makeOverridesError(problem: string, code = 'invalid_value'): InvalidRequestError {
  return new InvalidRequestError(`Invalid value for 'overrides': ${problem}`, { param: 'overrides', code });
}
