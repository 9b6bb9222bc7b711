import type { Type } from '@nestjs/common';
import { InvalidRequestError } from '../errors/index.js';
import { describeValue, ensureError, isJsonObject, isTimerMs, MAX_TIMER_MS } from '../kernel/index.js';
import type { ModelProviders } from '../models/index.js';
import { type OutputSchema, makeOutputSchema } from '../schema/index.js';
import {
  type AgentData,
  type AgentOverride,
  type AgentTool,
  McpServer,
  type ModelChoice,
  PARAMETER_GROUPS,
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
  /** Undefined for an agent that must not have tools of MCP servers. */
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
  const faults = [
    ...findUnknownOptions(config),
    ...findWrongInstructions(config),
    ...findWrongModels(config),
    ...findWrongSettings(config),
    ...findWrongGroups(config),
    ...findWrongTools(config),
    ...findWrongNumbers(config),
  ];
  if (faults.length > 0) throw new Error(faults.join(' '));
  const targets = resolveModelTargets(config, providers);
  for (const { settings } of [config, ...targets]) assertJson(settings, 'settings');
  if (config.tools !== undefined && config.settings?.['tools'] !== undefined) {
    throw new Error('it has tools both in `tools` and in `settings`. Keep the first.');
  }
  const { output } = config;
  const schema = output === undefined ? undefined : (makeOutputSchema(output) as OutputSchema<Output>);
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
    mcp,
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

function findWrongModels({ model }: { readonly model?: unknown }): readonly string[] {
  if (model === undefined) return [];
  return (Array.isArray(model) ? (model as readonly unknown[]) : [model])
    .filter((option, _index, { length }) => !isModelOption(option, length > 1 || Array.isArray(model)))
    .map((option) => {
      const own = isJsonObject(option) ? '; what has settings of its own stands in a list: [{ model, settings }]' : '';
      return `its model is ${describeValue(option)}. Give a text such as 'openai/gpt-5.4-mini', or a list of them${own}.`;
    });
}

function isModelOption(option: unknown, isListed: boolean): boolean {
  if (typeof option === 'string') return true;
  return isListed && isJsonObject(option) && typeof option['model'] === 'string';
}

/** The parameters that Millrace itself writes into each call. */
const OWN_PARAMETERS: readonly string[] = ['model', 'messages', 'stream', 'stream_options'];

function findWrongSettings({
  settings,
  model,
}: {
  readonly settings?: unknown;
  readonly model?: unknown;
}): readonly string[] {
  const listed = Array.isArray(model) ? (model as readonly unknown[]) : [];
  return [settings, ...listed.map((option) => (isJsonObject(option) ? option['settings'] : undefined))].flatMap(
    (given) => {
      if (given === undefined) return [];
      if (!isJsonObject(given))
        return [`its settings are ${describeValue(given)}. Give an object: { temperature: 0 }.`];
      return OWN_PARAMETERS.filter((name) => Object.hasOwn(given, name)).map(
        (name) => `its settings have \`${name}\`, which is written for each call. Leave it out.`,
      );
    },
  );
}

function findWrongGroups({ forward }: { readonly forward?: unknown }): readonly string[] {
  if (forward === undefined) return [];
  const groups = PARAMETER_GROUPS.join(', ');
  if (!Array.isArray(forward)) return [`its forward is ${describeValue(forward)}. Give a list of: ${groups}.`];
  return (forward as readonly unknown[])
    .filter((group) => !(PARAMETER_GROUPS as readonly unknown[]).includes(group))
    .map((group) => `it forwards ${describeValue(group)}, which is not a group of parameters. There are: ${groups}.`);
}

function findWrongTools({ tools }: { readonly tools?: unknown }): readonly string[] {
  if (tools === undefined) return [];
  if (!Array.isArray(tools)) return [`its tools are ${describeValue(tools)}. Give a list: [TheTool].`];
  return (tools as readonly unknown[])
    .filter((tool) => typeof tool !== 'function' && !(tool instanceof McpServer))
    .map((tool) => {
      const circle =
        tool === undefined ? ' It is undefined where two files import each other: let one of them do without.' : '';
      return `one of its tools is ${describeValue(tool)}. Name a class that extends AgentTool, or mcpServer(…).${circle}`;
    });
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
