/**
 * What must compile and what must not. Checked by `npm run typecheck`: an `@ts-expect-error` that is not needed is an error
 * itself. Nothing here is run.
 */
import { toStandardJsonSchema } from '@valibot/to-json-schema';
import { IsString } from 'class-validator';
import { expectTypeOf } from 'expect-type';
import {
  Agent,
  agent,
  type AgentInput,
  AgentNode,
  AgentStreamingNode,
  AgentTool,
  type ChatRefs,
  type Deltas,
  Describe,
  type Flow,
  mcpServer,
  type Message,
  promptFile,
  type Ref,
  type TaskContext,
  Workflow,
} from 'millrace';
import * as v from 'valibot';
import { z } from 'zod';
import type { InputOf, OutputOf, RequestOf, ResultOf } from '../../src/workflow/index.js';

class Decision {
  @IsString() @Describe('What is done') readonly kind: 'close' | 'reply';
  @IsString() readonly why: string;
}

class Think {
  @IsString() readonly thinking: string;
  @IsString() readonly reply: string;
}

const decide = agent({ output: Decision });
const say = agent({ instructions: ({ tone }: { tone: string }) => tone });
const plain = agent({ instructions: 'Answer.' });
const think = agent({ output: Think });

export function agentsAreInferred(): void {
  expectTypeOf(decide).toEqualTypeOf<Agent<AgentInput, Decision>>();
  expectTypeOf(say).toEqualTypeOf<Agent<AgentInput<{ tone: string }>, string>>();
  expectTypeOf(plain).toEqualTypeOf<Agent<AgentInput, string>>();
  expectTypeOf(agent({})).toEqualTypeOf<Agent<AgentInput, string>>();
  const filed = agent({ instructions: promptFile<{ intent: string }>('./prompts/reply.md', import.meta.url) });
  expectTypeOf(filed).toEqualTypeOf<Agent<AgentInput<{ intent: string }>, string>>();
  const zod = agent({
    instructions: ({ n }: { n: number }) => String(n),
    output: z.object({ a: z.string(), d: z.string().default('x') }),
  });
  expectTypeOf(zod).toEqualTypeOf<Agent<AgentInput<{ n: number }>, { a: string; d: string }>>();
  const valibot = agent({ output: toStandardJsonSchema(v.object({ a: v.string() })) });
  expectTypeOf(valibot).toEqualTypeOf<Agent<AgentInput, { a: string }>>();
  agent({ model: 'openai/gpt-5.4-mini' });
  agent({ model: ['anthropic', 'openai/x', { model: 'openai/y', settings: { temperature: 0 } }] });
  // @ts-expect-error no such provider
  agent({ model: 'nobody/x' });
  // @ts-expect-error a list of models has at least one
  agent({ model: [] });
  // @ts-expect-error a structured answer is an object
  agent({ output: z.string() });
  const either = agent({ output: z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]) });
  expectTypeOf(either).toEqualTypeOf<Agent<AgentInput, { a: string } | { b: string }>>();
  expectTypeOf(agent({ output: undefined })).toEqualTypeOf<Agent<AgentInput, string>>();
  expectTypeOf(agent({ output: z.any() }).config).toEqualTypeOf<Agent<AgentInput, string>['config']>();
  // @ts-expect-error nothing says that it is an object
  agent({ output: z.unknown() });
  // @ts-expect-error it may be missing
  agent({ output: z.object({ a: z.string() }).optional() });
  // @ts-expect-error it may be a list
  agent({ output: z.union([z.object({ a: z.string() }), z.array(z.string())]) });
  // @ts-expect-error an agent without an output gives a text
  const untyped: Agent<AgentInput, Think> = agent({});
  void untyped;
  // @ts-expect-error a text is no object
  agent({ output: String });
  // @ts-expect-error a list is no object
  agent({ output: z.array(z.string()) });
  // @ts-expect-error a class that needs arguments cannot be made of an answer
  agent({ output: Date.bind(null, 0) as unknown as new (year: number) => Date });
  // @ts-expect-error no such setting
  agent({ retrys: 1 });
}

type Signatures<F> = F extends { (...first: infer A): infer R; (...second: infer B): infer S }
  ? [[A, R], [B, S]]
  : never;
type IsOne<F> =
  Signatures<F> extends [infer First, infer Second] ? ([First, Second] extends [Second, First] ? true : false) : never;

/** Of two signatures the compiler says first that none fits, and only in the middle of many lines what is wrong. */
export function verbsHaveOneSignature(): void {
  expectTypeOf<IsOne<{ (one: string): string; (one: number): number }>>().toEqualTypeOf<false>();
  expectTypeOf<IsOne<typeof agent>>().toEqualTypeOf<true>();
  expectTypeOf<{
    [Verb in 'ask' | 'stream' | 'run' | 'node' | 'route' | 'workflow' | 'interrupt']: IsOne<Flow[Verb]>;
  }>().toExtend<{
    readonly [verb: string]: true;
  }>();
}

declare class CityTool extends AgentTool<{ city: string }> {
  readonly name: string;
  readonly description: string;
  readonly argsType: undefined;
  execute(args: { city: string }, context: TaskContext): string;
}

export class SchemaTool extends AgentTool<{ city: string }> {
  readonly name = 'weather';
  readonly description = 'Tells the weather';
  readonly argsType = z.object({ city: z.string() });
  execute({ city }: { city: string }): string {
    return city;
  }
}

export function toolsAreClasses(): void {
  agent({ tools: [SchemaTool, CityTool, mcpServer('docs'), mcpServer('docs', { tools: ['search'] })] });
  agent({ tools: [mcpServer({ name: 'files', command: 'npx', args: ['-y', 'files'] })] });
  // @ts-expect-error a server is at an address, or a program
  agent({ tools: [mcpServer({ name: 'both', url: 'https://docs.example.com/mcp', command: 'npx' })] });
  // @ts-expect-error a server has to be somewhere
  agent({ tools: [mcpServer({ name: 'nowhere' })] });
  // @ts-expect-error no tool
  agent({ tools: [Decision] });
}

declare class DraftNode extends AgentStreamingNode<{ messages: readonly Message[] }, string> {
  readonly agentConfig: Agent<AgentInput, string>;
  process(input: { messages: readonly Message[] }, context: TaskContext): AsyncGenerator<Deltas, string, void>;
}
declare class ReplyNode extends AgentStreamingNode<{ messages: readonly Message[]; draft: string }, Think> {
  readonly agentConfig: Agent<AgentInput, Think>;
  process(
    input: { messages: readonly Message[]; draft: string },
    context: TaskContext,
  ): AsyncGenerator<Deltas, Think, void>;
}
declare class CountNode {
  process(input: { text: string; limit?: number }): number;
}
declare class TopicNode extends AgentNode<{ messages: readonly Message[] }, Decision['kind']> {
  readonly agentConfig: Agent<AgentInput, Decision['kind']>;
  process(input: { messages: readonly Message[] }, context: TaskContext): Promise<Decision['kind']>;
}
declare class ClockNode {
  process(): Date;
}

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
  // @ts-expect-error a substitute must be what the code gives
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
  // @ts-expect-error refs in a list would be given as they are
  flow.run('list', { list: [topic] }, ({ list }) => list);
  // @ts-expect-error refs in an object would be given as they are
  flow.run('deep', { deep: { topic } }, ({ deep }) => deep);
  // @ts-expect-error a ref is no input
  flow.run('ref', topic, (value) => value);
  // @ts-expect-error a list is no input
  flow.run('refs', [topic], (values) => values);
}

declare class SyncNode {
  process(): Generator<Deltas, string, void>;
}

export function generatorsAreAsync(flow: Flow): void {
  // @ts-expect-error only an async generator can write
  flow.node(SyncNode);
  // @ts-expect-error code in place is silent, so it is no generator
  flow.run('sync', {}, function* () {
    yield 1;
  });
  // @ts-expect-error code in place is silent, so it is no generator
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
  // @ts-expect-error `sales` is no kind
  flow.route(decision.get('kind'), { close: () => draft, reply: () => draft, sales: () => draft });
  // @ts-expect-error a route needs a union of constants
  flow.route(draft, { billing: () => draft });
  const maybe = flow.run('maybe', {}, (): 'a' | undefined => undefined);
  // @ts-expect-error nothing says which branch runs where there is no kind
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
  // @ts-expect-error a number is no conversation
  flow.workflow(SupportWorkflow, { messages: 3 });
  // @ts-expect-error its request has a tone
  flow.workflow(InnerWorkflow, { messages });
  // @ts-expect-error a tone is a text
  flow.workflow(InnerWorkflow, { messages, tone: 3 });
  // @ts-expect-error it takes no such thing
  flow.workflow(SupportWorkflow, { messages, tone: draft });
  // @ts-expect-error a class without define() is no workflow
  flow.workflow(CountNode, { messages });
  // @ts-expect-error a substitute must be what the node gives
  flow.node(CountNode, { text: draft }, { onError: () => 'none' });
  flow.node(CountNode, { text: draft }, { onError: ({ message }) => message.length });
  // @ts-expect-error a substitute must be what the agent gives
  flow.ask(decide, { messages }, { onError: () => 'none' });
  // @ts-expect-error a step begins again if nothing is said
  flow.node(CountNode, { text: draft }, { onInterruption: 'resume' });
  flow.node(CountNode, { text: draft }, { onInterruption: 'fail' });
}

@Workflow({ id: 'patient', description: '', background: { concurrency: 2, retries: 3, retryDelay: '30s' } })
export class PatientWorkflow extends SupportWorkflow {}

// @ts-expect-error a number of times
@Workflow({ id: 'nothing', description: '', background: { retries: 'often' } })
export class OftenWorkflow extends SupportWorkflow {}

// @ts-expect-error a class without define() is no workflow
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
  // @ts-expect-error a text is no object
  flow.interrupt('approve', { messages }, String);
  // @ts-expect-error a text is no object
  flow.interrupt('approve', { messages }, z.string());
  // @ts-expect-error the value must be what the answer is
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
  // @ts-expect-error a conversation is no object
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
  // @ts-expect-error a node that needs input must be given it
  flow.node(DraftNode);
  // @ts-expect-error no such part of the request
  void rest.conversation;
  // @ts-expect-error `after` takes refs
  flow.node(DraftNode, { messages }, { after: ['DraftNode'] });
  // @ts-expect-error a node's input is no plain string
  flow.node(DraftNode, 'messages');
  // @ts-expect-error a class without `process` is no node
  flow.node(Think, {});
}

declare class StringWorkflow {
  define(flow: Flow, request: ChatRefs): Ref<string>;
}

/** Instances are made by Nest; a ref is not the value that it stands for. */
export function refsAreNotValues(flow: Flow, { messages }: ChatRefs): void {
  const draft = flow.node(DraftNode, { messages });
  // @ts-expect-error the text exists only in a run
  const text: string = draft;
  // @ts-expect-error the result must be of the declared type
  const result: ReturnType<StringWorkflow['define']> = flow.stream(think, { messages });
  void [text, result];
}

export function channelsAreTheFields(flow: Flow, { messages }: ChatRefs): void {
  const thought = flow.stream(agent({ output: Think }), { messages }, { thinking: 'reasoning', reply: 'content' });
  expectTypeOf(thought).toEqualTypeOf<Ref<Think>>();
  // @ts-expect-error Think has no such field
  flow.stream(think, { messages }, { answer: 'content' });
  // @ts-expect-error two fields in one channel
  flow.stream(think, { messages }, { thinking: 'content', reply: 'content' });
  // @ts-expect-error no such channel
  flow.stream(think, { messages }, { reply: 'tool-call' });
}

declare class ChannelsNode extends AgentStreamingNode<{ messages: readonly Message[] }, Think> {
  readonly agentConfig: Agent<AgentInput, Think>;
  process(input: { messages: readonly Message[] }, context: TaskContext): AsyncGenerator<Deltas, Think, void>;
}

class ChannelMaps extends ChannelsNode {
  override async *process(
    input: { messages: readonly Message[] },
    context: TaskContext,
  ): AsyncGenerator<Deltas, Think, void> {
    const stream = this.agent.runStream(input, context);
    // @ts-expect-error Think has no such field
    yield* this.streamStructuredDeltas(stream, { answer: 'content' });
    // @ts-expect-error two fields in one channel
    yield* this.streamStructuredDeltas(stream, { thinking: 'content', reply: 'content' });
    // @ts-expect-error no such channel
    yield* this.streamStructuredDeltas(stream, { reply: 'tool-call' });
    return yield* this.streamStructuredDeltas(stream, { thinking: 'reasoning', reply: 'content' });
  }
}
void ChannelMaps;
