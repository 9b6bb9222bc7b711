import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { getJson } from '../support/http-client.js';
import { CLI, LinkedProject } from '../support/linked-project.js';
import { type ChildProcess, isAlive, startProcess } from '../support/process.js';
import { ensureServerIsBuilt, findFreePort } from '../support/server-process.js';

const ROOT = join(import.meta.dirname, '../..');
/** A compiler and a start may take this long on a busy machine, in milliseconds. */
const LONGEST_MS = 120_000;

/** Waits until the model at this address is described so. */
const served = (url: string, description: string, within = LONGEST_MS): Promise<unknown> =>
  eventually(async () => (await getJson(url)).text.includes(description), {
    within,
    message: `an application with ${description}`,
  });

describe('the restart of an application under development', () => {
  const SOURCE = 'src/workflows/assistant/assistant.workflow.ts';
  let project: LinkedProject;
  let url: string;
  let dev: ChildProcess;
  /** The process that answers, once it is one that was ready before. */
  let running: number;
  beforeAll(async () => {
    project = await LinkedProject.make();
    const declarations = '"declaration": true, "declarationMap": true, "declarationDir": "./types",';
    await project.edit('tsconfig.json', '"outDir"', `${declarations} "outDir"`);
    const port = await findFreePort();
    url = `http://127.0.0.1:${port}/v1/models/assistant`;
    dev = await project.start([CLI, 'dev'], { env: { PORT: port } });
    await served(url, 'Answers in plain text');
  }, LONGEST_MS);
  afterAll(() => project.remove());

  const findSpare = async (): Promise<number> => {
    let pid: number | undefined;
    await eventually(
      async () => {
        const pids = (await project.findProcesses()).filter((found) => found !== running);
        const calls = await Promise.all(pids.map((each) => readFile(`/proc/${each}/cmdline`, 'utf8').catch(() => '')));
        pid = pids.find((_, index) => calls[index]?.includes('child-wait.js'));
        return pid !== undefined;
      },
      { within: LONGEST_MS, message: 'a process that is ready for the next restart' },
    );
    return pid ?? 0;
  };

  it(
    'runs the change in a process that has loaded everything else before, each time',
    async () => {
      const first = await findSpare();
      await project.edit(SOURCE, 'Answers in plain text', 'Version 2');
      await served(url, 'Version 2');
      await dev.waitForLine(new RegExp(`\\[Nest\\] ${first}\\b`), { within: LONGEST_MS });
      running = first;
      const second = await findSpare();
      await project.edit(SOURCE, 'Version 2', 'Version 3');
      await served(url, 'Version 3');
      await dev.waitForLine(new RegExp(`\\[Nest\\] ${second}\\b`), { within: LONGEST_MS });
      expect(isAlive(first)).toBe(false);
      running = second;
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
    'begins from nothing after a process that was ready has ended',
    async () => {
      const spare = await findSpare();
      process.kill(spare, 'SIGKILL');
      await eventually(() => !isAlive(spare));
      await project.edit(SOURCE, 'Version 3', 'Version 4');
      await served(url, 'Version 4');
    },
    LONGEST_MS,
  );

  it(
    'leaves no process that was ready behind when it is killed',
    async () => {
      await findSpare();
      const pids = await project.findProcesses();
      dev.signal('SIGKILL');
      await eventually(() => !pids.some(isAlive), { message: `the end of ${pids.join(', ')}` });
    },
    LONGEST_MS,
  );
});

describe('npm run dev', () => {
  const SOURCE = 'src/workflows/chat/chat.workflow.ts';
  let copy: string;
  let url: string;
  let dev: ChildProcess;
  let source: string;
  beforeAll(async () => {
    await ensureServerIsBuilt();
    copy = await mkdtemp(join(tmpdir(), 'millrace-dev-'));
    for (const path of ['src', 'scripts', 'dist', 'package.json', 'tsconfig.json', 'tsconfig.build.json']) {
      await cp(join(ROOT, path), join(copy, path), { recursive: true, preserveTimestamps: true });
    }
    await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    source = await readFile(join(copy, SOURCE), 'utf8');
    const port = await findFreePort();
    url = `http://127.0.0.1:${port}/v1/models/chat`;
    const { scripts } = JSON.parse(await readFile(join(copy, 'package.json'), 'utf8')) as {
      readonly scripts: { readonly dev: string };
    };
    const [command, ...args] = scripts.dev.split(' ');
    expect(command).toBe('node');
    dev = await startProcess(args, { cwd: copy, env: { PORT: port, HOST: '127.0.0.1' } });
    // The service is compiled whole at first.
    await served(url, 'A plain conversation', 3 * LONGEST_MS);
  }, 4 * LONGEST_MS);
  afterAll(async () => {
    await dev.stop();
    await rm(copy, { recursive: true, force: true });
  });

  const describeAs = (description: string, mistake = ''): Promise<void> =>
    writeFile(
      join(copy, SOURCE),
      source.replace(/description: '[^']*'/, `description: '${description}'`).concat(mistake),
    );

  it(
    'runs a change at the same port',
    async () => {
      await describeAs('Version 2');
      await served(url, 'Version 2');
      expect(dev.stdout).toMatch(/^\[dev\] Compiled\. Starting again …$/m);
    },
    LONGEST_MS,
  );

  it(
    'shows a type error, while the last good build answers, and goes on when it is mended',
    async () => {
      await describeAs('Version 3', "\nexport const wrong: number = 'text';\n");
      await dev.waitForLine(/chat\.workflow\.ts\(\d+,\d+\): error TS2322: /, { within: LONGEST_MS });
      await dev.waitForLine(/^\[dev\] 1 error\. The last good build keeps running\.$/, { within: LONGEST_MS });
      await served(url, 'Version 2');
      await describeAs('Version 4');
      await served(url, 'Version 4');
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
