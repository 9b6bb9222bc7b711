/**
 * What must compile and what must not. Checked by `npm run typecheck`: an `@ts-expect-error` that is not needed is an error
 * itself. Nothing here is run.
 */
import { expectTypeOf } from 'expect-type';
import type { Message } from '../../src/models/index.js';
import { type AgentConfig, AgentNode, AgentStreamingNode, Node } from '../../src/nodes/index.js';
import {
  type RunRequest,
  type Deltas,
  type Flow,
  type InputOf,
  type OutputOf,
  type Ref,
  type TaskContext,
  type Wiring,
  WorkflowDefinition,
} from '../../src/workflow/index.js';

interface Reply {
  readonly thinking: string;
  readonly reply: string;
}

declare class DraftNode extends AgentStreamingNode<{ messages: readonly Message[] }, string> {
  readonly agentConfig: AgentConfig<string>;
  process(input: { messages: readonly Message[] }, context: TaskContext): AsyncGenerator<Deltas, string, void>;
}
declare class ReplyNode extends AgentStreamingNode<{ messages: readonly Message[]; draft: string }, Reply> {
  readonly agentConfig: AgentConfig<Reply>;
  process(
    input: { messages: readonly Message[]; draft: string },
    context: TaskContext,
  ): AsyncGenerator<Deltas, Reply, void>;
}
declare class CountNode extends Node<{ text: string; limit?: number }, number> {
  process(input: { text: string; limit?: number }): number;
}
declare class TopicNode extends AgentNode<{ messages: readonly Message[] }, 'billing' | 'other'> {
  readonly agentConfig: AgentConfig<'billing' | 'other'>;
  process(input: { messages: readonly Message[] }, context: TaskContext): Promise<'billing' | 'other'>;
}
declare class ClockNode extends Node<void, Date> {
  process(): Date;
}

export function inputsAndOutputsAreInferred(flow: Flow, { messages, parameters }: Wiring<RunRequest>): void {
  expectTypeOf<InputOf<ReplyNode>>().toEqualTypeOf<{ messages: readonly Message[]; draft: string }>();
  expectTypeOf<OutputOf<ReplyNode>>().toEqualTypeOf<Reply>();
  expectTypeOf<OutputOf<TopicNode>>().toEqualTypeOf<'billing' | 'other'>();
  expectTypeOf<OutputOf<CountNode>>().toEqualTypeOf<number>();
  expectTypeOf(messages).toEqualTypeOf<Ref<readonly Message[]>>();
  expectTypeOf(parameters).toEqualTypeOf<Ref<Readonly<Record<string, unknown>>>>();

  const draft = flow.node(DraftNode, { messages });
  expectTypeOf(draft).toEqualTypeOf<Ref<string>>();
  expectTypeOf(flow.node(ReplyNode, { messages, draft })).toEqualTypeOf<Ref<Reply>>();
  expectTypeOf(flow.node(TopicNode, { messages })).toEqualTypeOf<Ref<'billing' | 'other'>>();
}

export function branchesAreExhaustive(flow: Flow, { messages }: Wiring<RunRequest>): void {
  const topic = flow.node(TopicNode, { messages });
  const draft = flow.node(DraftNode, { messages });
  const answer = flow.route(topic, {
    billing: (branch) => branch.node(ReplyNode, { messages, draft }),
    other: () => draft,
  });
  expectTypeOf(answer).toEqualTypeOf<Ref<Reply | string>>();
  const isLong = draft.map((text) => text.length > 100);
  expectTypeOf(isLong).toEqualTypeOf<Ref<boolean>>();
  const short = flow.route(isLong, { true: () => draft.map(() => 0), false: () => draft.get('length') });
  expectTypeOf(short).toEqualTypeOf<Ref<number>>();
  // @ts-expect-error the branch `other` is missing
  flow.route(topic, { billing: () => draft });
  // @ts-expect-error `sales` is no topic
  flow.route(topic, { billing: () => draft, other: () => draft, sales: () => draft });
  // @ts-expect-error a route needs a union of constants
  flow.route(draft, { billing: () => draft });
  // @ts-expect-error a text has no such property
  void draft.get('topic');
}

declare class InnerWorkflow extends WorkflowDefinition<RunRequest & { readonly tone: string }, Reply> {
  define(flow: Flow, request: Wiring<RunRequest & { readonly tone: string }>): Ref<Reply>;
}

export function nestedWorkflowsAreTyped(flow: Flow, { messages }: Wiring<RunRequest>): void {
  const draft = flow.node(DraftNode, { messages });
  expectTypeOf(flow.workflow(InnerWorkflow, { messages, tone: draft })).toEqualTypeOf<Ref<Reply>>();
  // @ts-expect-error its request has a tone
  flow.workflow(InnerWorkflow, { messages });
  // @ts-expect-error a substitute must be what the node gives
  flow.node(CountNode, { text: draft }, { onError: () => 'none' });
  flow.node(CountNode, { text: draft }, { onError: ({ code }) => code?.length ?? 0 });
}

export function constantsAndOptionsAreAllowed(flow: Flow, { messages }: Wiring<RunRequest>): void {
  const draft = flow.node(DraftNode, { messages });
  flow.node(CountNode, { text: 'a constant', limit: 3 });
  flow.node(CountNode, { text: draft }, { after: [draft], key: 'count', hidden: true });
  flow.node(ClockNode);
  flow.node(ClockNode, undefined, { after: [draft] });
}

export function wrongWiringDoesNotCompile(flow: Flow, { messages, ...rest }: Wiring<RunRequest>): void {
  const draft = flow.node(DraftNode, { messages });
  // @ts-expect-error the input `draft` is missing
  flow.node(ReplyNode, { messages });
  const reply = flow.node(ReplyNode, { messages, draft });
  // @ts-expect-error a Reply is not a string
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
}

declare class StringWorkflow extends WorkflowDefinition<RunRequest, string> {
  // @ts-expect-error the result must be of the declared type
  define(flow: Flow, request: Wiring<RunRequest>): Ref<Reply>;
}

/** Instances are made by Nest; a ref is not the value that it stands for. */
export function refsAreNotValues(flow: Flow, { messages }: Wiring<RunRequest>): void {
  const draft = flow.node(DraftNode, { messages });
  // @ts-expect-error the text exists only in a run
  const text: string = draft;
  void text;
  void (null as unknown as StringWorkflow);
}

declare class ChannelsNode extends AgentStreamingNode<{ messages: readonly Message[] }, Reply> {
  readonly agentConfig: AgentConfig<Reply>;
  process(input: { messages: readonly Message[] }, context: TaskContext): AsyncGenerator<Deltas, Reply, void>;
}

class ChannelMaps extends ChannelsNode {
  override async *process(
    input: { messages: readonly Message[] },
    context: TaskContext,
  ): AsyncGenerator<Deltas, Reply, void> {
    const stream = this.agent.runStream(input, context);
    // @ts-expect-error Reply has no such field
    yield* this.streamStructuredDeltas(stream, { answer: 'content' });
    // @ts-expect-error two fields in one channel
    yield* this.streamStructuredDeltas(stream, { thinking: 'content', reply: 'content' });
    // @ts-expect-error no such channel
    yield* this.streamStructuredDeltas(stream, { reply: 'tool-call' });
    return yield* this.streamStructuredDeltas(stream, { thinking: 'reasoning', reply: 'content' });
  }
}
void ChannelMaps;
