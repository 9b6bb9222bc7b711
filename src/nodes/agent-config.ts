import type { ModelParameters, ModelProvider } from '../models/index.js';
import type { ParameterGroup } from '../workflow/index.js';
import type { OutputClass, OutputType } from '../models/schema/index.js';

/** How a node uses a language model. */
export interface AgentConfig<Output> {
  readonly modelProvider: ModelProvider;
  /** The model's name at the provider; absent: the provider's default (OPENAI_MODEL). */
  readonly modelName?: string;
  /** `String` for text; a class with class-validator decorators for a structured answer that is validated against it. */
  readonly outputType: OutputType<Output>;
  /** What the model is told first, as a system message before the client's own. */
  readonly instructions?: string;
  /** Parameters of the model call by their wire names. They win over what the client sends. */
  readonly settings?: ModelParameters;
  /**
   * Which of the client's parameters reach the model. Absent: `['sampling']`. A structured agent keeps its own response
   * format whatever stands here.
   */
  readonly forward?: readonly ParameterGroup[];
  /** Longest time for one model call, in milliseconds. Absent: only the server's limits hold. */
  readonly timeout?: number;
}

/** Writes an agent's configuration with its output type inferred: `string` for `String`, else the class's instances. */
export function agent(config: AgentConfig<string> & { readonly outputType: StringConstructor }): AgentConfig<string>;
export function agent<Output extends object>(
  config: AgentConfig<Output> & { readonly outputType: OutputClass<Output> },
): AgentConfig<Output>;
export function agent<Output>(config: AgentConfig<Output>): AgentConfig<Output> {
  return config;
}
