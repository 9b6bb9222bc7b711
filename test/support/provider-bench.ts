import { loadConfig } from '../../src/app/load-config.js';
import {
  type ChatModel,
  configureModelProviders,
  OwnModels,
  type Message,
  type ModelParameters,
  type ModelProvider,
} from '../../src/models/index.js';
import { type OutputClass, makeOutputSchema } from '../../src/schema/index.js';
import { FakeClock } from './fake-clock.js';
import { RecordedCall } from './model-bench.js';
import { ScriptedUpstream } from './scripted-upstream.js';
import type { RecordedRequest } from './upstream/recorded-request.js';

/** A provider that is configured by environment variables, in front of a scripted upstream. */
export class ProviderBench {
  private constructor(
    readonly upstream: ScriptedUpstream,
    readonly chat: ChatModel,
    readonly description: string,
  ) {}

  /**
   * @param path the only path that the upstream serves
   * @param environment makes the variables from the upstream's scheme, host and port
   */
  static async start(
    provider: ModelProvider,
    path: string,
    environment: (origin: string) => Readonly<Record<string, string>>,
  ): Promise<ProviderBench> {
    const upstream = await ScriptedUpstream.start(path);
    const config = loadConfig({ UPSTREAM_MAX_RETRIES: '0', ...environment(upstream.origin) });
    const { chat, description } = configureModelProviders(config, new FakeClock(), new OwnModels()).get(provider);
    return new ProviderBench(upstream, chat, description);
  }

  call(parameters?: ModelParameters, messages?: readonly Message[]): RecordedCall {
    return new RecordedCall(this.chat, parameters, messages);
  }

  /** The newest request. */
  get request(): RecordedRequest {
    const request = this.upstream.requests.at(-1);
    if (request === undefined) throw new Error('The upstream has received no request');
    return request;
  }

  async close(): Promise<void> {
    await this.upstream.close();
  }
}

/** The parameters with which an agent requests an instance of a class. */
export function makeCall(type: OutputClass): ModelParameters {
  const { name, schema } = makeOutputSchema(type);
  return { response_format: { type: 'json_schema', json_schema: { name, schema, strict: true } } };
}
