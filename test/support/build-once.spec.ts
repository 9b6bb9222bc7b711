import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildOnce } from './build-once.js';

describe('buildOnce', () => {
  let root: string;
  let builds: number;
  const output = (): string => join(root, 'dist.js');
  const stamp = (): string => join(root, 'cache/stamp');
  const run = (): Promise<void> =>
    buildOnce({
      sources: [join(root, 'src')],
      output: output(),
      stamp: stamp(),
      build: async () => {
        builds++;
        await writeFile(output(), '');
      },
    });

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'build-once-'));
    builds = 0;
    await mkdir(join(root, 'src/deep'), { recursive: true });
    await writeFile(join(root, 'src/deep/a.ts'), 'a');
  });
  afterEach(() => rm(root, { recursive: true }));

  it('builds once, also when several ask at the same time', async () => {
    await Promise.all([run(), run(), run()]);
    await run();
    expect(builds).toBe(1);
  });

  it('builds again when a source was changed, added or removed, or the output is gone', async () => {
    await run();
    await writeFile(join(root, 'src/deep/a.ts'), 'changed');
    await run();
    expect(builds).toBe(2);
    await writeFile(join(root, 'src/b.ts'), '');
    await run();
    expect(builds).toBe(3);
    await rm(join(root, 'src/b.ts'));
    await run();
    expect(builds).toBe(4);
    await rm(output());
    await run();
    expect(builds).toBe(5);
  });

  it('tries again after a build that failed, and leaves no lock', async () => {
    const failing = buildOnce({
      sources: [join(root, 'src')],
      output: output(),
      stamp: stamp(),
      build: () => Promise.reject(new Error('does not compile')),
    });
    await expect(failing).rejects.toThrow('does not compile');
    expect(existsSync(`${stamp()}.lock`)).toBe(false);
    await run();
    expect(builds).toBe(1);
  });

  it('takes over the lock of a process that died', async () => {
    await mkdir(join(root, 'cache'));
    // Above the largest process id that Linux hands out.
    await writeFile(`${stamp()}.lock`, '4194305');
    await run();
    expect(builds).toBe(1);
  });
});
