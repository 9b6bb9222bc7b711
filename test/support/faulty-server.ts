import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureServerIsBuilt } from './server-process.js';

const ROOT = join(import.meta.dirname, '../..');

/** A copy of the compiled server, as it would be with workflows of somebody who makes mistakes. */
export class FaultyServer {
  private constructor(private readonly folder: string) {}

  /** Its workflows are `chat` and `faulty`, of `test/fixtures/faulty-workflows.mjs`. */
  static async build(): Promise<FaultyServer> {
    await ensureServerIsBuilt();
    const folder = await mkdtemp(join(tmpdir(), 'millrace-faulty-'));
    await cp(join(ROOT, 'dist'), join(folder, 'dist'), { recursive: true });
    await cp(join(ROOT, 'package.json'), join(folder, 'package.json'));
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    await cp(join(ROOT, 'test/fixtures/faulty-workflows.mjs'), join(folder, 'dist/workflows/workflows.module.js'));
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
