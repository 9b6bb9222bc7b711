import type { Message } from '../../models/index.js';
import type { ObjectType, OutputIsNoObject, OutputType } from '../../schema/index.js';
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

/**
 * The part of a configuration that decides the type of the output: an agent without it gives a text. One signature for both,
 * because the compiler says of two only that none fits.
 */
type OutputPart<Output> = 0 extends 1 & Output
  ? { readonly output: OutputType<Output> }
  : [Output] extends [string]
    ? { readonly output?: OutputIsNoObject<Output> | undefined }
    : { readonly output: ObjectType<Output> };

/** The type itself. It is never guessed from what a caller expects: only the configuration decides it. */
type Decided<T> = [T] extends [infer Same] ? Same : never;

/**
 * Describes an agent. Its input is `messages`, and the variables of its instructions if these are a function or a prompt
 * file. Its output is a text, or with `output` an object of that class or schema.
 */
export function agent<Output = string, Variables extends object = object>(
  config: AgentConfig<Variables> & OutputPart<Output>,
): Agent<AgentInput<Variables>, Decided<Output>> {
  return new Agent(config as unknown as AgentData);
}
