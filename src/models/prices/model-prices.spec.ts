import { describe, expect, it } from '@jest/globals';
import { openai } from '../openai/vendors/openai.js';
import { addCosts, ModelPrices } from './model-prices.js';
import { SHIPPED_PRICES_DATE } from './shipped-prices.js';

const USAGE = { prompt_tokens: 1_000_000, completion_tokens: 100_000, total_tokens: 1_100_000 };

describe('ModelPrices', () => {
  const prices = new ModelPrices({
    'acme/llama3:8b': { input: 1, output: 2 },
    'openai/gpt-4o': { input: 9, output: 9 },
  });

  it('takes the price of a known model, whatever its edition, and says of which day the price is', () => {
    const expected = { usd: 0.21, prices: SHIPPED_PRICES_DATE };
    for (const [model, responseModel] of [
      ['gpt-4o-mini'],
      ['gpt-4o-mini-2024-07-18'],
      ['my-name', 'gpt-4o-mini-2024-07-18'],
    ]) {
      expect(prices.compute({ provider: 'openai', model: model ?? '' }, responseModel, USAGE)).toEqual(expected);
    }
  });

  it('knows the price of the default model', () => {
    const { defaultModel: model } = openai;
    expect(new ModelPrices({}).compute({ provider: 'openai', model: String(model) }, undefined, USAGE)).toBeDefined();
  });

  it('takes configured prices first', () => {
    expect(prices.compute({ provider: 'openai', model: 'gpt-4o' }, undefined, USAGE)?.usd).toBeCloseTo(9.9);
    expect(prices.compute({ provider: 'acme', model: 'llama3:8b' }, undefined, USAGE)).toEqual({
      usd: 1.2,
      prices: 'configuration',
    });
  });

  it('charges cached input less, as providers do', () => {
    const cached = { ...USAGE, prompt_tokens_details: { cached_tokens: 1_000_000 } };
    expect(prices.compute({ provider: 'openai', model: 'gpt-4o-mini' }, undefined, cached)?.usd).toBeCloseTo(0.135);
  });

  it('does not guess: a model of another provider has no price, and a sum with an unknown part is unknown', () => {
    expect(prices.compute({ provider: 'ollama', model: 'gpt-4o-mini' }, undefined, USAGE)).toBeUndefined();
    expect(addCosts([{ usd: 1, prices: 'configuration' }, undefined])).toBeUndefined();
    expect(addCosts([])).toBeUndefined();
    expect(
      addCosts([
        { usd: 1, prices: 'a' },
        { usd: 2, prices: 'b' },
      ]),
    ).toEqual({ usd: 3, prices: 'several' });
  });
});
