import { isJsonObject } from '../kernel/index.js';
import { ModelProvider } from '../models/index.js';
import type { MillraceOptions } from './millrace-options.js';

/** The checks of the module options that are not settings. */
const CHECKS: Readonly<
  Record<'path' | 'watch' | 'middleware' | 'models' | 'environment', (value: unknown) => readonly string[]>
> = {
  path: (value) =>
    typeof value === 'string' && PLAIN_PATH.test(value)
      ? []
      : ['path must be a plain path such as /ai: of letters, digits, and - . _ ~ between slashes'],
  watch: (value) => (typeof value === 'boolean' ? [] : ['watch must be true or false']),
  middleware: (value) =>
    Array.isArray(value) && value.every((handler) => typeof handler === 'function')
      ? []
      : ['middleware must be a list of functions'],
  models: (value) => (isJsonObject(value) ? Object.entries(value).flatMap(checkModel) : ['models must be an object']),
  environment: (value) => (isJsonObject(value) ? [] : ['environment must be an object, such as process.env']),
};

/** The names of the module options that are not settings. */
export const MODULE_OPTION_NAMES: readonly string[] = Object.keys(CHECKS);

/**
 * Express reads other characters as a pattern, and would then take over routes of the application or refuse to start.
 * Clients resolve a segment that is only dots, so no request has one.
 */
const PLAIN_PATH = /^\/?(?:(?!\.{1,2}(?:\/|$))[\w.~-]+(?:\/|$))*$/;

/** Finds options of a module that are wrong, one line for each; those that are settings are checked where they are read. */
export function findOptionFaults(options: MillraceOptions): readonly string[] {
  return Object.entries(CHECKS).flatMap(([name, check]) => {
    const value: unknown = options[name as keyof typeof CHECKS];
    return value === undefined ? [] : check(value);
  });
}

function checkModel([name, model]: readonly [string, unknown]): readonly string[] {
  const names: readonly string[] = Object.values(ModelProvider);
  if (!names.includes(name)) return [`models.${name} is not a provider. There are: ${names.join(', ')}`];
  const isModel = model === undefined || (isJsonObject(model) && typeof model['stream'] === 'function');
  return isModel ? [] : [`models.${name} must be a model: an object with a method stream()`];
}
