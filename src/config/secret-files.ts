import { readFileSync } from 'node:fs';
import { readErrorCode } from '../kernel/index.js';
import type { Setting, Variables } from './setting.js';

/** What reading the files of secrets has given. */
interface SecretFiles {
  /** All variables, with the secrets from files among them. */
  readonly variables: Variables;
  /** Names of the secrets that come from files. */
  readonly read: ReadonlySet<string>;
  /**
   * One line for each file that cannot be used; never a value, and not the path, which may be a secret put there by
   * mistake.
   */
  readonly faults: readonly string[];
}

/** Reads each secret that a file holds, without the space around it. */
export function readSecretFiles(variables: Variables, settings: readonly Setting<unknown>[]): SecretFiles {
  const values: Record<string, string> = {};
  const faults: string[] = [];
  for (const { name, secrecy } of settings) {
    if (secrecy === 'open') continue;
    const isNeeded = secrecy === 'secret';
    const file = `${name}_FILE`;
    const path = variables[file]?.trim() ?? '';
    if (path === '') continue;
    if ((variables[name]?.trim() ?? '') !== '') {
      faults.push(`${name} and ${file} must not both be set`);
      continue;
    }
    try {
      const value = readFileSync(path, 'utf8').trim();
      if (value !== '') values[name] = value;
      else if (isNeeded) faults.push(`${file} must name a file that holds the value: it is empty`);
    } catch (error) {
      if (isNeeded) faults.push(`${file} must name a file that can be read (${readErrorCode(error)})`);
    }
  }
  return { variables: { ...variables, ...values }, read: new Set(Object.keys(values)), faults };
}
