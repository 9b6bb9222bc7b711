import fc from 'fast-check';
import type { Flow, Ref } from '../../src/workflow/index.js';
import { CodeNode, type Compiled, compileTestWorkflow, SilentNode, SpeakingNode } from './compiled-workflow.js';

/** The plan of a step, from which a workflow is wired. */
type Plan =
  | {
      readonly kind: 'node';
      readonly key: string;
      readonly node: number;
      readonly silent: boolean;
      readonly after: number;
    }
  | {
      readonly kind: 'route';
      readonly key: string;
      readonly branches: readonly { readonly when: string; readonly steps: readonly Plan[] }[];
      readonly after: number;
    }
  | {
      readonly kind: 'workflow';
      readonly key: string;
      readonly steps: readonly Plan[];
      readonly silent: boolean;
      readonly after: number;
    };

/** Names with a meaning in Mermaid, Markdown, HTML or XML, and any others. */
const names = fc.oneof(
  fc.constantFrom(
    'end',
    'subgraph',
    'a"b',
    '</text>',
    '<!--',
    ']]>',
    '&amp;',
    '#quot;',
    '--> x',
    '%% x',
    '`b`',
    '1. a',
    '',
    ' ',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: fc.constantFrom(...'"\'<>&#;|[](){}`-=%:\\/\n\t\0\u2028\uD800\uDC00'), maxLength: 8 }),
);

const { steps } = fc.letrec<{ steps: readonly Plan[]; step: Plan }>((tie) => ({
  steps: fc.array(tie('step'), { minLength: 1, maxLength: 6, depthIdentifier: 'plan' }),
  step: fc.oneof(
    { depthSize: 'small', withCrossShrink: true, depthIdentifier: 'plan' },
    fc.record({
      kind: fc.constant('node' as const),
      key: names,
      node: fc.nat(2),
      silent: fc.boolean(),
      after: fc.nat(),
    }),
    fc.record({
      kind: fc.constant('route' as const),
      key: names,
      branches: fc.uniqueArray(
        fc.record({
          when: names,
          steps: fc.oneof({ arbitrary: tie('steps'), weight: 3 }, { arbitrary: fc.constant([]), weight: 1 }),
        }),
        { minLength: 1, maxLength: 3, selector: ({ when }) => when },
      ),
      after: fc.nat(),
    }),
    fc.record({
      kind: fc.constant('workflow' as const),
      key: names,
      steps: tie('steps'),
      silent: fc.boolean(),
      after: fc.nat(),
    }),
  ),
}));

/** Random workflows of parallel steps, routes and nested workflows, with names of all kinds. */
export const workflows: fc.Arbitrary<Compiled> = steps.map((plans) => compile(plans, 'outer'));

function compile(plans: readonly Plan[], id: string): Compiled {
  const nested = new Map<Plan, Compiled>();
  const prepare = (steps: readonly Plan[]): void => {
    for (const plan of steps) {
      if (plan.kind === 'route') plan.branches.forEach((branch) => prepare(branch.steps));
      if (plan.kind === 'workflow') nested.set(plan, compile(plan.steps, `${id}/${nested.size}`));
    }
  };
  prepare(plans);
  return compileTestWorkflow({ id, description: id, define: (flow) => wire(flow, plans, nested) }, [
    ...nested.values(),
  ]);
}

/** Wires each step after an earlier one of its choice, or as the first of a parallel branch. */
function wire(flow: Flow, plans: readonly Plan[], nested: ReadonlyMap<Plan, Compiled>): Ref<unknown> {
  const refs: Ref<unknown>[] = [];
  plans.forEach((plan, index) => {
    const before = refs[plan.after % (index + 1)];
    // The number makes keys unique.
    const place = { key: `${plan.key}${index}`, after: before === undefined ? [] : [before] };
    refs.push(step(flow, plan, place, nested));
  });
  // A silent route or nested workflow is a fault unless another step needs it.
  return flow.node(CodeNode, undefined, { key: 'last', after: refs, effect: true });
}

function step(
  flow: Flow,
  plan: Plan,
  place: { readonly key: string; readonly after: readonly Ref<unknown>[] },
  nested: ReadonlyMap<Plan, Compiled>,
): Ref<unknown> {
  if (plan.kind === 'node') {
    const type = [CodeNode, SilentNode, SpeakingNode][plan.node] ?? CodeNode;
    return flow.node(type, undefined, { ...place, silent: plan.silent, effect: true });
  }
  const inner = nested.get(plan);
  if (inner !== undefined) {
    const { parameters, messages, model } = REQUEST;
    return flow.workflow(
      inner.type,
      { parameters, messages, model },
      { ...place, silent: plan.kind === 'workflow' && plan.silent },
    );
  }
  const on = flow.node(CodeNode, undefined, { key: `${place.key}?`, after: place.after, effect: true });
  const branches = plan.kind === 'route' ? plan.branches : [];
  const wirings = Object.fromEntries(
    branches.map(({ when, steps }) => [
      when,
      (branch: Flow): Ref<unknown> => (steps.length === 0 ? on : wire(branch, steps, nested)),
    ]),
  );
  // The values are random, so there is no type for them.
  return flow.route(
    on.map((value) => value as 'any'),
    wirings as { readonly any: (branch: Flow) => Ref<unknown> },
    place,
  );
}

const REQUEST = { model: 'outer', messages: [], parameters: {} };
