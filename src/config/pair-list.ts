import { Transform } from 'class-transformer';
import { IsObject, IsOptional } from 'class-validator';

const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Pairs as OpenTelemetry writes them: `name=value,other=value`, values percent-encoded. May be absent.
 * @param kind names of headers are put into lower case, and their values are Latin-1
 */
export function PairList(kind: 'headers' | 'attributes'): PropertyDecorator {
  return (target, property) => {
    for (const decorate of [
      Transform(({ value }: { value: unknown }) =>
        typeof value === 'string' ? (readPairs(value, kind) ?? value) : value,
      ),
      IsOptional(),
      IsObject({ message: '$property must be a list such as name=value,other=value, with values percent-encoded' }),
    ]) {
      decorate(target, property);
    }
  };
}

/** @returns undefined if the list is malformed */
export function readPairs(text: string, kind: 'headers' | 'attributes'): Readonly<Record<string, string>> | undefined {
  const pairs: Record<string, string> = {};
  for (const pair of text.split(',')) {
    const [, name, encoded] = /^\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
    const value = encoded === undefined ? undefined : decode(encoded);
    if (name === undefined || value === undefined) return undefined;
    if (kind === 'headers' && !HEADER_VALUE.test(value)) return undefined;
    pairs[kind === 'headers' ? name.toLowerCase() : name] = value;
  }
  return pairs;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
