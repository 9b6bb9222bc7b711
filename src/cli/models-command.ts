import type { INestApplicationContext } from '@nestjs/common';
import { assertNever } from '../kernel/index.js';
import { type ListedProvider, ModelProvider, ModelProviders } from '../models/index.js';
import { type CompiledScope, WorkflowRegistry } from '../workflow/index.js';
import { type CliEnvironment, EXIT, type ExitCode } from './cli-environment.js';
import { UsageError } from './cli-error.js';
import { useApplication } from './use-application.js';

/** A provider of models as it is set up, without its secrets. */
interface ProviderReport {
  readonly name: string;
  readonly configured: boolean;
  /** True if the built-in demo, which is no language model, answers. */
  readonly demo: boolean;
  /** Without user, password and query; null: it runs in this process, or is not configured. */
  readonly address: string | null;
  /** The model of agents that name none. */
  readonly model: string | null;
  /** The variable or option that its key comes from. */
  readonly key: string | null;
  /** What has to be set before it can be used. */
  readonly needs: string | null;
}

/** A step that asks models. */
interface AgentReport {
  readonly workflow: string;
  /** Its step's key. */
  readonly agent: string;
  /** As `provider/model`: the first one, then its fallbacks. */
  readonly models: readonly string[];
}

interface ModelsReport {
  readonly providers: readonly ProviderReport[];
  /** The model that agents ask if they name none; null: each has to name one. */
  readonly default: string | null;
  readonly agents: readonly AgentReport[];
}

const FORMATS = new Map<string, (report: ModelsReport) => string>([
  ['text', writeReport],
  ['json', (report) => `${JSON.stringify(report, undefined, 2)}\n`],
]);

/** Prints which providers of models there are, and which models each agent asks. Nothing is sent to them. */
export function showModels(
  { format, app }: { readonly format: string; readonly app: string | undefined },
  environment: CliEnvironment,
): Promise<ExitCode> {
  const write = FORMATS.get(format);
  if (write === undefined) throw new UsageError(`The format "${format}" is none of ${[...FORMATS.keys()].join(', ')}.`);
  return useApplication(environment, app, async (application) => {
    environment.process.stdout.write(write(makeReport(application)));
    return EXIT.done;
  });
}

function makeReport(application: INestApplicationContext): ModelsReport {
  const providers = application.get(ModelProviders, { strict: false });
  const workflows = new Set(
    application
      .get(WorkflowRegistry, { strict: false })
      .listAll()
      .map(({ workflow }) => workflow),
  );
  const demo = providers.find(ModelProvider.DEMO);
  const usual = providers.find(ModelProvider.OPENAI)?.defaultModel;
  return {
    providers: providers.listAll().map((provider) => ({
      ...makeProviderReport(provider),
      demo: demo !== undefined && provider.entry === demo,
    })),
    default: usual === undefined ? null : `${ModelProvider.OPENAI}/${usual}`,
    agents: [...workflows].flatMap(({ id, scope }) => listAgents(scope).map((agent) => ({ workflow: id, ...agent }))),
  };
}

function makeProviderReport({ name, entry }: ListedProvider): Omit<ProviderReport, 'demo'> {
  if (typeof entry === 'string')
    return { name, configured: false, address: null, model: null, key: null, needs: entry };
  const { address = null, defaultModel = null, keyPlace = null } = entry;
  return { name, configured: true, address, model: defaultModel, key: keyPlace, needs: null };
}

/** Lists the agents of a workflow. Those of a nested workflow are listed with that one. */
function listAgents({ steps }: CompiledScope): readonly Omit<AgentReport, 'workflow'>[] {
  return steps.flatMap((step) => {
    switch (step.kind) {
      case 'node': {
        const { asks } = step.instance;
        return asks === undefined ? [] : [{ agent: step.key, models: asks }];
      }
      case 'route':
        return [...step.branches.values()].flatMap(listAgents);
      case 'workflow':
      case 'interrupt':
        return [];
      default:
        return assertNever(step);
    }
  });
}

function writeReport({ providers, default: usual, agents }: ModelsReport): string {
  const sections = [
    ['Providers', ...alignColumns(providers.map((provider) => [provider.name, describeProvider(provider)]))],
    [`Default model: ${usual ?? 'none. Agents have to name one, or set OPENAI_MODEL.'}`],
    [
      'Agents',
      ...(agents.length === 0
        ? ['  none: no step of a workflow asks a model']
        : alignColumns(agents.map(({ workflow, agent, models }) => [`${workflow}: ${agent}`, models.join(', then ')]))),
    ],
  ];
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function describeProvider({ name, demo, address, model, key, needs }: ProviderReport): string {
  if (needs !== null) return `not configured: needs ${needs}`;
  if (demo) {
    return name === ModelProvider.DEMO
      ? 'the built-in demo, which is no language model'
      : 'the built-in demo answers in its place. For real output set OPENAI_API_KEY or OPENAI_BASE_URL';
  }
  if (address === null) return 'a model of the application';
  const usual = model === null ? 'the models that agents name' : model;
  return `${usual} at ${address}, ${key === null ? 'without a key' : `key from ${key}`}`;
}

function alignColumns(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...rows.map(([first]) => first.length));
  return rows.map(([first, second]) => `  ${first.padEnd(width)}  ${second}`);
}
