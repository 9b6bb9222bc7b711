import { assertNever } from '../../kernel/index.js';
import type { CompiledScope, CompiledWorkflow, Step } from '../../workflow/index.js';
import type { Phase } from './items/output-item.js';

/** Whether some visible step emits output: always, on some paths of a run, or never. */
interface PhaseChance {
  readonly surely: boolean;
  readonly maybe: boolean;
}

const NONE: PhaseChance = { surely: false, maybe: false };

/**
 * The phase of each visible step's messages, by its key: the final answer for the last step, commentary for all others.
 * Empty for a workflow with one such step, or if the last step depends on the run.
 */
export function findPhases({ scope }: CompiledWorkflow): ReadonlyMap<string, Phase> {
  const phases = new Map<string, Phase | undefined>();
  readScope(scope, '', NONE, phases);
  const found = [...phases.values()];
  const isKnown = !found.includes(undefined) && found.includes('commentary');
  return isKnown ? (phases as Map<string, Phase>) : new Map();
}

/**
 * Reads the steps of a scope from its end.
 * @param path keys of the enclosing steps, each followed by a slash
 * @param after whether a visible step follows it
 * @returns whether a visible step is in it or follows it
 */
function readScope(
  scope: CompiledScope,
  path: string,
  after: PhaseChance,
  phases: Map<string, Phase | undefined>,
): PhaseChance {
  return scope.steps
    .filter(({ visible }) => visible)
    .reduceRight((later, step) => readStep(step, path, later, phases), after);
}

function readStep(step: Step, path: string, after: PhaseChance, phases: Map<string, Phase | undefined>): PhaseChance {
  switch (step.kind) {
    case 'node':
      phases.set(path + step.key, after.surely ? 'commentary' : after.maybe ? undefined : 'final_answer');
      return { surely: true, maybe: true };
    case 'workflow':
      return readScope(step.workflow.scope, `${path}${step.key}/`, after, phases);
    case 'route': {
      const ways = [...step.branches.values()].map((branch) => readScope(branch, path, after, phases));
      return { surely: ways.every(({ surely }) => surely), maybe: ways.some(({ maybe }) => maybe) };
    }
    case 'interrupt':
      return after;
    default:
      return assertNever(step);
  }
}
