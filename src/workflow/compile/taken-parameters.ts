import { assertNever } from '../../kernel/index.js';
import { PARAMETER_GROUPS, type ParameterGroup } from '../parameter-groups.js';
import type { CompiledScope } from '../workflow-schema.js';

/**
 * How one part of a workflow treats a group of the client's parameters:
 * - `heeded`: the model of a visible step gets it;
 * - `dropped`: the model of a visible step does not get it;
 * - `no model`: the client sees text from code;
 * - `silent`: the client sees nothing.
 */
type Treatment = 'heeded' | 'dropped' | 'no model' | 'silent';

/** Of steps that run in sequence, the strongest treatment counts. */
const STRENGTH: readonly Treatment[] = ['heeded', 'dropped', 'no model', 'silent'];

const BESIDE_TEXT: ReadonlySet<ParameterGroup> = new Set(['tools', 'logprobs', 'modalities']);

/**
 * Finds the groups of the client's parameters that a workflow takes: those that the model of a visible step gets on every
 * path of a run. Two groups are treated less strictly:
 * - `sampling` shapes how a model writes, so one path with a model that gets it is enough;
 * - `tools` are an offer, so a path on which the client sees no model does not count.
 */
export function findTakenParameters(scope: CompiledScope, visible: boolean): ReadonlySet<ParameterGroup> {
  return new Set(PARAMETER_GROUPS.filter((group) => isTaken(group, findTreatments(scope, visible, group))));
}

function isTaken(group: ParameterGroup, treatments: ReadonlySet<Treatment>): boolean {
  if (!treatments.has('heeded')) return false;
  if (group === 'sampling') return true;
  return !treatments.has('dropped') && (group === 'tools' || !treatments.has('no model'));
}

function findTreatments(scope: CompiledScope, visible: boolean, group: ParameterGroup): ReadonlySet<Treatment> {
  const treatments = visible ? followVisible(scope, group) : new Set<Treatment>(['silent']);
  // If the client has seen no text, the result is sent.
  return treatments.delete('silent') ? new Set([...treatments, ...followResult(scope, visible, group)]) : treatments;
}

/** The treatments by the visible steps of a scope. */
function followVisible({ steps }: CompiledScope, group: ParameterGroup): Set<Treatment> {
  return steps
    .filter(({ visible }) => visible)
    .map((step): ReadonlySet<Treatment> => {
      switch (step.kind) {
        case 'node':
          return new Set([readTreatment(step.instance.forwards, group)]);
        case 'workflow':
          return followVisible(step.workflow.scope, group);
        case 'route':
          return new Set([...step.branches.values()].flatMap((branch) => [...followVisible(branch, group)]));
        case 'interrupt':
          return new Set(['silent']);
        default:
          return assertNever(step);
      }
    })
    .reduce<Set<Treatment>>(joinInSequence, new Set(['silent']));
}

/**
 * The treatments by the step that gives the result, which count only if the client has seen no text.
 * @param visible whether the client sees its visible steps
 */
function followResult(
  { steps, resultStep }: CompiledScope,
  visible: boolean,
  group: ParameterGroup,
): ReadonlySet<Treatment> {
  const step = steps.find(({ key }) => key === resultStep);
  if (step === undefined) return new Set(['no model']);
  switch (step.kind) {
    case 'node': {
      // A result is text: it holds no tool calls, log probabilities, audio or images.
      const { forwards } = step.instance;
      return new Set([
        readTreatment(
          forwards?.filter((name) => !BESIDE_TEXT.has(name)),
          group,
        ),
      ]);
    }
    case 'workflow':
      return followResult(step.workflow.scope, visible && !step.silent, group);
    case 'route': {
      const silent = [...step.branches.values()].filter(
        (branch) => !visible || followVisible(branch, group).has('silent'),
      );
      return new Set(silent.flatMap((branch) => [...followResult(branch, visible, group)]));
    }
    case 'interrupt':
      return new Set(['no model']);
    default:
      return assertNever(step);
  }
}

function readTreatment(forwards: readonly ParameterGroup[] | undefined, group: ParameterGroup): Treatment {
  if (forwards === undefined) return 'no model';
  return forwards.includes(group) ? 'heeded' : 'dropped';
}

function joinInSequence(before: Set<Treatment>, after: ReadonlySet<Treatment>): Set<Treatment> {
  const both = [...before].flatMap((one) => [...after].map((other) => pickStronger(one, other)));
  return new Set(both);
}

function pickStronger(one: Treatment, other: Treatment): Treatment {
  return STRENGTH.indexOf(one) <= STRENGTH.indexOf(other) ? one : other;
}
