import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../testing/eventually.js';
import { watchAssets } from './asset-watch.js';
import { updateBuild } from './build-folder.js';

describe('the watch of files that the compiler does not handle', () => {
  let root: string;
  let stop: (() => void) | undefined;
  let lastUpdate: Promise<unknown>;
  const faults: string[] = [];
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'millrace-assets-'));
    mkdirSync(join(root, 'src/prompts'), { recursive: true });
    writeFileSync(join(root, 'src/prompts/answer.md'), 'Version 0');
    faults.length = 0;
  });
  afterEach(async () => {
    stop?.();
    await lastUpdate.catch(() => undefined);
    await rm(root, { recursive: true, force: true });
  });

  const source = (path: string): string => join(root, 'src', path);
  /** Makes the build, and keeps it up to date. */
  const watch = async (): Promise<void> => {
    const update = async (): Promise<void> => {
      lastUpdate = updateBuild(join(root, 'src'), join(root, 'dist'), { isCompiled: false });
      await lastUpdate;
    };
    await update();
    stop = watchAssets(join(root, 'src'), {
      onChange: update,
      onFault: ({ message }) => faults.push(message),
    });
  };
  const waitForBuilt = (path: string, text: string | undefined): Promise<unknown> =>
    eventually(async () => (await readFile(join(root, 'dist', path), 'utf8').catch(() => undefined)) === text, {
      message: `${path} with ${text}`,
    });

  it('sees each change of a file that an editor replaces to save it, and its end', async () => {
    await watch();
    for (const version of ['The first', 'The second', 'The third time']) {
      writeFileSync(source('prompts/answer.md~'), version);
      renameSync(source('prompts/answer.md~'), source('prompts/answer.md'));
      await waitForBuilt('prompts/answer.md', version);
    }
    rmSync(source('prompts/answer.md'));
    await waitForBuilt('prompts/answer.md', undefined);
    writeFileSync(source('prompts/answer.md'), 'Version 4');
    await waitForBuilt('prompts/answer.md', 'Version 4');
    expect(faults).toEqual([]);
  });

  it('sees that an older file of the same size has come in its place', async () => {
    await watch();
    writeFileSync(source('prompts/older.md~'), 'Version 1');
    utimesSync(source('prompts/older.md~'), 1, 1);
    renameSync(source('prompts/older.md~'), source('prompts/answer.md'));
    await waitForBuilt('prompts/answer.md', 'Version 1');
  });

  it('sees what is in folders that are made, moved, removed and made again', async () => {
    await watch();
    for (const version of ['Version 1', 'Version 2']) {
      mkdirSync(source('late/prompts'), { recursive: true });
      writeFileSync(source('late/prompts/late.md'), version);
      await waitForBuilt('late/prompts/late.md', version);
      writeFileSync(source('late/prompts/late.md'), `${version}, changed`);
      await waitForBuilt('late/prompts/late.md', `${version}, changed`);
      renameSync(source('late'), source('later'));
      await waitForBuilt('later/prompts/late.md', `${version}, changed`);
      await waitForBuilt('late/prompts/late.md', undefined);
      rmSync(source('later'), { recursive: true });
      await waitForBuilt('later/prompts/late.md', undefined);
    }
    await eventually(async () => !(await readdir(join(root, 'dist'))).includes('later'));
    expect(faults).toEqual([]);
  });

  it('does not take a folder that is removed meanwhile for a fault', async () => {
    await watch();
    const folders = Array.from({ length: 20 }, (_, index) => source(`late/${index}/prompts`));
    for (let round = 0; round < 5; round++) {
      for (const folder of folders) {
        mkdirSync(folder, { recursive: true });
        writeFileSync(join(folder, 'late.md'), 'Removed.');
      }
      // One by one, so that updates come between.
      for (const folder of folders) await rm(join(folder, '..'), { recursive: true });
    }
    writeFileSync(source('prompts/answer.md'), 'The last');
    await waitForBuilt('prompts/answer.md', 'The last');
    await eventually(async () => (await readdir(join(root, 'dist'))).every((name) => name !== 'late'));
    expect(faults).toEqual([]);
  });
});
