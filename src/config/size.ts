import { Transform } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';

const BYTES = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 } as const;

/**
 * A size such as `512kb`, read as bytes.
 * @param most the largest, in the same form
 */
export function Size(most = '1024gb'): PropertyDecorator {
  const message = `$property must be a size such as 512kb or 10mb, and at most ${most}`;
  return (target, property) => {
    for (const decorate of [
      Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? bytesOf(value) : value)),
      IsInt({ message }),
      Min(1, { message }),
      Max(bytesOf(most), { message }),
    ]) {
      decorate(target, property);
    }
  };
}

/** Bytes that a size comes to; NaN if it is none. */
export function bytesOf(text: string): number {
  const [, number, unit = 'b'] = /^(\d+(?:\.\d+)?)\s*(b|kb|mb|gb)?$/i.exec(text) ?? [];
  return Math.floor(Number(number) * BYTES[unit.toLowerCase() as keyof typeof BYTES]);
}
