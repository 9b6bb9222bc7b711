import type { Type } from '@nestjs/common';
import { InvalidRequestError } from '../errors/index.js';
import { describeValue, ensureError, isTimerMs, MAX_TIMER_MS } from '../kernel/index.js';
import type { ModelProviders } from '../models/index.js';
import { type OutputSchema, makeOutputSchema } from '../schema/index.js';
import {
  type AgentData,
  type AgentOverride,
  type AgentTool,
  McpServer,
  type ModelChoice,
  type ParameterGroup,
  PromptFile,
} from '../workflow/index.js';
import { assertJson } from './assert-json.js';
import { type ModelTarget, resolveModelTargets } from './model-target.js';
import { PromptManager } from './prompts/index.js';
import { type FindTool, type FoundServer, type McpServers, type Toolbox, makeToolbox } from './tools/index.js';

/** An agent's configuration, checked at start-up, with everything that it names resolved. */
export interface AgentPlan<Output> {
  readonly config: AgentData;
  readonly targets: readonly [ModelTarget, ...ModelTarget[]];
  /** Undefined if its output is text. */
  readonly schema: OutputSchema<Output> | undefined;
  /** Which groups of the client's parameters reach the model. */
  readonly forwards: readonly ParameterGroup[];
  /** Without the tools of {@link servers}, which are listed when the agent runs. */
  readonly toolbox: Toolbox;
  readonly servers: readonly FoundServer[];
  /** Undefined where there are no servers. */
  readonly mcp: McpServers | undefined;
  readonly prompts: PromptManager;
  readonly providers: ModelProviders;
}

/** Where an agent finds what it names. */
interface AgentSources {
  readonly providers: ModelProviders;
  /** Absent: the agent gets a prompt manager of its own. */
  readonly prompts?: PromptManager | undefined;
  /** Absent: the agent must not have tools. */
  readonly findTool?: FindTool | undefined;
  /** Absent: the agent must not have tools of MCP servers. */
  readonly mcp?: McpServers | undefined;
  /** The variables that it will be given; absent if they are not known before it runs. */
  readonly variables?: readonly string[];
}

const DEFAULT_GROUPS: readonly ParameterGroup[] = ['sampling'];
const OPTIONS: ReadonlySet<string> = new Set<keyof AgentData>([
  'instructions',
  'model',
  'settings',
  'forward',
  'output',
  'tools',
  'maxToolRounds',
  'maxToolCalls',
  'timeout',
  'retries',
  'repairs',
]);
const COUNTS = ['maxToolRounds', 'maxToolCalls', 'retries', 'repairs'] as const;

/**
 * Checks an agent's configuration.
 * @throws Error that lists what is wrong with it, and how to correct it
 */
export function planAgent<Output>(
  config: AgentData,
  { providers, prompts = new PromptManager(), findTool, mcp, variables }: AgentSources,
): AgentPlan<Output> {
  // Callers without types can leave it out.
  if (typeof config !== 'object' || config === null)
    throw new Error('it has no configuration. Give agent() an object: {}.');
  const faults = [...findUnknownOptions(config), ...findWrongInstructions(config), ...findWrongNumbers(config)];
  if (faults.length > 0) throw new Error(faults.join(' '));
  const targets = resolveModelTargets(config, providers);
  for (const { settings } of [config, ...targets]) assertJson(settings, 'settings');
  if (config.tools !== undefined && config.settings?.['tools'] !== undefined) {
    throw new Error('it has tools both in `tools` and in `settings`. Keep the first.');
  }
  const schema = config.output && (makeOutputSchema(config.output) as OutputSchema<Output>);
  const { forward = DEFAULT_GROUPS, instructions } = config;
  const tools = (config.tools ?? []).filter((tool): tool is Type<AgentTool> => !(tool instanceof McpServer));
  const servers = (config.tools ?? []).filter((tool) => tool instanceof McpServer);
  if (instructions instanceof PromptFile) {
    const prompt = prompts.load(instructions);
    if (variables !== undefined) prompt.check(variables);
  }
  return {
    config,
    targets,
    schema,
    forwards: schema === undefined ? forward : forward.filter((group) => group !== 'response_format'),
    toolbox: makeToolbox(tools, findTool),
    servers: findServers(servers, mcp),
    mcp: servers.length === 0 ? undefined : mcp,
    prompts,
    providers,
  };
}

/** @throws Error that says what is wrong with one of them */
function findServers(servers: readonly McpServer[], mcp: McpServers | undefined): readonly FoundServer[] {
  if (servers.length === 0) return [];
  if (mcp === undefined) {
    throw new Error(
      'it has tools, but its constructor does not pass AgentResources on. Call super(providers, resources).',
    );
  }
  return servers.map((server) => mcp.find(server));
}

/**
 * The plan of an agent that is changed for one run.
 * @throws InvalidRequestError if there is no such model
 */
export function changePlan<Output>(plan: AgentPlan<Output>, { instructions, model }: AgentOverride): AgentPlan<Output> {
  const { settings } = plan.config;
  try {
    return {
      ...plan,
      config: instructions === undefined ? plan.config : { ...plan.config, instructions },
      targets:
        model === undefined
          ? plan.targets
          : resolveModelTargets({ model: model as ModelChoice, ...(settings && { settings }) }, plan.providers),
    };
  } catch (cause) {
    throw new InvalidRequestError(`Invalid value for 'overrides': ${ensureError(cause).message}`, {
      param: 'overrides',
      code: 'invalid_value',
      cause,
    });
  }
}

function findUnknownOptions(config: AgentData): readonly string[] {
  return Object.keys(config)
    .filter((name) => !OPTIONS.has(name))
    .map(
      (name) => `it has \`${name}\`, which is not an option of agents. The options are: ${[...OPTIONS].join(', ')}.`,
    );
}

/** Code without types can give anything, and it would reach a provider. */
function findWrongInstructions({ instructions }: { readonly instructions?: unknown }): readonly string[] {
  const isRight =
    ['undefined', 'string', 'function'].includes(typeof instructions) || instructions instanceof PromptFile;
  if (isRight) return [];
  return [
    `its instructions are ${describeValue(instructions)}. Give a text, a function that makes one, or promptFile(…).`,
  ];
}

function findWrongNumbers(config: AgentData): readonly string[] {
  const counts = COUNTS.flatMap((name) => {
    const count = config[name];
    const isRight = count === undefined || (Number.isInteger(count) && count >= 0);
    return isRight ? [] : [`its ${name} is ${count}. Give a whole number from 0.`];
  });
  const { timeout } = config;
  if (timeout === undefined || isTimerMs(timeout, 1)) return counts;
  return [...counts, `its timeout is ${timeout}. Give milliseconds from 1 to ${MAX_TIMER_MS}, or leave it out.`];
}
