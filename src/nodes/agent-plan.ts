import { isTimerMs, MAX_TIMER_MS } from '../kernel/index.js';
import type { ModelProviders } from '../models/index.js';
import { isStructured, type OutputSchema, makeOutputSchema } from '../schema/index.js';
import type { ParameterGroup } from '../workflow/index.js';
import type { AgentConfig } from './agent-config.js';
import type { AgentResources } from './agent-resources.js';
import { assertJson } from './assert-json.js';
import { type ModelTarget, resolveModelTargets } from './model-target.js';
import { PromptFile, PromptManager } from './prompts/index.js';
import { type Toolbox, makeToolbox } from './tools/index.js';

/** An agent's configuration with everything that it names, resolved and checked at start-up. */
export interface AgentPlan<Output> {
  readonly config: AgentConfig<Output>;
  readonly targets: readonly [ModelTarget, ...ModelTarget[]];
  readonly schema: OutputSchema<Output> | undefined;
  /** Which groups of the client's parameters reach the model. */
  readonly forwards: readonly ParameterGroup[];
  readonly toolbox: Toolbox;
  readonly prompts: PromptManager;
}

const DEFAULT_GROUPS: readonly ParameterGroup[] = ['sampling'];
const COUNTS = ['maxToolRounds', 'maxToolCalls', 'retries', 'repairs'] as const;

/**
 * Checks an agent's configuration.
 * @param node whose agent it is: its tools are those of the node's module
 * @throws Error that says what is wrong with it, and the fix
 */
export function planAgent<Output>(
  config: AgentConfig<Output>,
  providers: ModelProviders,
  resources: AgentResources | undefined,
  node: object | undefined,
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
  for (const { settings } of [config, ...(config.fallbacks ?? [])]) assertJson(settings, 'settings');
  if (config.tools !== undefined && config.settings?.['tools'] !== undefined) {
    throw new Error('it has tools both in `tools` and in `settings`. Keep the first.');
  }
  const schema = isStructured(config.outputType) ? makeOutputSchema(config.outputType) : undefined;
  const { forward = DEFAULT_GROUPS, instructions } = config;
  const prompts = resources?.prompts ?? new PromptManager();
  if (instructions instanceof PromptFile) prompts.load(instructions);
  return {
    config,
    targets: resolveModelTargets(config, providers),
    schema,
    forwards: schema === undefined ? forward : forward.filter((group) => group !== 'response_format'),
    toolbox: makeToolbox(config.tools ?? [], resources?.tools, node),
    prompts,
  };
}
