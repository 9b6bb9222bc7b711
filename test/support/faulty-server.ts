import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureServerIsBuilt } from './server-process.js';
import { ROOT } from './places.js';

/** A copy of the compiled server with faulty workflows. */
export class FaultyServer {
  /** @param folder the folder of its `dist`, without a `src` */
  private constructor(readonly folder: string) {}

  /** @param workflows the file of `test/fixtures` with its workflows; by default `chat` and `faulty` */
  static async build(workflows = 'faulty-workflows.mjs'): Promise<FaultyServer> {
    await ensureServerIsBuilt();
    const folder = await mkdtemp(join(tmpdir(), 'millrace-faulty-'));
    await cp(join(ROOT, 'dist'), join(folder, 'dist'), { recursive: true });
    await cp(join(ROOT, 'package.json'), join(folder, 'package.json'));
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    await cp(join(ROOT, 'test/fixtures', workflows), join(folder, 'dist/workflows/workflows.module.js'));
    await promisify(execFile)(process.execPath, [join(ROOT, 'scripts/bundle.mjs'), folder]);
    return new FaultyServer(folder);
  }

  /** The program to start. */
  get main(): string {
    return join(this.folder, 'dist/main.js');
  }

  /** Its command line. */
  get cli(): string {
    return join(this.folder, 'dist/cli.js');
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
