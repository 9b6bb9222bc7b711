import { cp, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { type Finished } from '../support/linked-project.js';
import { startProcess } from '../support/process.js';
import { ensureServerIsBuilt } from '../support/server-process.js';
import { ROOT, CLI } from '../support/places.js';

async function finish(cwd: string, ...args: readonly string[]): Promise<Finished> {
  const child = await startProcess(args, { cwd });
  const { code } = await child.exit;
  return { code, stdout: child.stdout, stderr: child.stderr };
}

describe('the command line outside of projects', () => {
  beforeAll(ensureServerIsBuilt, 120_000);

  it('says that it shows the examples where there is no project', async () => {
    expect(await finish(tmpdir(), CLI, 'list')).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^chat /),
      stderr: 'There is no project here, so this is about the examples of Millrace.\n',
    });
  });

  it('says where to go from an image, which has neither templates nor sources', async () => {
    const image = await mkdtemp(join(tmpdir(), 'millrace-image-'));
    try {
      await cp(join(ROOT, 'dist'), join(image, 'dist'), { recursive: true });
      await cp(join(ROOT, 'package.json'), join(image, 'package.json'));
      await symlink(join(ROOT, 'node_modules'), join(image, 'node_modules'));
      const inImage = (...args: readonly string[]) => finish(image, 'dist/cli.js', ...args);
      const initialized = await inImage('init', 'my-app');
      expect([initialized.code, initialized.stdout]).toEqual([1, '']);
      expect(initialized.stderr).toMatch(
        /^The templates of applications are not here: images .* npx millrace init my-app\n$/,
      );
      expect(await readdir(image)).not.toContain('my-app');
      for (const command of [['new', 'my-flow'], ['dev'], ['build']]) {
        const { code, stderr } = await inImage(...command);
        expect([code, stderr]).toEqual([1, expect.stringMatching(/^There are no sources here to compile: .*checkout/)]);
      }
      // The published package has neither the service nor its examples.
      await rm(join(image, 'dist/app/app.module.js'));
      expect(await finish(tmpdir(), join(image, 'dist/cli.js'), 'list')).toEqual({
        code: 1,
        stdout: '',
        stderr: 'There is no project here. Change to the folder of yours, or make one: npx millrace init my-app\n',
      });
    } finally {
      await rm(image, { recursive: true, force: true });
    }
  });
});
