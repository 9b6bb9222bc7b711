/**
 * Code with agents and their tools that must compile, and code that must not. Checked by `npm run typecheck`: an `@ts-expect-error` that is not
 * needed is an error itself. Nothing here is run.
 */
import { toStandardJsonSchema } from '@valibot/to-json-schema';
import { expectTypeOf } from 'expect-type';
import {
  Agent,
  agent,
  type AgentInput,
  AgentTool,
  type ChatRefs,
  type Deltas,
  type Flow,
  mcpServer,
  type Message,
  promptFile,
  type Ref,
  type TaskContext,
} from 'millrace';
import * as v from 'valibot';
import { z } from 'zod';
import { ChannelsNode, decide, Decision, plain, say, think, Think } from './declared.js';

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
  // @ts-expect-error a structured output is an object
  agent({ output: z.string() });
  const either = agent({ output: z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]) });
  expectTypeOf(either).toEqualTypeOf<Agent<AgentInput, { a: string } | { b: string }>>();
  expectTypeOf(agent({ output: undefined })).toEqualTypeOf<Agent<AgentInput, string>>();
  expectTypeOf(agent({ output: z.any() }).config).toEqualTypeOf<Agent<AgentInput, string>['config']>();
  // @ts-expect-error it is not known to be an object
  agent({ output: z.unknown() });
  // @ts-expect-error it may be missing
  agent({ output: z.object({ a: z.string() }).optional() });
  // @ts-expect-error it may be a list
  agent({ output: z.union([z.object({ a: z.string() }), z.array(z.string())]) });
  // @ts-expect-error an agent without `output` returns a text
  const untyped: Agent<AgentInput, Think> = agent({});
  void untyped;
  // @ts-expect-error a text is not an object
  agent({ output: String });
  // @ts-expect-error a list is not an object
  agent({ output: z.array(z.string()) });
  // @ts-expect-error a class that needs arguments cannot be made from an output
  agent({ output: Date.bind(null, 0) as unknown as new (year: number) => Date });
  // @ts-expect-error no such setting
  agent({ retrys: 1 });
}

type Signatures<F> = F extends { (...first: infer A): infer R; (...second: infer B): infer S }
  ? [[A, R], [B, S]]
  : never;
type IsOne<F> =
  Signatures<F> extends [infer First, infer Second] ? ([First, Second] extends [Second, First] ? true : false) : never;

/** With two signatures, the compiler would hide the actual fault in the middle of a long error. */
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
  // @ts-expect-error a server has either an address or a command
  agent({ tools: [mcpServer({ name: 'both', url: 'https://docs.example.com/mcp', command: 'npx' })] });
  // @ts-expect-error a server needs an address or a command
  agent({ tools: [mcpServer({ name: 'nowhere' })] });
  // @ts-expect-error not a tool
  agent({ tools: [Decision] });
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
