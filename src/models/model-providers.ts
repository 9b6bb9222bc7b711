import { Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { type AppConfig, type CommonProviderValues, type ProviderKey, Setting } from '../config/index.js';
import { ConfigurationError } from '../errors/index.js';
import { type Clock, describeError, redactSecrets } from '../kernel/index.js';
import type { ChatModel } from './chat-model.js';
import { DemoModel } from './demo/index.js';
import { ModelProvider } from './model-provider.js';
import {
  type Capabilities,
  type MessageForm,
  OPENAI_MESSAGES,
  OpenAIChatModel,
  PLAIN_MESSAGES,
} from './openai/index.js';
import { type ProviderValues, type Vendor, VENDORS } from './openai/vendors/index.js';

const logger = new Logger('Models');

/** A provider that this process can call. */
export interface ConfiguredProvider {
  readonly chat: ChatModel;
  /** The model of agents that name none; undefined if each agent must name one. */
  readonly defaultModel: string | undefined;
  /** Its address for logs, without user, password and query. Absent if it runs in this process. */
  readonly address?: string;
  /** The variable or option that holds its key, for people. Absent if it has no key. */
  readonly keyPlace?: string;
  /** A short description for the person who starts the server. */
  readonly description: string;
}

/**
 * A provider that can be called; or a text that names the missing variables; or the error with which a server must not start
 * if an agent uses the provider.
 */
type ProviderEntry = ConfiguredProvider | string | ConfigurationError;
type ProviderTable = Readonly<Partial<Record<ModelProvider, ProviderEntry>>>;

/** A provider in the list of all providers. */
export interface ListedProvider {
  readonly name: string;
  /** The provider; or a text that names what is missing. */
  readonly entry: ConfiguredProvider | string;
}

/** The application's own models, by the name of the provider that they replace; also the dependency-injection token. */
export class OwnModels {
  constructor(readonly byProvider: Readonly<Partial<Record<ModelProvider, ChatModel>>> = {}) {}
}

/** The providers that this process can call, by name; also the dependency-injection token. */
export class ModelProviders implements OnApplicationBootstrap, OnApplicationShutdown {
  /** Models that agents use. */
  readonly #used = new Set<ChatModel>();
  #begin: NodeJS.Immediate | undefined;
  #loading: Promise<unknown> | undefined;

  constructor(private readonly table: ProviderTable) {}

  /** Loads what calls need in the background, so that the first client does not wait for it. */
  onApplicationBootstrap(): void {
    this.#begin = setImmediate(() => {
      this.#loading = Promise.all([...this.#used].map(loadModel));
    });
  }

  /** Waits for a load that is under way, and begins no other. */
  async onApplicationShutdown(): Promise<void> {
    clearImmediate(this.#begin);
    await this.#loading;
  }

  /** Names of all providers that an agent may name, configured or not. */
  get names(): readonly string[] {
    return Object.keys(this.table);
  }

  /** Finds a provider; undefined if the environment does not configure it. */
  find(name: ModelProvider): ConfiguredProvider | undefined {
    const entry = this.#findEntry(name);
    return typeof entry === 'string' || entry instanceof ConfigurationError ? undefined : entry;
  }

  /** Lists the providers whose models agents use. */
  listUsed(): readonly ConfiguredProvider[] {
    const used = Object.keys(this.table).flatMap((name) => this.find(name as ModelProvider) ?? []);
    return [...new Set(used.filter(({ chat }) => this.#used.has(chat)))];
  }

  /** Lists all providers, whether they can be called or not. */
  listAll(): readonly ListedProvider[] {
    return Object.entries(this.table).flatMap(([name, entry]) =>
      entry === undefined ? [] : [{ name, entry: entry instanceof ConfigurationError ? WITHOUT_DEMO : entry }],
    );
  }

  /** True if the demo stands in for OpenAI, because the environment does not configure it. */
  get isDemoInPlace(): boolean {
    const demo = this.find(ModelProvider.DEMO);
    return demo !== undefined && this.find(ModelProvider.OPENAI) === demo;
  }

  /**
   * Finds a provider that an agent names. Agents do so at start-up.
   * @throws Error that names the variables to set if the environment does not configure the provider
   * @throws ConfigurationError if the demo would stand in but is off
   */
  get(name: ModelProvider): ConfiguredProvider {
    const entry = this.#findEntry(name);
    if (entry === undefined) {
      throw new Error(`there is no model provider "${name}". Use one of ${this.names.join(', ')}.`);
    }
    if (entry instanceof ConfigurationError) throw entry;
    if (typeof entry === 'string') throw new Error(`its model provider "${name}" needs ${entry} in the environment.`);
    this.#used.add(entry.chat);
    return entry;
  }

  /**
   * Chooses the model of an agent.
   * @param model the model that the agent names, if any
   * @throws Error that names the variable to set if there is no model or the provider is not configured
   */
  chooseModel(name: ModelProvider, model?: string): string {
    const chosen = model ?? this.get(name).defaultModel;
    if (chosen !== undefined) return chosen;
    throw new Error(`it names no model for "${name}", and ${toPrefix(name)}_MODEL is not set in the environment.`);
  }

  #findEntry(name: ModelProvider): ProviderEntry | undefined {
    return Object.hasOwn(this.table, name) ? this.table[name] : undefined;
  }
}

/** Never rejects: the first call says what is wrong, too. */
async function loadModel(chat: ChatModel): Promise<void> {
  try {
    await chat.load?.();
  } catch (error) {
    logger.error('What calls models cannot be loaded', describeError(error).stack);
  }
}

/** What is missing where the demo is off. */
const WITHOUT_DEMO = 'OPENAI_API_KEY, OPENAI_BASE_URL or DEMO=on';
const DEMO_IS_OFF = new ConfigurationError([
  'There is no model provider. Set OPENAI_API_KEY, or OPENAI_BASE_URL for another server that speaks its protocol; or set DEMO=on to let the built-in demo answer, which is no language model. (Where NODE_ENV is production, the demo is off unless it is set.)',
]);

/**
 * Makes the providers from the configuration. Without a key or address for OpenAI, the demo stands in for it if it is on; if
 * it is off, no agent can use either.
 */
export function configureModelProviders(
  { providers, demo, upstream, proxy }: AppConfig,
  clock: Clock,
  own: OwnModels,
): ModelProviders {
  const offline = demo.isOn
    ? {
        chat: new DemoModel(demo.tokensPerSecond, clock),
        defaultModel: providers[ModelProvider.OPENAI]?.model,
        description: 'demo: offline, no language model. Set OPENAI_API_KEY or OPENAI_BASE_URL for a real one',
      }
    : DEMO_IS_OFF;
  const table: Partial<Record<string, ProviderEntry>> = {};
  for (const vendor of Object.values(VENDORS)) {
    const values = providers[vendor.name];
    if (values === undefined) continue;
    table[vendor.name] =
      findMissing(vendor, values) ?? configureProvider(vendor, values, { ...upstream, proxy }, clock);
  }
  if (typeof table[ModelProvider.OPENAI] === 'string') table[ModelProvider.OPENAI] = offline;
  table[ModelProvider.DEMO] = offline;
  for (const [name, chat] of Object.entries(own.byProvider)) {
    const defaultModel = providers[name]?.model ?? name;
    table[name] = { chat, defaultModel, description: `${name}: a model of the application` };
  }
  return new ModelProviders(table);
}

function configureProvider(
  vendor: Vendor,
  values: ProviderValues,
  upstream: AppConfig['upstream'] & Pick<AppConfig, 'proxy'>,
  clock: Clock,
): ConfiguredProvider {
  const { name, hasKeyHeader = false } = vendor;
  const { model, headers } = values;
  const endpoint = vendor.findEndpoint(values);
  const address = new URL(endpoint.baseUrl ?? '');
  if (address.username !== '' && endpoint.apiKey !== undefined && !hasKeyHeader) {
    throw new ConfigurationError([
      `The address of ${name} holds a user, and there is a key for it as well: both would be its authorization. Take one away`,
    ]);
  }
  return {
    chat: new OpenAIChatModel(
      {
        ...endpoint,
        ...upstream,
        capabilities: chooseCapabilities({ ...vendor.capabilities, ...vendor.adapt?.(address) }, values),
        streamSetting: `${toPrefix(name)}_STREAM`,
        headers,
      },
      clock,
    ),
    defaultModel: model,
    address: redactSecrets(address.origin + address.pathname),
    ...findKeyPlace(vendor, values, address),
    description: `${name}: ${model ?? 'the models that agents name'} at ${address.host}`,
  };
}

/** Finds where a provider's key was given. Its headers override its key, and the key overrides a user in its address. */
function findKeyPlace(
  { name, settings }: Vendor,
  values: ProviderValues,
  address: URL,
): Pick<ConfiguredProvider, 'keyPlace'> {
  if (values.headers?.['authorization'] !== undefined) return { keyPlace: `${toPrefix(name)}_HEADERS` };
  const [key] = Object.keys(settings).flatMap((setting) => (isKey(values[setting]) ? [values[setting]] : []));
  if (key !== undefined) return { keyPlace: key.place };
  return address.username === '' ? {} : { keyPlace: `${toPrefix(name)}_BASE_URL` };
}

function isKey(value: unknown): value is ProviderKey {
  return typeof value === 'object' && value !== null && 'place' in value;
}

/** Overrides the known capabilities of a provider by its settings. */
function chooseCapabilities(known: Capabilities, values: CommonProviderValues): Capabilities {
  const { structuredOutput, streams, reasoningTags, developerRole } = values;
  const messages = values.messages === undefined ? known.messages : MESSAGE_FORMS[values.messages];
  return {
    ...known,
    structuredOutput: structuredOutput ?? known.structuredOutput,
    streaming: streams,
    reasoningTags: reasoningTags ?? known.reasoningTags,
    messages: developerRole === undefined ? messages : { ...messages, developer: developerRole },
  };
}

const MESSAGE_FORMS: Readonly<Record<'openai' | 'plain', MessageForm>> = {
  openai: OPENAI_MESSAGES,
  plain: PLAIN_MESSAGES,
};

/** Names the variables that a person still has to set; undefined if none is missing. */
function findMissing({ name, needs, settings }: Vendor, values: ProviderValues): string | undefined {
  const missing = needs
    .map((need): readonly string[] => (typeof need === 'string' ? [need] : need))
    .filter((alternatives) => alternatives.every((key) => values[key] === undefined))
    .map((alternatives) => alternatives.flatMap((key) => nameVariables(settings[key], name)).join(' or '));
  return missing.length === 0 ? undefined : missing.join(', and ');
}

/** Names the variables of a setting. A short-lived token usually comes from a file, so that variable is named as well. */
function nameVariables(setting: Vendor['settings'][string] | undefined, provider: string): readonly string[] {
  if (!(setting instanceof Setting)) return [`${toPrefix(provider)}_BASE_URL`];
  return setting.secrecy === 'secret, may be written later' ? [setting.name, `${setting.name}_FILE`] : [setting.name];
}

/** The prefix of a provider's own variables. */
function toPrefix(provider: string): string {
  return provider.toUpperCase();
}
