import { isTimerMs, MAX_TIMER_MS } from '../kernel/index.js';
import type { ModelProviders } from '../models/index.js';
import { type OutputSchema, makeOutputSchema } from '../schema/index.js';
import { type AgentData, type ParameterGroup, PromptFile } from '../workflow/index.js';
import { assertJson } from './assert-json.js';
import { type ModelTarget, resolveModelTargets } from './model-target.js';
import { PromptManager } from './prompts/index.js';
import { type FindTool, type Toolbox, makeToolbox } from './tools/index.js';

/** An agent's configuration with everything that it names, resolved and checked at start-up. */
export interface AgentPlan<Output> {
  readonly config: AgentData;
  readonly targets: readonly [ModelTarget, ...ModelTarget[]];
  /** Undefined: its answer is text. */
  readonly schema: OutputSchema<Output> | undefined;
  /** Which groups of the client's parameters reach the model. */
  readonly forwards: readonly ParameterGroup[];
  readonly toolbox: Toolbox;
  readonly prompts: PromptManager;
}

/** Where an agent finds what it names. */
export interface AgentSources {
  readonly providers: ModelProviders;
  /** Absent: one of its own. */
  readonly prompts?: PromptManager | undefined;
  /** Absent: an agent with tools is a mistake. */
  readonly findTool?: FindTool | undefined;
}

const DEFAULT_GROUPS: readonly ParameterGroup[] = ['sampling'];
const COUNTS = ['maxToolRounds', 'maxToolCalls', 'retries', 'repairs'] as const;

/**
 * Checks an agent's configuration.
 * @throws Error that says what is wrong with it, and the fix
 */
export function planAgent<Output>(
  config: AgentData,
  { providers, prompts = new PromptManager(), findTool }: AgentSources,
): AgentPlan<Output> {
  for (const name of COUNTS) {
    const count = config[name];
    if (count !== undefined && !(Number.isInteger(count) && count >= 0)) {
      throw new Error(`its ${name} is ${count}. Give a whole number from 0.`);
    }
  }
  if (config.timeout !== undefined && !isTimerMs(config.timeout, 1)) {
    throw new Error(`its timeout is ${config.timeout}. Give milliseconds from 1 to ${MAX_TIMER_MS}, or leave it out.`);
  }
  const targets = resolveModelTargets(config, providers);
  for (const { settings } of [config, ...targets]) assertJson(settings, 'settings');
  if (config.tools !== undefined && config.settings?.['tools'] !== undefined) {
    throw new Error('it has tools both in `tools` and in `settings`. Keep the first.');
  }
  const schema = config.output && (makeOutputSchema(config.output) as OutputSchema<Output>);
  const { forward = DEFAULT_GROUPS, instructions } = config;
  if (instructions instanceof PromptFile) prompts.load(instructions);
  return {
    config,
    targets,
    schema,
    forwards: schema === undefined ? forward : forward.filter((group) => group !== 'response_format'),
    toolbox: makeToolbox(config.tools ?? [], findTool),
    prompts,
  };
}
