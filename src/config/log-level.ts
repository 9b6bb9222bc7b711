import { Transform } from 'class-transformer';
import { IsIn } from 'class-validator';
import { LOG_LEVELS } from './app-config.js';

/** What is usually said for levels that Nest's logger has other names for. */
const USUAL: Readonly<Record<string, (typeof LOG_LEVELS)[number]>> = { info: 'log', warning: 'warn', trace: 'verbose' };

/** A level of the log, by its usual name or by Nest's, in any case. */
export function Level(): PropertyDecorator {
  return (target, property) => {
    for (const decorate of [
      Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? readLevel(value) : value)),
      IsIn(LOG_LEVELS, { message: '$property must be one of fatal, error, warn, info, debug, trace' }),
    ]) {
      decorate(target, property);
    }
  };
}

function readLevel(text: string): string {
  const level = text.toLowerCase();
  return Object.hasOwn(USUAL, level) ? (USUAL[level] ?? level) : level;
}
