import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { readFileState } from '../../kernel/index.js';

/** Packages that applications on Millrace load at their start, and that read no settings while they are loaded. */
const PACKAGES = [
  'reflect-metadata',
  'rxjs',
  'class-transformer',
  'class-validator',
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/platform-express',
  'millrace',
];

/**
 * The packages of a project that can be loaded before the program that needs them. A package that is linked from
 * elsewhere is not among them: it may change at any time, as the program itself does.
 */
export class LoadablePackages {
  readonly #manifests: ReadonlyMap<string, string>;

  constructor(root: string) {
    const { resolve } = createRequire(join(root, 'package.json'));
    this.#manifests = new Map(
      PACKAGES.flatMap((name) => {
        const manifest = findManifest(name, resolve);
        return manifest === undefined ? [] : [[name, manifest] as const];
      }),
    );
  }

  get names(): readonly string[] {
    return [...this.#manifests.keys()];
  }

  /** Returns a text that changes when other versions are installed. */
  async readState(): Promise<string> {
    return (await Promise.all([...this.#manifests.values()].map(readFileState))).join(' ');
  }
}

function findManifest(name: string, resolve: NodeJS.RequireResolve): string | undefined {
  try {
    const manifest = resolve(`${name}/package.json`);
    return realpathSync(dirname(manifest)).includes(`${sep}node_modules${sep}`) ? manifest : undefined;
  } catch {
    return undefined;
  }
}
