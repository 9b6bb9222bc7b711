import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../test/support/fake-clock.js';
import { loadConfig } from '../config/index.js';
import { DemoModel } from './demo/index.js';
import { ModelProvider } from './model-provider.js';
import { configureModelProviders, ModelProviders } from './model-providers.js';
import { OpenAIChatModel } from './openai/index.js';

const configure = (variables: Readonly<Record<string, string>>): ModelProviders =>
  configureModelProviders(loadConfig(variables), new FakeClock());

describe('configureModelProviders', () => {
  it('lets the demo answer for OpenAI where neither key nor address is set, and says so', () => {
    const provider = configure({ OPENAI_MODEL: 'm' }).get(ModelProvider.OPENAI);
    expect(provider.chat).toBeInstanceOf(DemoModel);
    expect(provider.defaultModel).toBe('m');
    expect(provider.description).toMatch(/demo.*no language model.*OPENAI_API_KEY/);
  });

  it.each([
    [{ OPENAI_API_KEY: 'sk-secret' }, 'openai: m at api.openai.com'],
    [{ OPENAI_BASE_URL: 'http://user:secret@localhost:11434/v1' }, 'openai: m at localhost:11434'],
  ])('calls OpenAI with %j, and shows no secret', (variables, description) => {
    const provider = configure({ OPENAI_MODEL: 'm', ...variables }).get(ModelProvider.OPENAI);
    expect(provider.chat).toBeInstanceOf(OpenAIChatModel);
    expect(provider.description).toBe(description);
  });

  it.each([{}, { OPENAI_API_KEY: 'sk-x' }])('always has the demo by its own name (%j)', (variables) => {
    expect(configure(variables).get(ModelProvider.DEMO).chat).toBeInstanceOf(DemoModel);
  });
});

describe('ModelProviders', () => {
  it('finds only what was configured, not what every object has', () => {
    const providers = new ModelProviders({});
    for (const name of ['openai', 'constructor', '__proto__', 'toString'] as ModelProvider[]) {
      expect(providers.find(name)).toBeUndefined();
      expect(() => providers.get(name)).toThrow(`The model provider "${name}" is not configured`);
    }
  });
});
