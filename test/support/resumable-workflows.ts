import { setImmediate as turn } from 'node:timers/promises';
import type { Type } from '@nestjs/common';
import { IsString } from 'class-validator';
import fc from 'fast-check';
import { assertNever } from '../../src/kernel/index.js';
import type { FinishReason } from '../../src/models/index.js';
import type { Delta } from '../../src/streaming/index.js';
import { type Deltas, type Flow, IncompleteOutputError, type Ref, type TaskContext } from '../../src/workflow/index.js';
import { type Compiled, compileTestWorkflow } from './compiled-workflow.js';

/** An output of a class with a method. */
class Box {
  @IsString()
  text!: string;

  /** A method, which JSON would lose. */
  open(): string {
    return `opened ${this.text}`;
  }
}

/** The plan of a node's behaviour. */
interface NodePlan {
  readonly kind: 'node';
  /** Undefined for plain code. */
  readonly says: readonly Delta[] | undefined;
  readonly silent: boolean;
  /** The number of turns of the event loop before each delta, and before the end. */
  readonly pause: number;
  readonly ending: 'text' | 'box' | 'recovered' | 'failed' | 'stopped' | 'broken-off';
  readonly finishReason: FinishReason | undefined;
  readonly tokens: number;
  readonly remembers: boolean;
  readonly after: readonly number[];
}

type Plan =
  | NodePlan
  | { readonly kind: 'route'; readonly branches: readonly (readonly Plan[])[]; readonly after: readonly number[] }
  | {
      readonly kind: 'workflow';
      readonly steps: readonly Plan[];
      readonly silent: boolean;
      readonly after: readonly number[];
    };

const delta: fc.Arbitrary<Delta> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constantFrom('content' as const, 'content' as const, 'reasoning' as const, 'refusal' as const),
      text: fc.constantFrom('a', 'bc ', 'é', '😀', '\ud83d', '\ude00', ''),
    }),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({
        type: fc.constant('tool-call' as const),
        index: fc.nat(1),
        id: fc.option(fc.constantFrom('call_a', 'call_b'), { nil: undefined }),
        name: fc.option(fc.constant('look'), { nil: undefined }),
        arguments: fc.constantFrom('', '{"a":', '1}'),
      })
      .map(({ id, name, ...call }) => ({
        ...call,
        ...(id !== undefined && { id }),
        ...(name !== undefined && { name }),
      })),
  },
  {
    weight: 1,
    arbitrary: fc.constant({
      type: 'annotations' as const,
      annotations: [{ type: 'url_citation', url_citation: { url: 'u', title: 't', start_index: 0, end_index: 1 } }],
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constant({ type: 'audio' as const, id: 'audio_1', data: 'AAAA', transcript: 'heard' }),
  },
);

const after = fc.array(fc.nat(), { maxLength: 2 });

function makeNodePlan(inLine: boolean): fc.Arbitrary<NodePlan> {
  const endings = ['text', 'text', 'text', 'box', 'box', 'recovered', 'recovered', 'failed'] as const;
  // With parallel steps, it depends on timing which of them still start.
  const early = inLine ? (['stopped', 'broken-off'] as const) : [];
  return fc.record({
    kind: fc.constant('node' as const),
    says: fc.option(fc.array(delta, { maxLength: 4 }), { nil: undefined, freq: 4 }),
    silent: fc.constantFrom(false, false, false, true),
    pause: fc.nat(2),
    ending: fc.constantFrom(...endings, ...early),
    finishReason: fc.option(fc.constantFrom('stop', 'length', 'tool_calls'), { nil: undefined }),
    tokens: fc.nat(3),
    remembers: fc.constant(inLine),
    after,
  });
}

function makePlans(inLine: boolean): fc.Arbitrary<readonly Plan[]> {
  return fc.letrec<{ steps: readonly Plan[]; step: Plan }>((tie) => ({
    steps: fc.array(tie('step'), { minLength: 1, maxLength: 5, depthIdentifier: 'resumable' }),
    step: fc.oneof(
      { depthSize: 'small', depthIdentifier: 'resumable' },
      { weight: 4, arbitrary: makeNodePlan(inLine) },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('route' as const),
          branches: fc.array(fc.oneof(tie('steps'), fc.constant([])), { minLength: 1, maxLength: 2 }),
          after,
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('workflow' as const),
          steps: tie('steps'),
          silent: fc.boolean(),
          after,
        }),
      },
    ),
  })).steps;
}

/** Keys of the nodes that ran, in order, with the keys of their enclosing steps. */
export const ran: string[] = [];

/** The plan of a workflow. */
export interface ResumablePlan {
  readonly options: Options;
  readonly plans: readonly Plan[];
}

/** Workflows that use everything that a checkpoint holds. If all steps are in sequence, some also end the run early. */
export const resumablePlans: fc.Arbitrary<ResumablePlan> = fc
  .record({ inLine: fc.boolean(), concurrency: fc.constantFrom(1, 2, 8) })
  .chain((options) => makePlans(options.inLine).map((plans) => ({ options, plans })));

/** Makes the workflow of a plan. */
export function compilePlan({ options, plans }: ResumablePlan): Compiled {
  return compile(plans, 'outer', options);
}

interface Options {
  readonly inLine: boolean;
  readonly concurrency: number;
}

function compile(plans: readonly Plan[], id: string, options: Options): Compiled {
  const nested = new Map<Plan, Compiled>();
  const prepare = (steps: readonly Plan[]): void => {
    for (const plan of steps) {
      if (plan.kind === 'route') plan.branches.forEach((branch) => prepare(branch));
      if (plan.kind === 'workflow') nested.set(plan, compile(plan.steps, `${id}-${nested.size}`, options));
    }
  };
  prepare(plans);
  return compileTestWorkflow(
    {
      id,
      concurrency: options.concurrency,
      define: (flow, request) => {
        const asked = request.messages.map((messages) => JSON.stringify(messages));
        return wire(flow, plans, [asked], nested, options);
      },
    },
    [...nested.values()],
  );
}

function wire(
  flow: Flow,
  plans: readonly Plan[],
  outer: readonly Ref<string>[],
  nested: ReadonlyMap<Plan, Compiled>,
  options: Options,
): Ref<string> {
  const refs = [...outer];
  plans.forEach((plan, index) => {
    const given = options.inLine ? refs.slice(-1) : plan.after.flatMap((place) => refs[place % refs.length] ?? []);
    refs.push(step(flow, plan, `s${index}`, given, nested, options));
  });
  // The last step needs all others, so the run waits for all of them.
  return flow.run('last', Object.fromEntries(refs.map((ref, index) => [`r${index}`, ref])), (values) =>
    Object.values(values).join('|').slice(0, 200),
  );
}

function step(
  flow: Flow,
  plan: Plan,
  key: string,
  given: readonly Ref<string>[],
  nested: ReadonlyMap<Plan, Compiled>,
  options: Options,
): Ref<string> {
  const input = Object.fromEntries(given.map((ref, index) => [`g${index}`, ref]));
  switch (plan.kind) {
    case 'node': {
      const { says, silent } = plan;
      return flow
        .node(makeNode(plan), input, {
          key,
          effect: true,
          ...(says !== undefined && { silent }),
          ...(plan.ending === 'recovered' && { onError: (error) => `instead of ${error.message}` }),
        })
        .map((output) => (output instanceof Box ? output.open() : output));
    }
    case 'workflow': {
      const { type } = nested.get(plan) as Compiled;
      const [text] = given;
      return flow
        .workflow(type, { messages: text ?? 'nothing' }, { key, after: given, silent: plan.silent })
        .map((result) => `from inside: ${String(result)}`);
    }
    case 'route': {
      const on = flow.run(`${key}?`, input, (values) => Object.values(values).join(''), { effect: true });
      const wirings = Object.fromEntries(
        plan.branches.map((steps, index) => [
          `b${index}`,
          (branch: Flow): Ref<string> => (steps.length === 0 ? on : wire(branch, steps, [on], nested, options)),
        ]),
      );
      return flow.route(
        on.map((text) => `b${text.length % plan.branches.length}` as 'any'),
        wirings as { readonly any: (branch: Flow) => Ref<string> },
        { key },
      );
    }
    default:
      return assertNever(plan);
  }
}

function makeNode(plan: NodePlan): Type<{
  process(input: Readonly<Record<string, string>>, context: TaskContext): Promise<string | Box>;
}> {
  const { says } = plan;
  if (says === undefined) {
    return class Code {
      readonly returns = Box;
      async process(input: Readonly<Record<string, string>>, context: TaskContext): Promise<string | Box> {
        ran.push(String(context.log.node));
        await pause(plan.pause);
        return finish(plan, input, context);
      }
    };
  }
  class Speaker {
    readonly returns = Box;
    readonly debounceMs = 0;
    async *process(
      input: Readonly<Record<string, string>>,
      context: TaskContext,
    ): AsyncGenerator<Deltas, string | Box, void> {
      ran.push(String(context.log.node));
      for (const delta of says ?? []) {
        await pause(plan.pause);
        yield delta;
      }
      await pause(plan.pause);
      return finish(plan, input, context);
    }
  }
  // The declared output is the return value of the generator.
  return Speaker as never;
}

function finish(plan: NodePlan, input: Readonly<Record<string, string>>, context: TaskContext): string | Box {
  const { metadata } = context;
  const { finishReason, tokens, ending, remembers } = plan;
  const node = String(context.log.node);
  if (tokens > 0) {
    const usage = { prompt_tokens: tokens, completion_tokens: 1, total_tokens: tokens + 1 };
    context.events.emit({ type: 'model-call-finished', call: 1, outcome: 'stop', usage, unreportedTokens: tokens });
  }
  if (finishReason !== undefined) context.events.emit({ type: 'agent-finished', finishReason });
  const earlier = remembers ? ` after ${[...metadata.keys()].join()}` : '';
  if (remembers) metadata.set(node, { of: node });
  const text = `${node}(${Object.values(input).join()})${earlier}`.slice(0, 200);
  switch (ending) {
    case 'text':
      return text;
    case 'box':
      return Object.assign(new Box(), { text });
    case 'recovered':
    case 'failed':
      throw new Error(`trouble in ${node}`);
    case 'stopped':
      context.stopWorkflow();
      return text;
    case 'broken-off':
      throw new IncompleteOutputError('length', false);
    default:
      return assertNever(ending);
  }
}

async function pause(turns: number): Promise<void> {
  for (let left = turns; left > 0; left--) await turn();
}
