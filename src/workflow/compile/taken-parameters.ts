import { PARAMETER_GROUPS, type ParameterGroup } from '../parameter-groups.js';
import type { Scope } from '../workflow-schema.js';

/**
 * What can become of a group of the client's parameters in one part of a workflow:
 * - `heeded`: a model that the client hears is given it;
 * - `dropped`: a model that the client hears is not;
 * - `no model`: the client hears what code says;
 * - `silent`: the client hears nothing.
 */
type Outcome = 'heeded' | 'dropped' | 'no model' | 'silent';

/** In steps that run one after another, one that heeds it suffices. */
const STRENGTH: readonly Outcome[] = ['heeded', 'dropped', 'no model', 'silent'];

const BESIDE_TEXT: ReadonlySet<ParameterGroup> = new Set(['tools', 'logprobs', 'modalities']);

/**
 * The groups of the client's parameters that a workflow takes: a model that the client hears is given them, whichever way
 * the run takes. Two are not as strict:
 * - `sampling` shapes how a model writes, so one way with a model that is given it is enough;
 * - `tools` are an offer, so a way on which no model speaks does not count.
 */
export function findTakenParameters(scope: Scope, visible: boolean): ReadonlySet<ParameterGroup> {
  return new Set(PARAMETER_GROUPS.filter((group) => isTaken(group, findOutcomes(scope, visible, group))));
}

function isTaken(group: ParameterGroup, outcomes: ReadonlySet<Outcome>): boolean {
  if (!outcomes.has('heeded')) return false;
  if (group === 'sampling') return true;
  return !outcomes.has('dropped') && (group === 'tools' || !outcomes.has('no model'));
}

function findOutcomes(scope: Scope, visible: boolean, group: ParameterGroup): ReadonlySet<Outcome> {
  const outcomes = visible ? outcomesOfSpeech(scope, group) : new Set<Outcome>(['silent']);
  // Where nothing has been said, the result is the answer.
  return outcomes.delete('silent') ? new Set([...outcomes, ...outcomesOfResult(scope, visible, group)]) : outcomes;
}

/** By what its visible steps say. */
function outcomesOfSpeech({ steps }: Scope, group: ParameterGroup): Set<Outcome> {
  return steps
    .filter(({ visible }) => visible)
    .map((step): ReadonlySet<Outcome> => {
      switch (step.kind) {
        case 'node':
          return new Set([outcomeOfNode(step.instance.forwards, group)]);
        case 'workflow':
          return outcomesOfSpeech(step.workflow.scope, group);
        default:
          return new Set([...step.branches.values()].flatMap((branch) => [...outcomesOfSpeech(branch, group)]));
      }
    })
    .reduce<Set<Outcome>>(inSequence, new Set(['silent']));
}

/**
 * By what its result is made of, which counts only if nothing has been said.
 * @param visible whether its visible steps are heard
 */
function outcomesOfResult({ steps, resultStep }: Scope, visible: boolean, group: ParameterGroup): ReadonlySet<Outcome> {
  const step = steps.find(({ key }) => key === resultStep);
  if (step === undefined) return new Set(['no model']);
  switch (step.kind) {
    case 'node': {
      // A result is text: it holds no calls of tools, no probabilities, and no sound or images.
      const { forwards } = step.instance;
      return new Set([
        outcomeOfNode(
          forwards?.filter((name) => !BESIDE_TEXT.has(name)),
          group,
        ),
      ]);
    }
    case 'workflow':
      return outcomesOfResult(step.workflow.scope, visible && !step.hidden, group);
    default: {
      const silent = [...step.branches.values()].filter(
        (branch) => !visible || outcomesOfSpeech(branch, group).has('silent'),
      );
      return new Set(silent.flatMap((branch) => [...outcomesOfResult(branch, visible, group)]));
    }
  }
}

function outcomeOfNode(forwards: readonly ParameterGroup[] | undefined, group: ParameterGroup): Outcome {
  if (forwards === undefined) return 'no model';
  return forwards.includes(group) ? 'heeded' : 'dropped';
}

function inSequence(before: Set<Outcome>, after: ReadonlySet<Outcome>): Set<Outcome> {
  const both = [...before].flatMap((one) => [...after].map((other) => stronger(one, other)));
  return new Set(both);
}

function stronger(one: Outcome, other: Outcome): Outcome {
  return STRENGTH.indexOf(one) <= STRENGTH.indexOf(other) ? one : other;
}
