import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { FakeClock } from '../../test/support/fake-clock.js';
import { readConfig } from '../config/index.js';
import { DemoModel } from './demo/index.js';
import { ModelProvider } from './model-provider.js';
import { configureModelProviders, ModelProviders, OwnModels } from './model-providers.js';
import { OpenAIChatModel } from './openai/index.js';
import { VENDORS } from './openai/vendors/index.js';

const configure = (variables: Readonly<Record<string, string>>): ModelProviders =>
  configureModelProviders(readConfig(variables, Object.values(VENDORS)), new FakeClock(), new OwnModels());

describe('configureModelProviders', () => {
  it('lets the demo stand in for OpenAI if neither key nor address is set, and says so', () => {
    const provider = configure({ OPENAI_MODEL: 'm' }).get(ModelProvider.OPENAI);
    expect(provider.chat).toBeInstanceOf(DemoModel);
    expect(provider.defaultModel).toBe('m');
    expect(provider.description).toMatch(/demo.*no language model.*OPENAI_API_KEY/);
  });

  it.each<[ModelProvider, Record<string, string>, string]>([
    ['openai', { OPENAI_API_KEY: 'sk-secret' }, 'openai: gpt-5.4-mini at api.openai.com'],
    [
      'openai',
      { OPENAI_BASE_URL: 'http://user:secret@localhost:11434/v1', OPENAI_MODEL: 'm' },
      'openai: m at localhost:11434',
    ],
    [
      'azure_openai',
      { AZURE_OPENAI_ENDPOINT: 'https://x.openai.azure.com/', AZURE_OPENAI_API_KEY: 'secret', AZURE_OPENAI_MODEL: 'd' },
      'azure_openai: d at x.openai.azure.com',
    ],
    ['anthropic', { ANTHROPIC_API_KEY: 'secret' }, 'anthropic: the models that agents name at api.anthropic.com'],
    ['google', { GOOGLE_API_KEY: 'secret', GOOGLE_MODEL: 'g' }, 'google: g at generativelanguage.googleapis.com'],
    [
      'google_vertex_ai',
      {
        GOOGLE_VERTEX_AI_PROJECT: 'p',
        GOOGLE_VERTEX_AI_LOCATION: 'europe-west1',
        GOOGLE_VERTEX_AI_ACCESS_TOKEN: 'secret',
        GOOGLE_VERTEX_AI_MODEL: 'v',
      },
      'google_vertex_ai: v at europe-west1-aiplatform.googleapis.com',
    ],
    ['mistral', { MISTRAL_API_KEY: 'secret', MISTRAL_MODEL: 'm' }, 'mistral: m at api.mistral.ai'],
    [
      'bedrock',
      { AWS_BEARER_TOKEN_BEDROCK: 'secret', AWS_REGION: 'eu-west-1', BEDROCK_MODEL: 'b' },
      'bedrock: b at bedrock-runtime.eu-west-1.amazonaws.com',
    ],
    ['ollama', { OLLAMA_MODEL: 'o' }, 'ollama: o at localhost:11434'],
  ])('calls %s with %j, and shows no secret', (name, variables, description) => {
    const provider = configure(variables).get(name);
    expect(provider.chat).toBeInstanceOf(OpenAIChatModel);
    expect(provider.description).toBe(description);
  });

  it('lets a model of the application answer in place of a provider, whatever the environment says', () => {
    const chat = new DemoModel(0, new FakeClock());
    const config = readConfig({ DEMO: 'off', MISTRAL_MODEL: 'm', OPENAI_API_KEY: 'sk-x' }, Object.values(VENDORS));
    const providers = configureModelProviders(config, new FakeClock(), new OwnModels({ openai: chat, mistral: chat }));
    expect(providers.get(ModelProvider.OPENAI)).toMatchObject({
      chat,
      description: expect.stringContaining('of the app'),
    });
    expect([providers.get(ModelProvider.MISTRAL).chat, providers.chooseModel(ModelProvider.MISTRAL)]).toEqual([
      chat,
      'm',
    ]);
    expect(() => providers.get(ModelProvider.DEMO)).toThrow(/There is no model provider/);
  });

  it.each([{}, { OPENAI_API_KEY: 'sk-x' }])('always has the demo by its own name (%j)', (variables) => {
    expect(configure(variables).get(ModelProvider.DEMO).chat).toBeInstanceOf(DemoModel);
  });

  it.each<[Record<string, string>, boolean]>([
    [{ DEMO: 'off' }, false],
    [{ NODE_ENV: 'production' }, false],
    [{ NODE_ENV: ' Production' }, false],
    [{ NODE_ENV: 'prod' }, false],
    [{ NODE_ENV: 'production', DEMO: ' ' }, false],
    [{ NODE_ENV: 'production', DEMO: 'on' }, true],
    [{ NODE_ENV: 'development' }, true],
  ])('has the demo only if it is on (%j: %s)', (variables, isOn) => {
    const providers = configure(variables);
    expect(providers.isDemoInPlace).toBe(isOn);
    for (const name of [ModelProvider.OPENAI, ModelProvider.DEMO]) {
      expect(providers.find(name) !== undefined).toBe(isOn);
    }
    expect(configure({ ...variables, OPENAI_API_KEY: 'sk-x' }).isDemoInPlace).toBe(false);
  });

  it.each([ModelProvider.OPENAI, ModelProvider.DEMO])(
    'says what to set if %s is used while the demo is off',
    (name) => {
      expect(() => configure({ DEMO: 'off' }).get(name)).toThrow(/OPENAI_API_KEY.*DEMO=on/);
    },
  );

  it.each<[ModelProvider, Record<string, string>, string]>([
    ['azure_openai', {}, 'AZURE_OPENAI_ENDPOINT or AZURE_OPENAI_BASE_URL, and AZURE_OPENAI_API_KEY'],
    ['azure_openai', { AZURE_OPENAI_ENDPOINT: 'https://x.example' }, 'AZURE_OPENAI_API_KEY'],
    ['anthropic', {}, 'ANTHROPIC_API_KEY'],
    ['anthropic', { ANTHROPIC_API_KEY: ' ' }, 'ANTHROPIC_API_KEY'],
    ['google', {}, 'GOOGLE_API_KEY or GEMINI_API_KEY'],
    [
      'google_vertex_ai',
      { GOOGLE_VERTEX_AI_PROJECT: 'p' },
      'GOOGLE_VERTEX_AI_ACCESS_TOKEN or GOOGLE_VERTEX_AI_ACCESS_TOKEN_FILE',
    ],
    ['mistral', {}, 'MISTRAL_API_KEY'],
    ['bedrock', { AWS_REGION: 'eu-west-1' }, 'AWS_BEARER_TOKEN_BEDROCK'],
    ['bedrock', { AWS_BEARER_TOKEN_BEDROCK: 'x' }, 'AWS_REGION or BEDROCK_AWS_REGION or BEDROCK_BASE_URL'],
  ])('has no %s with %j, and says what is missing', (name, variables, missing) => {
    const providers = configure(variables);
    expect(providers.find(name)).toBeUndefined();
    expect(() => providers.get(name)).toThrow(
      new Error(`its model provider "${name}" needs ${missing} in the environment.`),
    );
    expect(() => providers.chooseModel(name)).toThrow(missing);
  });

  it.each<[ModelProvider, Record<string, string>, string]>([
    [
      'google_vertex_ai',
      { GOOGLE_VERTEX_AI_PROJECT: 'p', GOOGLE_VERTEX_AI_ACCESS_TOKEN: 'x' },
      'https://aiplatform.googleapis.com/v1/projects/p/locations/global/endpoints/openapi',
    ],
    [
      'azure_openai',
      { AZURE_OPENAI_ENDPOINT: 'https://x.example//', AZURE_OPENAI_API_KEY: 'x' },
      'https://x.example/openai/v1',
    ],
    [
      'azure_openai',
      { AZURE_OPENAI_ENDPOINT: 'https://x.example//', AZURE_OPENAI_API_KEY: 'x', OPENAI_API_VERSION: 'v' },
      'https://x.example/openai',
    ],
    [
      'bedrock',
      { AWS_BEARER_TOKEN_BEDROCK: 'x', AWS_REGION: 'us-east-1', BEDROCK_AWS_REGION: 'eu-west-1' },
      'https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1',
    ],
    ['ollama', {}, 'http://localhost:11434/v1'],
  ])('finds %s with %j at %s', (name, variables, address) => {
    expect(configure(variables).get(name).address).toBe(address);
  });

  it('has the ways of structured output that .env.example shows', () => {
    const example = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');
    const shown = [...example.matchAll(/^#([A-Z_]+)_STRUCTURED_OUTPUT=(\w+)$/gm)].map(([, name, way]) => [
      name?.toLowerCase(),
      way,
    ]);
    const declared = Object.values(VENDORS).map(({ name, capabilities }) => [name, capabilities.structuredOutput]);
    expect(shown).toEqual(declared);
    expect(example).toContain('#OLLAMA_BASE_URL=http://localhost:11434/v1');
  });
});

describe('ModelProviders', () => {
  it('finds only what was configured, not what every object has', () => {
    const providers = new ModelProviders({});
    for (const name of ['openai', 'constructor', '__proto__', 'toString'] as ModelProvider[]) {
      expect(providers.find(name)).toBeUndefined();
      expect(() => providers.get(name)).toThrow(`there is no model provider "${name}"`);
    }
  });

  it("takes the agent's model, else the provider's, else names the variable to set", () => {
    const variables = { ANTHROPIC_API_KEY: 'x', MISTRAL_API_KEY: 'x', MISTRAL_MODEL: 'set' };
    const providers = configure(variables);
    expect(providers.chooseModel('anthropic', 'own')).toBe('own');
    expect(providers.chooseModel('mistral')).toBe('set');
    expect(providers.chooseModel('demo')).toBe('gpt-5.4-mini');
    expect(() => providers.chooseModel('anthropic')).toThrow('ANTHROPIC_MODEL is not set');
  });
});

describe('what calls models', () => {
  class SlowModel extends DemoModel {
    loads = 0;
    finish: () => void = () => undefined;
    load(): Promise<void> {
      this.loads++;
      return new Promise((resolve) => {
        this.finish = resolve;
      });
    }
  }
  const use = (): { readonly model: SlowModel; readonly providers: ModelProviders } => {
    const model = new SlowModel(0, new FakeClock());
    const config = readConfig({}, Object.values(VENDORS));
    const providers = configureModelProviders(config, new FakeClock(), new OwnModels({ openai: model }));
    providers.get(ModelProvider.OPENAI);
    return { model, providers };
  };
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('is loaded in parallel with the start, and closing the application waits for it', async () => {
    const { model, providers } = use();
    providers.onApplicationBootstrap();
    await turn();
    expect(model.loads).toBe(1);
    let isClosed = false;
    const closing = providers.onApplicationShutdown().then(() => {
      isClosed = true;
    });
    await turn();
    expect(isClosed).toBe(false);
    model.finish();
    await closing;
  });

  it('is not loaded if the application is closed at once', async () => {
    const { model, providers } = use();
    providers.onApplicationBootstrap();
    await providers.onApplicationShutdown();
    await turn();
    expect(model.loads).toBe(0);
  });
});
