/**
 * Code that wires workflows and must compile, and code that must not. Checked by `npm run typecheck`: an `@ts-expect-error` that is not
 * needed is an error itself. Nothing here is run.
 */
import { expectTypeOf } from 'expect-type';
import { type ChatRefs, type Deltas, type Flow, type Message, type Ref, Workflow } from 'millrace';
import { z } from 'zod';
import type { InputOf, OutputOf, RequestOf, ResultOf } from '../../src/workflow/index.js';
import {
  ClockNode,
  CountNode,
  decide,
  Decision,
  DraftNode,
  plain,
  ReplyNode,
  say,
  think,
  Think,
  TopicNode,
} from './declared.js';

export function inputsAndOutputsAreInferred(flow: Flow, { messages, parameters }: ChatRefs): void {
  expectTypeOf<InputOf<ReplyNode>>().toEqualTypeOf<{ messages: readonly Message[]; draft: string }>();
  expectTypeOf<OutputOf<ReplyNode>>().toEqualTypeOf<Think>();
  expectTypeOf<OutputOf<TopicNode>>().toEqualTypeOf<'close' | 'reply'>();
  expectTypeOf<OutputOf<CountNode>>().toEqualTypeOf<number>();
  expectTypeOf(messages).toEqualTypeOf<Ref<readonly Message[]>>();
  expectTypeOf(parameters).toEqualTypeOf<Ref<Readonly<Record<string, unknown>>>>();

  expectTypeOf(flow.ask(decide, { messages })).toEqualTypeOf<Ref<Decision>>();
  expectTypeOf(flow.stream(say, { messages, tone: 'kind' })).toEqualTypeOf<Ref<string>>();
  expectTypeOf(flow.stream(think, { messages })).toEqualTypeOf<Ref<Think>>();
  const draft = flow.node(DraftNode, { messages });
  expectTypeOf(draft).toEqualTypeOf<Ref<string>>();
  expectTypeOf(flow.node(ReplyNode, { messages, draft })).toEqualTypeOf<Ref<Think>>();
  expectTypeOf(flow.node(TopicNode, { messages })).toEqualTypeOf<Ref<'close' | 'reply'>>();
}

export function codeIsInferred(flow: Flow, { messages }: ChatRefs): void {
  const topic = flow.ask(decide, { messages });
  const found = flow.run('look-up', { topic, most: 3 }, ({ topic: { why }, most }) => [why, String(most)]);
  expectTypeOf(found).toEqualTypeOf<Ref<string[]>>();
  const later = flow.run('later', { topic }, async ({ topic: { kind } }, { signal }) =>
    Promise.resolve([kind, signal]),
  );
  expectTypeOf(later).toEqualTypeOf<Ref<(AbortSignal | 'close' | 'reply')[]>>();
  flow.run('log', { topic }, () => undefined, { effect: true, after: [found] });
  // @ts-expect-error no such value
  flow.run('look-up', { topic }, ({ subject }) => subject);
  // @ts-expect-error a text has no such property
  flow.run('look-up', { topic }, ({ topic: { why } }) => why.topic);
  // @ts-expect-error a substitute must have the type of the code's result
  flow.run('look-up', { topic }, ({ topic: { why } }) => why, { onError: () => 1 });
}

export function refsStandAtTheTop(
  flow: Flow,
  { messages }: ChatRefs,
  service: { find(): string; owner: ClockNode },
): void {
  const topic = flow.ask(decide, { messages });
  const given = flow.run('deep', { topic, service, list: [1, 2], loose: JSON.parse('1') }, (values) => values);
  expectTypeOf(given.get('list')).toEqualTypeOf<Ref<number[]>>();
  expectTypeOf(given.get('topic')).toEqualTypeOf<Ref<Decision>>();
  // @ts-expect-error refs in a list are not replaced by their values
  flow.run('list', { list: [topic] }, ({ list }) => list);
  // @ts-expect-error refs in an object are not replaced by their values
  flow.run('deep', { deep: { topic } }, ({ deep }) => deep);
  // @ts-expect-error a ref is not an input
  flow.run('ref', topic, (value) => value);
  // @ts-expect-error a list is not an input
  flow.run('refs', [topic], (values) => values);
}

declare class SyncNode {
  process(): Generator<Deltas, string, void>;
}

export function generatorsAreAsync(flow: Flow): void {
  // @ts-expect-error only an async generator can write
  flow.node(SyncNode);
  // @ts-expect-error code in place is silent, so it cannot be a generator
  flow.run('sync', {}, function* () {
    yield 1;
  });
  // @ts-expect-error code in place is silent, so it cannot be a generator
  flow.run('async', {}, async function* () {
    yield await Promise.resolve(1);
  });
}

export function branchesAreExhaustive(flow: Flow, { messages }: ChatRefs): void {
  const decision = flow.ask(decide, { messages });
  const draft = flow.stream(plain, { messages });
  const answer = flow.route(decision.get('kind'), {
    close: (branch) => branch.run('closed', {}, () => 'closed'),
    reply: (branch) => branch.stream(say, { messages, tone: 'kind' }),
  });
  expectTypeOf(answer).toEqualTypeOf<Ref<string>>();
  const mixed = flow.route(decision.get('kind'), {
    close: (branch) => branch.node(ReplyNode, { messages, draft }),
    reply: () => draft,
  });
  expectTypeOf(mixed).toEqualTypeOf<Ref<Think | string>>();
  const isLong = draft.map((text) => text.length > 100);
  expectTypeOf(isLong).toEqualTypeOf<Ref<boolean>>();
  const short = flow.route(isLong, { true: () => draft.map(() => 0), false: () => draft.get('length') });
  expectTypeOf(short).toEqualTypeOf<Ref<number>>();
  // @ts-expect-error the branch `reply` is missing
  flow.route(decision.get('kind'), { close: () => draft });
  // @ts-expect-error `sales` is not a kind
  flow.route(decision.get('kind'), { close: () => draft, reply: () => draft, sales: () => draft });
  // @ts-expect-error a route needs a union of constants
  flow.route(draft, { billing: () => draft });
  const maybe = flow.run('maybe', {}, (): 'a' | undefined => undefined);
  // @ts-expect-error there is no branch for undefined
  flow.route(maybe, { a: () => draft });
  const kind = maybe.map((value) => value ?? 'none');
  expectTypeOf(flow.route(kind, { a: () => draft, none: () => draft })).toEqualTypeOf<Ref<string>>();
  // @ts-expect-error a text has no such property
  void draft.get('topic');
}

@Workflow({ id: 'support', description: '' })
class SupportWorkflow {
  readonly answer = plain;
  define(flow: Flow, { messages }: ChatRefs) {
    return flow.stream(this.answer, { messages });
  }
}

declare class InnerWorkflow {
  define(flow: Flow, request: ChatRefs<{ readonly tone: string }>): Ref<Think>;
}
declare class ConstantWorkflow {
  define(flow: Flow): Ref<number>;
}

export function nestedWorkflowsAreTyped(flow: Flow, { messages }: ChatRefs): void {
  expectTypeOf<ResultOf<SupportWorkflow>>().toEqualTypeOf<string>();
  expectTypeOf<RequestOf<InnerWorkflow>['tone']>().toEqualTypeOf<string>();
  const draft = flow.node(DraftNode, { messages });
  expectTypeOf(flow.workflow(SupportWorkflow, { messages })).toEqualTypeOf<Ref<string>>();
  expectTypeOf(flow.workflow(InnerWorkflow, { messages, tone: draft })).toEqualTypeOf<Ref<Think>>();
  expectTypeOf(flow.workflow(ConstantWorkflow, { messages, model: 'x' })).toEqualTypeOf<Ref<number>>();
  flow.workflow(SupportWorkflow, { messages: 'a text' });
  flow.workflow(SupportWorkflow, { messages: draft });
  // @ts-expect-error a number is not a conversation
  flow.workflow(SupportWorkflow, { messages: 3 });
  // @ts-expect-error its request needs a tone
  flow.workflow(InnerWorkflow, { messages });
  // @ts-expect-error a tone is a text
  flow.workflow(InnerWorkflow, { messages, tone: 3 });
  // @ts-expect-error it has no such parameter
  flow.workflow(SupportWorkflow, { messages, tone: draft });
  // @ts-expect-error a class without define() is not a workflow
  flow.workflow(CountNode, { messages });
  // @ts-expect-error a substitute must have the type of the node's output
  flow.node(CountNode, { text: draft }, { onError: () => 'none' });
  flow.node(CountNode, { text: draft }, { onError: ({ message }) => message.length });
  // @ts-expect-error a substitute must have the type of the agent's output
  flow.ask(decide, { messages }, { onError: () => 'none' });
  // @ts-expect-error the default, to run the step again, has no value
  flow.node(CountNode, { text: draft }, { onInterruption: 'resume' });
  flow.node(CountNode, { text: draft }, { onInterruption: 'fail' });
}

@Workflow({ id: 'patient', description: '', background: { concurrency: 2, retries: 3, retryDelay: '30s' } })
export class PatientWorkflow extends SupportWorkflow {}

// @ts-expect-error the number of retries is not a text
@Workflow({ id: 'nothing', description: '', background: { retries: 'often' } })
export class OftenWorkflow extends SupportWorkflow {}

// @ts-expect-error a class without define() is not a workflow
@Workflow({ id: 'nothing', description: '' })
export class NoWorkflow {}

// @ts-expect-error define() returns a ref
@Workflow({ id: 'nothing', description: '' })
export class NoResultWorkflow {
  define(flow: Flow, { messages }: ChatRefs): void {
    flow.stream(plain, { messages });
  }
}

export function constantsAndOptionsAreAllowed(flow: Flow, { messages }: ChatRefs): void {
  const draft = flow.node(DraftNode, { messages });
  flow.node(CountNode, { text: 'a constant', limit: 3 });
  flow.node(CountNode, { text: draft }, { after: [draft], key: 'count', silent: true });
  flow.node(ClockNode);
  flow.node(ClockNode, undefined, { after: [draft] });
  flow.node(ClockNode, {}, { after: [draft] });
  // @ts-expect-error it takes no input
  flow.node(ClockNode, { text: draft });
  flow.ask(plain, { messages: draft }, { after: [draft], key: 'again', effect: true });
  flow.ask(plain, { messages: 'a question' });
  flow.ask(plain, { messages: [{ role: 'user', content: 'a question' }] });
  flow.stream(plain, { messages }, { key: 'again', after: [draft] });
  flow.stream(think, { messages }, {}, { key: 'again', after: [draft] });
}

export function answersAreObjects(flow: Flow, { messages }: ChatRefs): void {
  expectTypeOf(flow.interrupt('approve', { messages }, Decision)).toEqualTypeOf<Ref<Decision>>();
  const verdict = z.object({ approved: z.boolean() });
  expectTypeOf(flow.interrupt('approve', { messages }, verdict)).toEqualTypeOf<Ref<{ approved: boolean }>>();
  // @ts-expect-error a text is not an object
  flow.interrupt('approve', { messages }, String);
  // @ts-expect-error a text is not an object
  flow.interrupt('approve', { messages }, z.string());
  // @ts-expect-error the value must have the type of the answer
  flow.interrupt('approve', { messages }, verdict, { onTimeout: () => ({ approved: 'no' }) });
}

export function wrongWiringDoesNotCompile(flow: Flow, { messages, ...rest }: ChatRefs): void {
  const draft = flow.node(DraftNode, { messages });
  const decision = flow.ask(decide, { messages });
  // @ts-expect-error the variable `tone` is missing
  flow.stream(say, { messages });
  // @ts-expect-error the variable `tone` is missing
  flow.ask(say, { messages });
  // @ts-expect-error a Decision is not a text
  flow.stream(say, { messages, tone: decision });
  // @ts-expect-error a Decision is not a text
  flow.ask(say, { messages, tone: decision });
  // @ts-expect-error no such variable
  flow.ask(plain, { messages, tone: 'kind' });
  // @ts-expect-error no such variable
  flow.stream(say, { messages, tone: 'kind', length: 3 });
  // @ts-expect-error a conversation is not an object
  flow.ask(plain, { messages: decision });
  // @ts-expect-error an agent is needed
  flow.ask(CountNode, { text: draft });
  // @ts-expect-error a silent step has no channels
  flow.ask(think, { messages }, { reply: 'content' });
  // @ts-expect-error a text has no fields
  flow.stream(plain, { messages }, { reply: 'content' });
  // @ts-expect-error the input `draft` is missing
  flow.node(ReplyNode, { messages });
  const reply = flow.node(ReplyNode, { messages, draft });
  // @ts-expect-error a Think is not a string
  flow.node(ReplyNode, { messages, draft: reply });
  // @ts-expect-error a number is not a string
  flow.node(CountNode, { text: 3 });
  // @ts-expect-error no such input
  flow.node(DraftNode, { messages, draft });
  // @ts-expect-error this node needs an input
  flow.node(DraftNode);
  // @ts-expect-error no such part of the request
  void rest.conversation;
  // @ts-expect-error `after` takes refs
  flow.node(DraftNode, { messages }, { after: ['DraftNode'] });
  // @ts-expect-error a node's input is not a plain string
  flow.node(DraftNode, 'messages');
  // @ts-expect-error a class without `process` is not a node
  flow.node(Think, {});
}

declare class StringWorkflow {
  define(flow: Flow, request: ChatRefs): Ref<string>;
}

/** Nest makes the instances; a ref is not its value. */
export function refsAreNotValues(flow: Flow, { messages }: ChatRefs): void {
  const draft = flow.node(DraftNode, { messages });
  // @ts-expect-error the text only exists in a run
  const text: string = draft;
  // @ts-expect-error the result must be of the declared type
  const result: ReturnType<StringWorkflow['define']> = flow.stream(think, { messages });
  void [text, result];
}
