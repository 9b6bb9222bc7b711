import type { Price } from '../../config/index.js';
import type { ModelName } from '../model-name.js';
import type { Usage } from '../usage.js';
import { SHIPPED_PRICES, SHIPPED_PRICES_DATE } from './shipped-prices.js';

/** What some tokens cost. */
export interface Cost {
  /** US dollars. */
  readonly usd: number;
  /** `configuration`, or the day of the table that the price was taken from. */
  readonly prices: string;
}

/** What providers put behind a model's name to say which edition it is. */
const EDITION = /-(?:latest|\d{8}|\d{4}-\d{2}-\d{2}|\d{3})$/;
const MILLION = 1_000_000;

/** Computes what calls of models cost. */
export class ModelPrices {
  readonly #configured: Readonly<Record<string, Price>>;

  /** @param configured prices by `provider/model`; they override the shipped ones */
  constructor(configured: Readonly<Record<string, Price>>) {
    this.#configured = configured;
  }

  /**
   * @param name the model that was asked for
   * @param answered the model's name according to its provider, if it named one
   * @returns undefined if the model's price is not known
   */
  compute({ provider, model }: ModelName, answered: string | undefined, usage: Usage): Cost | undefined {
    const names = answered === undefined ? [model] : [model, answered];
    for (const name of names.flatMap((each) => [each, each.replace(EDITION, '')])) {
      const key = `${provider}/${name}`;
      if (Object.hasOwn(this.#configured, key)) return computeCost(this.#configured[key], usage, 'configuration');
      if (Object.hasOwn(SHIPPED_PRICES, key)) return computeCost(SHIPPED_PRICES[key], usage, SHIPPED_PRICES_DATE);
    }
    return undefined;
  }
}

/**
 * Adds up costs.
 * @returns undefined if there are none, or one is not known: a part would look like the whole
 */
export function addCosts(costs: readonly (Cost | undefined)[]): Cost | undefined {
  let sum: Cost | undefined;
  for (const cost of costs) {
    if (cost === undefined) return undefined;
    const prices = sum === undefined || sum.prices === cost.prices ? cost.prices : 'several';
    sum = { usd: trimDigits((sum?.usd ?? 0) + cost.usd), prices };
  }
  return sum;
}

function computeCost(price: Price | undefined, usage: Usage, prices: string): Cost | undefined {
  if (price === undefined) return undefined;
  const { input, output, cachedInput = input } = price;
  const cached = Math.min(usage.prompt_tokens_details?.['cached_tokens'] ?? 0, usage.prompt_tokens);
  const usd =
    ((usage.prompt_tokens - cached) * input + cached * cachedInput + usage.completion_tokens * output) / MILLION;
  return { usd: trimDigits(usd), prices };
}

/** Sums of fractions would otherwise end in many nines. */
function trimDigits(usd: number): number {
  return Number(usd.toPrecision(12));
}
