import { existsSync } from 'node:fs';
import { readdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { getJson } from '../support/http-client.js';
import { CLI, LinkedProject } from '../support/linked-project.js';
import type { ChildProcess } from '../support/process.js';
import { findFreePort } from '../support/server-process.js';

/** A compiler and a start may take this long on a busy machine, in milliseconds. */
const LONGEST_MS = 60_000;
const WORKFLOW = 'src/workflows/assistant/assistant.workflow.ts';
const PROMPT = 'src/workflows/assistant/prompts/answer.md';

describe('sources that are removed from an application', () => {
  let project: LinkedProject;
  beforeAll(async () => {
    project = await LinkedProject.make();
    await project.edit(WORKFLOW, 'type Flow,', 'type Flow, promptFile,');
    const instructions = "instructions: promptFile('./prompts/answer.md', import.meta.url) });";
    await project.write(WORKFLOW, (await project.read(WORKFLOW)).replace(/instructions: .*;$/m, instructions));
    await project.write(PROMPT, 'Answer.\n');
  }, LONGEST_MS);
  afterAll(() => project.remove());
  const at = (path: string): string => join(project.root, path);
  const add = async (name: string): Promise<void> => {
    await project.write(`src/workflows/${name}/${name}.test.ts`, 'export const removed: number = 1;\n');
    await project.write(`src/workflows/${name}/prompts/${name}.md`, 'Removed.\n');
  };
  const build = async (): Promise<void> =>
    expect(await project.cli('build')).toEqual({ code: 0, stdout: '', stderr: '' });

  it(
    'leave nothing in the next build, which removes nothing else',
    async () => {
      await add('old');
      await add('renamed');
      await project.write('elsewhere/linked/kept.md', 'Not of the build.\n');
      await project.write('src/linked/kept.md', 'Not of the build.\n');
      await project.write('dist/linked.js', 'Not of the build.\n');
      await symlink(at('elsewhere/linked'), at('dist/linked'));
      await build();
      expect(await readdir(at('dist/workflows/old'))).toEqual(['old.test.js', 'old.test.js.map', 'prompts']);
      await project.write('dist/workflows/renamed/notes.txt', 'Not of the build.\n');

      for (const path of ['src/workflows/old', 'src/linked']) await rm(at(path), { recursive: true });
      await rename(at('src/workflows/renamed'), at('src/workflows/new'));
      await build();
      expect(existsSync(at('dist/workflows/old'))).toBe(false);
      expect(await readdir(at('dist/workflows/renamed'))).toEqual(['notes.txt']);
      expect(existsSync(at('dist/workflows/new/renamed.test.js'))).toBe(true);
      expect([existsSync(at('elsewhere/linked/kept.md')), existsSync(at('dist/linked.js'))]).toEqual([true, true]);
      expect(existsSync(at('dist/.tsbuildinfo'))).toBe(true);

      await add('old');
      await build();
      expect(existsSync(at('dist/workflows/old/old.test.js'))).toBe(true);
    },
    4 * LONGEST_MS,
  );

  describe('under millrace dev', () => {
    let dev: ChildProcess;
    let url: string;
    beforeAll(async () => {
      await add('late');
      const port = await findFreePort();
      url = `http://127.0.0.1:${port}/v1/models/assistant`;
      dev = await project.start([CLI, 'dev'], { env: { PORT: port } });
      await served();
    }, LONGEST_MS);
    const served = (): Promise<unknown> =>
      eventually(async () => (await getJson(url)).status === 200, { within: LONGEST_MS, message: 'an answer' });

    it(
      'leave nothing in the build, and are no error of the compiler',
      async () => {
        await rm(at('src/workflows/late/late.test.ts'));
        await eventually(() => !existsSync(at('dist/workflows/late/late.test.js')), { within: LONGEST_MS });
        await rm(at('src/workflows/late'), { recursive: true });
        await eventually(() => !existsSync(at('dist/workflows/late')), { within: LONGEST_MS });
        expect(dev.stdout + dev.stderr).not.toMatch(/TS6053|\d errors?\./);
        await served();
      },
      2 * LONGEST_MS,
    );

    it(
      'let the application start again once the prompt file that its start misses is back',
      async () => {
        await rm(at(PROMPT));
        await project.edit(WORKFLOW, 'Answers in plain text', 'Version 2');
        await dev.waitForLine(/^\[dev\] The application has ended \(1\)\. It starts again when a file changes\.$/, {
          within: LONGEST_MS,
        });
        await project.write(PROMPT, 'Answer again.\n');
        await dev.waitForLine(/^\[dev\] A file has changed\. Starting again …$/, { within: LONGEST_MS });
        await served();
      },
      2 * LONGEST_MS,
    );
  });
});
