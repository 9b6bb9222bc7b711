import { Transform } from 'class-transformer';
import { IsBoolean } from 'class-validator';

const WORDS: ReadonlyMap<string, boolean> = new Map([
  ...['on', 'true', 'yes', '1'].map((word) => [word, true] as const),
  ...['off', 'false', 'no', '0'].map((word) => [word, false] as const),
]);

/** What a word for on or off means; undefined if it is none. */
export function readSwitch(word: string): boolean | undefined {
  return WORDS.get(word.toLowerCase());
}

/** On or off, in any of the words that people write for it: `on`, `true`, `yes`, `1` and their opposites, in any case. */
export function Switch(): PropertyDecorator {
  return (target, property) => {
    for (const decorate of [
      Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? (readSwitch(value) ?? value) : value)),
      IsBoolean({ message: '$property must be on or off' }),
    ]) {
      decorate(target, property);
    }
  };
}
