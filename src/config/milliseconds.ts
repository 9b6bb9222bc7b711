import { Type } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';
import { MAX_TIMER_MS } from '../kernel/index.js';

/** A whole number of milliseconds, from 0 or another least value up to what a timer can hold. */
export function Milliseconds(least = 0): PropertyDecorator {
  const message = `$property must be a whole number of milliseconds from ${least} to ${MAX_TIMER_MS}`;
  return (target, property) => {
    for (const decorate of [
      Type(() => Number),
      IsInt({ message }),
      Min(least, { message }),
      Max(MAX_TIMER_MS, { message }),
    ]) {
      decorate(target, property);
    }
  };
}
