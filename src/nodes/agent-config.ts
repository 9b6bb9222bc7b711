import type { Type } from '@nestjs/common';
import type { ModelParameters, ModelProvider } from '../models/index.js';
import type { OutputClass, OutputType } from '../schema/index.js';
import type { ParameterGroup } from '../workflow/index.js';
import type { Instructions } from './instructions.js';
import type { AgentTool } from './tools/index.js';

/** A model that is asked when the one before it fails. */
export interface FallbackModel {
  readonly modelProvider: ModelProvider;
  /** The model's name at the provider; absent: the provider's default. */
  readonly modelName?: string;
  /** Parameters of the call in place of the agent's own `settings`; absent: those. */
  readonly settings?: ModelParameters;
}

/** How a node uses a language model. */
export interface AgentConfig<Output> {
  readonly modelProvider: ModelProvider;
  /** The model's name at the provider; absent: the provider's default (OPENAI_MODEL). */
  readonly modelName?: string;
  /** `String` for text; a class with class-validator decorators for a structured answer that is validated against it. */
  readonly outputType: OutputType<Output>;
  /**
   * What the model is told first, as a system message before the client's own: a text, a prompt file
   * (`promptFile('./prompts/answer.md', import.meta.url)`), or a function that makes the text for each run.
   */
  readonly instructions?: Instructions;
  /** Parameters of the model call by their wire names. They win over what the client sends. */
  readonly settings?: ModelParameters;
  /**
   * Which of the client's parameters reach the model. Absent: `['sampling']`. A structured agent keeps its own response
   * format whatever stands here.
   */
  readonly forward?: readonly ParameterGroup[];
  /** Tools that the model may call and this server runs. The client sees neither the calls nor their results. */
  readonly tools?: readonly Type<AgentTool>[];
  /** How many times in a row the model may ask for tools before it must answer; 8 if absent. */
  readonly maxToolRounds?: number;
  /** How many calls of tools one run of the agent may make in all its rounds; 128 if absent. */
  readonly maxToolCalls?: number;
  /** Longest time for one model call, in milliseconds. Absent: only the server's limits hold. */
  readonly timeout?: number;
  /**
   * How often a call that failed is made again, beside the provider's own short retry (UPSTREAM_MAX_RETRIES); 0 if
   * absent. Only for failures that another try can heal, and never once a part of the answer has been passed on.
   */
  readonly retries?: number;
  /** Models to ask in turn when the retries are used up, or the failure is the provider's own, such as a bad key. */
  readonly fallbacks?: readonly FallbackModel[];
  /**
   * How often the model is shown what is wrong with a structured answer, so that it can correct it; 1 if absent. For
   * `run` only: what `runStream` gives is on its way to the client before it can be checked.
   */
  readonly repairs?: number;
}

/** Writes an agent's configuration with its output type inferred: `string` for `String`, else the class's instances. */
export function agent(config: AgentConfig<string> & { readonly outputType: StringConstructor }): AgentConfig<string>;
export function agent<Output extends object>(
  config: AgentConfig<Output> & { readonly outputType: OutputClass<Output> },
): AgentConfig<Output>;
export function agent<Output>(config: AgentConfig<Output>): AgentConfig<Output> {
  return config;
}
