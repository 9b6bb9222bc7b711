import { type ValueKind, InvalidValue } from './setting.js';

/** What a million tokens of a model cost, in US dollars. */
export interface Price {
  readonly input: number;
  readonly output: number;
  /** For input that the provider had cached; absent: as other input. */
  readonly cachedInput?: number;
}

/** Names of models may hold colons and equals signs; the prices stand after the last one. */
const ENTRY = /^([^/\s]+\/\S+)=([\d.]+):([\d.]+)(?::([\d.]+))?$/;

/** Prices as `provider/model=input:output` or `provider/model=input:output:cached input`, with commas between them. */
export const priceList: ValueKind<Readonly<Record<string, Price>>> = (given) => {
  const read: Record<string, Price> = {};
  for (const entry of given.split(',')) {
    const [, name, ...texts] = ENTRY.exec(entry.trim()) ?? [];
    const [input = NaN, output = NaN, cachedInput] = texts.filter((text) => text !== undefined).map(Number);
    if (name === undefined || [input, output, cachedInput ?? 0].some((price) => !Number.isFinite(price))) {
      return new InvalidValue(
        'be a list such as openai/gpt-4o=2.5:10:1.25, with dollars for a million tokens of input, of output and, if you like, of cached input',
      );
    }
    read[name] = { input, output, ...(cachedInput !== undefined && { cachedInput }) };
  }
  return read;
};
