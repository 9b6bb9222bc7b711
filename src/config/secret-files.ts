import { readFileSync } from 'node:fs';
import { readErrorCode } from '../kernel/index.js';
import { PROVIDER_CREDENTIALS, PROVIDER_HEADERS } from './provider-variables.js';

/** Settings whose values are secret: each may stand in a file instead, which its name with `_FILE` behind it names. */
const SECRETS = [
  ...PROVIDER_CREDENTIALS,
  ...PROVIDER_HEADERS,
  'LANGFUSE_PUBLIC_KEY',
  'LANGFUSE_SECRET_KEY',
  'OTEL_EXPORTER_OTLP_HEADERS',
  'OTEL_EXPORTER_OTLP_TRACES_HEADERS',
  'REDIS_URL',
] as const;

/** The settings that name their files. */
export const SECRET_FILES: readonly string[] = SECRETS.map((name) => `${name}_FILE`);

/** Tokens that live for an hour: what keeps the file fresh may be started later than this server. */
const WRITTEN_LATER: ReadonlySet<string> = new Set(['GOOGLE_VERTEX_AI_ACCESS_TOKEN']);

type Variables = Readonly<Record<string, string | undefined>>;

/** What the files of secrets have been read for. */
export interface SecretFiles {
  /** All variables, with the secrets from files among them. */
  readonly variables: Variables;
  /** Names of the secrets that come from files. */
  readonly read: ReadonlySet<string>;
  /** One line for each file that cannot be used; never a value, and not the path, which may be a secret put there by mistake. */
  readonly faults: readonly string[];
}

/** Reads each secret that a file holds, without the space around it. */
export function readSecretFiles(variables: Variables): SecretFiles {
  const values: Record<string, string> = {};
  const faults: string[] = [];
  for (const name of SECRETS) {
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
      else if (!WRITTEN_LATER.has(name)) faults.push(`${file} must name a file that holds the value: it is empty`);
    } catch (error) {
      if (!WRITTEN_LATER.has(name)) faults.push(`${file} must name a file that can be read (${readErrorCode(error)})`);
    }
  }
  return { variables: { ...variables, ...values }, read: new Set(Object.keys(values)), faults };
}
