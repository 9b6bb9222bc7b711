import type { Message } from '../../models/index.js';
import type { OutputType } from '../../schema/index.js';
import type { AgentConfig } from './agent-config.js';

declare const INPUT: unique symbol;
declare const OUTPUT: unique symbol;

/** What an agent answers: a conversation, whole and in order, or a text, which is one message of the user. */
export type Conversation = readonly Message[] | string;

/** What an agent is given: a conversation, and the variables of its instructions. */
export type AgentInput<Variables extends object = object> = { readonly messages: Conversation } & Variables;

/** An agent's configuration with what its answer is: an object of a class or schema, or a text where that is absent. */
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

/** Makes an output that a model cannot write as one object a compile error. */
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
 * Describes an agent. What it is given follows from its instructions: `messages`, and the variables of a function or a prompt
 * file. What it gives is a text, or with `output` an object of that class or schema.
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
