import type { Price } from '../../config/index.js';

/** The day for which the prices below were looked up. */
export const SHIPPED_PRICES_DATE = '2026-06-01';

/**
 * Prices of models that are often used, by `provider/model`: the providers' list prices, without discounts for batches
 * or surcharges for very long inputs. `MODEL_PRICES` adds to them and replaces them.
 */
export const SHIPPED_PRICES: Readonly<Record<string, Price>> = {
  'openai/gpt-5.5': { input: 5, cachedInput: 0.5, output: 30 },
  'openai/gpt-5.4': { input: 2.5, cachedInput: 0.25, output: 15 },
  'openai/gpt-5.4-mini': { input: 0.75, cachedInput: 0.075, output: 4.5 },
  'openai/gpt-5.4-nano': { input: 0.2, cachedInput: 0.02, output: 1.25 },
  'openai/gpt-5.2': { input: 1.75, cachedInput: 0.175, output: 14 },
  'openai/gpt-5.1': { input: 1.25, cachedInput: 0.125, output: 10 },
  'openai/gpt-5': { input: 1.25, cachedInput: 0.125, output: 10 },
  'openai/gpt-5-mini': { input: 0.25, cachedInput: 0.025, output: 2 },
  'openai/gpt-5-nano': { input: 0.05, cachedInput: 0.005, output: 0.4 },
  'openai/gpt-4.1': { input: 2, cachedInput: 0.5, output: 8 },
  'openai/gpt-4.1-mini': { input: 0.4, cachedInput: 0.1, output: 1.6 },
  'openai/gpt-4.1-nano': { input: 0.1, cachedInput: 0.025, output: 0.4 },
  'openai/gpt-4o': { input: 2.5, cachedInput: 1.25, output: 10 },
  'openai/gpt-4o-mini': { input: 0.15, cachedInput: 0.075, output: 0.6 },
  'openai/o3': { input: 2, cachedInput: 0.5, output: 8 },
  'openai/o4-mini': { input: 1.1, cachedInput: 0.275, output: 4.4 },
  'anthropic/claude-opus-4-8': { input: 5, cachedInput: 0.5, output: 25 },
  'anthropic/claude-opus-4-6': { input: 5, cachedInput: 0.5, output: 25 },
  'anthropic/claude-sonnet-4-6': { input: 3, cachedInput: 0.3, output: 15 },
  'anthropic/claude-opus-4-5': { input: 5, cachedInput: 0.5, output: 25 },
  'anthropic/claude-sonnet-4-5': { input: 3, cachedInput: 0.3, output: 15 },
  'anthropic/claude-haiku-4-5': { input: 1, cachedInput: 0.1, output: 5 },
  'google/gemini-3.5-flash': { input: 1.5, output: 9 },
  'google/gemini-3.1-pro-preview': { input: 2, output: 12 },
  'google/gemini-3-flash-preview': { input: 0.5, output: 3 },
  'google/gemini-2.5-pro': { input: 1.25, cachedInput: 0.125, output: 10 },
  'google/gemini-2.5-flash': { input: 0.3, cachedInput: 0.03, output: 2.5 },
  'google/gemini-2.5-flash-lite': { input: 0.1, cachedInput: 0.01, output: 0.4 },
};
