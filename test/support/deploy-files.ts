import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { ROOT } from './places.js';

/** A value from YAML; missing values are undefined. */
export class YamlNode {
  constructor(readonly value: unknown) {}

  /** @param path keys and indexes, with dots between; a dot in a key is written `\.` */
  at(path: string): unknown {
    return path.split(/(?<!\\)\./).reduce<unknown>((value, key) => {
      return typeof value === 'object' && value !== null
        ? (value as Record<string, unknown>)[key.replaceAll('\\.', '.')]
        : undefined;
    }, this.value);
  }

  keys(path: string): string[] {
    return Object.keys(this.at(path) ?? {});
  }

  list(path: string): YamlNode[] {
    return ((this.at(path) ?? []) as unknown[]).map((value) => new YamlNode(value));
  }
}

/** A file of the repository. */
export const readRepositoryFile = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/**
 * All documents of a YAML file.
 * @throws Error if one has a fault
 */
function readDocuments(path: string): YamlNode[] {
  return parseAllDocuments(readRepositoryFile(path)).map((document) => {
    if (document.errors.length > 0 || document.warnings.length > 0) {
      throw new Error(`${path}: ${[...document.errors, ...document.warnings].join('\n')}`);
    }
    return new YamlNode(document.toJS());
  });
}

/**
 * The only document of a YAML file.
 * @throws Error if there is none, or more than one
 */
export function readDocument(path: string): YamlNode {
  const [first, ...rest] = readDocuments(path);
  if (first === undefined || rest.length > 0) throw new Error(`${path} does not hold exactly one document`);
  return first;
}

/** One of the manifests for Kubernetes, by the name of its file. */
export const readManifest = (name: string): YamlNode => readDocument(`deploy/kubernetes/${name}.yaml`);

/** The server's own variables, from `.env.example`: a test of the configuration checks that it has all. */
export const KNOWN_VARIABLES = new Set(
  [...(readRepositoryFile('.env.example').split('# For docker compose only')[0] ?? '').matchAll(/^#([A-Z_]+)=/gm)].map(
    ([, name]) => name,
  ),
);
