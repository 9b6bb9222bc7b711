import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { readFileState } from '../../kernel/index.js';

/** What applications on Millrace load at their start, and what reads no setting when it is loaded. */
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
 * The packages of a project that can be loaded before the program that needs them. One that is linked from elsewhere may change at
 * any time, as the program itself does, so it is none of them.
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

  /** Another text when others have been installed. */
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
