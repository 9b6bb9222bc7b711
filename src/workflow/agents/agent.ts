import type { Message } from '../../models/index.js';
import type { OutputType } from '../../schema/index.js';
import type { AgentConfig } from './agent-config.js';

declare const INPUT: unique symbol;
declare const OUTPUT: unique symbol;

/**
 * The conversation that an agent continues: messages, whole and in order, or a text, which counts as one message of the user.
 */
export type Conversation = readonly Message[] | string;

/** The input of an agent: a conversation, and the variables of its instructions. */
export type AgentInput<Variables extends object = object> = { readonly messages: Conversation } & Variables;

/** An agent's configuration with the type of its output: a class or schema, or a text if it is absent. */
export type AgentData = AgentConfig<never> & { readonly output?: OutputType | undefined };

/**
 * A language model with instructions, an output and tools, as data. Make it with {@link agent} in a field of a workflow, and
 * wire it with `flow.ask` or `flow.stream`.
 */
export class Agent<in Input, out Output> {
  /** Holds the type for the compiler; no such property exists. */
  declare readonly [INPUT]: (input: Input) => void;
  /** Holds the type for the compiler; no such property exists. */
  declare readonly [OUTPUT]: Output;

  constructor(readonly config: AgentData) {}
}

/** Any agent. */
export type AnyAgent = Agent<never, unknown>;

/** Makes it a compile error if a model cannot write the output as one object. */
type OnlyObjects<Output> = 0 extends 1 & Output
  ? unknown
  : Output extends
        | readonly unknown[]
        | InstanceType<StringConstructor | NumberConstructor | BooleanConstructor | DateConstructor>
        | ReadonlyMap<never, unknown>
        | ReadonlySet<unknown>
    ? { readonly outputIsNoObject: Output }
    : unknown;

/**
 * Describes an agent. Its input is `messages`, and the variables of its instructions if these are a function or a prompt
 * file. Its output is a text, or with `output` an object of that class or schema.
 */
export function agent<Output extends object, Variables extends object = object>(
  config: AgentConfig<Variables> & { readonly output: OutputType<Output> & OnlyObjects<Output> },
): Agent<AgentInput<Variables>, Output>;
export function agent<Variables extends object = object>(
  config: AgentConfig<Variables> & { readonly output?: undefined },
): Agent<AgentInput<Variables>, string>;
export function agent(config: AgentData): AnyAgent {
  return new Agent(config);
}
