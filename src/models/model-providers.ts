import type { AppConfig } from '../config/index.js';
import type { Clock } from '../kernel/index.js';
import type { ChatModel } from './chat-model.js';
import { DemoModel } from './demo/index.js';
import { ModelProvider } from './model-provider.js';
import { OpenAIChatModel } from './openai/index.js';

/** A provider that this process can call. */
export interface ConfiguredProvider {
  readonly chat: ChatModel;
  /** The model of agents that name none. */
  readonly defaultModel: string;
  /** What the person who starts the server is told about it, in a few words. */
  readonly description: string;
}

/** The providers that this process can call, by name; also the dependency-injection token. */
export class ModelProviders {
  constructor(private readonly configured: Readonly<Partial<Record<ModelProvider, ConfiguredProvider>>>) {}

  /** Undefined if the environment does not configure it. */
  find(name: ModelProvider): ConfiguredProvider | undefined {
    return Object.hasOwn(this.configured, name) ? this.configured[name] : undefined;
  }

  /** @throws Error if the environment does not configure it: agents check at start-up that theirs is there */
  get(name: ModelProvider): ConfiguredProvider {
    const provider = this.find(name);
    if (provider === undefined) throw new Error(`The model provider "${name}" is not configured`);
    return provider;
  }
}

/** The providers that the configuration allows. Without a key or address for OpenAI, the demo answers in its place. */
export function configureModelProviders({ openai, demo, upstream }: AppConfig, clock: Clock): ModelProviders {
  const offline: ConfiguredProvider = {
    chat: new DemoModel(demo, clock),
    defaultModel: openai.model,
    description: 'demo: offline, no language model. Set OPENAI_API_KEY or OPENAI_BASE_URL for a real one',
  };
  const isOnline = openai.apiKey !== undefined || openai.baseUrl !== undefined;
  return new ModelProviders({
    [ModelProvider.DEMO]: offline,
    [ModelProvider.OPENAI]: isOnline
      ? {
          chat: new OpenAIChatModel({ ...openai, ...upstream }, clock),
          defaultModel: openai.model,
          description: `openai: ${openai.model} at ${openai.baseUrl === undefined ? 'api.openai.com' : new URL(openai.baseUrl).host}`,
        }
      : offline,
  });
}
