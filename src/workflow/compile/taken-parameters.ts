import { assertNever } from '../../kernel/index.js';
import { PARAMETER_GROUPS, type ParameterGroup } from '../parameter-groups.js';
import type { CompiledScope } from '../workflow-schema.js';

/**
 * What can become of a group of the client's parameters in one part of a workflow:
 * - `heeded`: the model of a visible step is given it;
 * - `dropped`: the model of a visible step is not given it;
 * - `no model`: the client sees what code says;
 * - `silent`: the client sees nothing.
 */
type Treatment = 'heeded' | 'dropped' | 'no model' | 'silent';

/** Of steps that run one after another, one that heeds it is enough. */
const STRENGTH: readonly Treatment[] = ['heeded', 'dropped', 'no model', 'silent'];

const BESIDE_TEXT: ReadonlySet<ParameterGroup> = new Set(['tools', 'logprobs', 'modalities']);

/**
 * The groups of the client's parameters that a workflow takes: the model of a visible step is given them, whichever way
 * the run takes. Two are not as strict:
 * - `sampling` shapes how a model writes, so one way with a model that is given it is enough;
 * - `tools` are an offer, so a way on which no model speaks does not count.
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
  const treatments = visible ? followSpeech(scope, group) : new Set<Treatment>(['silent']);
  // Where nothing has been said, the result is the answer.
  return treatments.delete('silent') ? new Set([...treatments, ...followResult(scope, visible, group)]) : treatments;
}

/** By what its visible steps say. */
function followSpeech({ steps }: CompiledScope, group: ParameterGroup): Set<Treatment> {
  return steps
    .filter(({ visible }) => visible)
    .map((step): ReadonlySet<Treatment> => {
      switch (step.kind) {
        case 'node':
          return new Set([readTreatment(step.instance.forwards, group)]);
        case 'workflow':
          return followSpeech(step.workflow.scope, group);
        case 'route':
          return new Set([...step.branches.values()].flatMap((branch) => [...followSpeech(branch, group)]));
        default:
          return assertNever(step);
      }
    })
    .reduce<Set<Treatment>>(joinInSequence, new Set(['silent']));
}

/**
 * By what its result is made of, which counts only if nothing has been said.
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
      // A result is text: it holds no calls of tools, no probabilities, and no sound or images.
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
        (branch) => !visible || followSpeech(branch, group).has('silent'),
      );
      return new Set(silent.flatMap((branch) => [...followResult(branch, visible, group)]));
    }
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
