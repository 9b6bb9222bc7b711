import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LONGEST_RESTART_MS, waitUntilServed } from '../support/dev-application.js';
import { eventually, within } from '../support/eventually.js';
import { getJson } from '../support/http-client.js';
import { LinkedProject } from '../support/linked-project.js';
import { type ChildProcess, isAlive, startProcess } from '../support/process.js';
import { copyProject } from '../support/project-copy.js';
import { ensureServerIsBuilt, findFreePort } from '../support/server-process.js';
import { CLI } from '../support/places.js';

const LONGEST_MS = LONGEST_RESTART_MS;

describe('the restart of an application under development', () => {
  const SOURCE = 'src/workflows/assistant/assistant.workflow.ts';
  const PROMPT = 'src/workflows/assistant/prompts/answer.md';
  let project: LinkedProject;
  let url: string;
  let dev: ChildProcess;
  beforeAll(async () => {
    // Other tests of `millrace dev` use the compiler with which new applications begin.
    project = await LinkedProject.make('my-app', 'typescript-7');
    await project.edit(SOURCE, 'type Flow,', 'type Flow, promptFile,');
    const instructions = "instructions: promptFile('./prompts/answer.md', import.meta.url) });";
    await project.write(SOURCE, (await project.read(SOURCE)).replace(/instructions: .*;$/m, instructions));
    await project.write(PROMPT, 'Answer.\n');
    await project.write('src/workflows/late/late.test.ts', 'export const removed: number = 1;\n');
    await project.write('src/workflows/late/prompts/late.md', 'Removed.\n');
    const declarations = '"declaration": true, "declarationMap": true, "declarationDir": "./types",';
    await project.edit('tsconfig.json', '"outDir"', `${declarations} "outDir"`);
    const port = await findFreePort();
    url = `http://127.0.0.1:${port}/v1/models/assistant`;
    dev = await project.start([CLI, 'dev'], { env: { PORT: port } });
    await waitFor('Answers in plain text');
  }, LONGEST_MS);
  afterAll(() => project.remove());

  const waitFor = (text: string): Promise<void> => waitUntilServed(dev, url, text);
  const at = (path: string): string => join(project.root, path);
  /** The process that serves requests: the one that started last. */
  const findRunning = (): number => Number([...dev.stdout.matchAll(/^\[Nest\] (\d+)\b/gm)].at(-1)?.[1]);
  const findSpare = async (): Promise<number> => {
    let pid: number | undefined;
    const ended = dev.exit.then(({ code, signal }) => {
      throw new Error(`millrace dev has ended (${code ?? signal}):\n${dev.stdout}${dev.stderr}`);
    });
    const found = eventually(
      async () => {
        const pids = (await project.findProcesses()).filter((found) => found !== findRunning());
        const calls = await Promise.all(pids.map((each) => readFile(`/proc/${each}/cmdline`, 'utf8').catch(() => '')));
        pid = pids.find((_, index) => calls[index]?.includes('child-wait.js'));
        return pid !== undefined;
      },
      { within: LONGEST_MS / 2, message: 'a process that is ready for the next restart' },
    );
    await Promise.race([found, ended]);
    return pid ?? 0;
  };

  it(
    'runs the change in a process that has loaded everything else before, each time',
    async () => {
      const first = await findSpare();
      await project.edit(SOURCE, 'Answers in plain text', 'Version 2');
      await waitFor('Version 2');
      await dev.waitForLine(new RegExp(`\\[Nest\\] ${first}\\b`), { within: LONGEST_MS });
      const second = await findSpare();
      await project.edit(SOURCE, 'Version 2', 'Version 3');
      await waitFor('Version 3');
      await dev.waitForLine(new RegExp(`\\[Nest\\] ${second}\\b`), { within: LONGEST_MS });
      expect(isAlive(first)).toBe(false);
    },
    2 * LONGEST_MS,
  );

  it('leaves declaration files out, for which the compiler would look through the whole program each time', async () => {
    expect(await readdir(project.root)).not.toContain('types');
    expect(await readdir(join(project.root, dirname(SOURCE).replace('src', 'dist')))).toContain(
      'assistant.workflow.js',
    );
  });

  it(
    'starts from scratch after a process that was ready has ended',
    async () => {
      const spare = await findSpare();
      process.kill(spare, 'SIGKILL');
      await eventually(() => !isAlive(spare));
      await project.edit(SOURCE, 'Version 3', 'Version 4');
      await waitFor('Version 4');
    },
    LONGEST_MS,
  );

  it(
    'leaves nothing of removed sources in the build, which are no error of the compiler',
    async () => {
      const shown = [dev.stdout.length, dev.stderr.length];
      await rm(at('src/workflows/late/late.test.ts'), { force: true });
      await eventually(() => !existsSync(at('dist/workflows/late/late.test.js')), { within: LONGEST_MS });
      await rm(at('src/workflows/late'), { recursive: true, force: true });
      await eventually(() => !existsSync(at('dist/workflows/late')), { within: LONGEST_MS });
      await waitFor('Version 4');
      // The compiler may have read a source of an earlier test while it was being written.
      expect(dev.stdout.slice(shown[0]) + dev.stderr.slice(shown[1])).not.toMatch(/TS6053|\d errors?\./);
    },
    2 * LONGEST_MS,
  );

  it(
    'comes when the prompt file that the last start missed is back',
    async () => {
      await rm(at(PROMPT));
      await project.edit(SOURCE, 'Version 4', 'Version 5');
      await dev.waitForLine(/^\[dev\] The application has ended \(1\)\. It starts again when a file changes\.$/, {
        within: LONGEST_MS,
      });
      await project.write(PROMPT, 'Answer again.\n');
      await dev.waitForLine(/^\[dev\] A file has changed\. Starting again …$/, { within: LONGEST_MS });
      await waitFor('Version 5');
    },
    2 * LONGEST_MS,
  );

  it(
    'comes once for each change of .env, however many events the saving of it makes',
    async () => {
      const changes = /^\[dev\] \.env has changed\. Starting again …$/gm;
      // Each write causes two events: the file becomes empty, and then gets its text.
      writeFileSync(at('.env'), 'FAVOURITE_COLOUR=blue\n');
      await dev.waitForLine(new RegExp(changes.source), { within: LONGEST_MS });
      writeFileSync(at('.env'), 'FAVOURITE_COLOUR=blue\n');
      await waitFor('Version 5');
      await project.edit(SOURCE, 'Version 5', 'Version 6');
      await waitFor('Version 6');
      expect(dev.stdout.match(changes)).toHaveLength(1);
    },
    2 * LONGEST_MS,
  );

  it(
    'comes for a workflow that is made meanwhile; no temporary file of it gets into the build',
    async () => {
      expect(await project.cli('new', 'second')).toMatchObject({ code: 0 });
      await waitUntilServed(dev, url.replace('assistant', 'second'), '"id":"second"');
      expect((await readdir(at('dist'), { recursive: true })).filter((path) => /\.ts\.\w+$/.test(path))).toEqual([]);
      expect(dev.stdout).not.toContain('cannot be brought up to date');
    },
    LONGEST_MS,
  );

  it(
    'leaves no prepared process behind when it is killed',
    async () => {
      await findSpare();
      const pids = await project.findProcesses();
      dev.signal('SIGKILL');
      await eventually(() => !pids.some(isAlive), { message: `the end of ${pids.join(', ')}` });
    },
    LONGEST_MS,
  );
});

describe('a process that millrace dev starts', () => {
  it('ends although millrace dev was gone before it could be told', async () => {
    await ensureServerIsBuilt();
    const guard = pathToFileURL(join(dirname(CLI), 'cli/dev/child-guard.js')).href;
    const child = spawn(process.execPath, ['--import', guard, '--eval', 'setInterval(() => {}, 1_000)'], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    child.disconnect();
    try {
      await within(once(child, 'exit'), { within: LONGEST_MS / 2, message: 'its end' });
    } finally {
      child.kill('SIGKILL');
    }
    expect(child.signalCode).toBe('SIGTERM');
  });
});

describe('npm run dev', () => {
  const SOURCE = 'src/workflows/chat/chat.workflow.ts';
  let copy: string;
  let url: string;
  let dev: ChildProcess;
  let source: string;
  /** When the build from which it continues was written, in milliseconds since the Unix epoch. */
  let built: number;
  beforeAll(async () => {
    await ensureServerIsBuilt();
    copy = await mkdtemp(join(tmpdir(), 'millrace-dev-'));
    await copyProject(copy, ['src', 'scripts', 'dist', 'package.json', 'tsconfig.json', 'tsconfig.build.json']);
    built = await readBuiltAt();
    source = await readFile(join(copy, SOURCE), 'utf8');
    const port = await findFreePort();
    url = `http://127.0.0.1:${port}/v1/models/chat`;
    const { scripts } = JSON.parse(await readFile(join(copy, 'package.json'), 'utf8')) as {
      readonly scripts: { readonly dev: string };
    };
    const [command, ...args] = scripts.dev.split(' ');
    expect(command).toBe('node');
    dev = await startProcess(args, { cwd: copy, env: { PORT: port, HOST: '127.0.0.1' } });
    await waitFor('A plain conversation');
  }, 2 * LONGEST_MS);
  afterAll(async () => {
    await dev.stop();
    await rm(copy, { recursive: true, force: true });
  });

  const waitFor = (text: string): Promise<void> => waitUntilServed(dev, url, text);
  const readBuiltAt = async (): Promise<number> => (await stat(join(copy, 'dist/main.js'))).mtimeMs;

  it('continues from the last build: what has not changed since is not compiled again', async () => {
    expect(await readBuiltAt()).toBe(built);
  });

  it(
    'runs a change at the same port',
    async () => {
      await writeFile(join(copy, SOURCE), source.replace(/description: '[^']*'/, "description: 'Version 2'"));
      await waitFor('Version 2');
      expect(dev.stdout).toMatch(/^\[dev\] Compiled\. Starting again …$/m);
    },
    LONGEST_MS,
  );

  it(
    'ends with Ctrl-C',
    async () => {
      dev.signal('SIGINT');
      expect(await dev.exit).toEqual({ code: 0, signal: null });
      await expect(getJson(url)).rejects.toThrow('ECONNREFUSED');
    },
    LONGEST_MS,
  );
});
