import { mkdir, mkdtemp, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readKeyEntries } from '../../src/access/keys/read-key-entries.js';
import { loadConfig } from '../../src/app/load-config.js';
import { COMMANDS } from '../../src/cli/commands.js';
import { sha256 } from '../../src/kernel/index.js';
import { eventually } from '../support/checks.js';
import { runCliHere } from '../support/cli-here.js';
import type { Finished } from '../support/linked-project.js';
import { type ChildProcess, startProcess } from '../support/process.js';
import { copyProject } from '../support/project-copy.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';
import { ensureServerIsBuilt } from '../support/server-process.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { delay, gate, httpError } from '../support/upstream/steps.js';
import { assertWellFormed } from '../support/well-formed.js';
import { DIST, CLI } from '../support/places.js';

async function waitForEnd(child: ChildProcess): Promise<Finished> {
  const { code } = await child.exit;
  return { code, stdout: child.stdout, stderr: child.stderr };
}

describe('the command line', () => {
  let upstream: ScriptedUpstream;
  const children: ChildProcess[] = [];
  beforeAll(ensureServerIsBuilt, 120_000);
  beforeEach(async () => {
    upstream = await ScriptedUpstream.start();
  });
  afterEach(async () => {
    await Promise.all(children.splice(0).map((child) => child.stop()));
    await upstream.close();
  });

  /** Starts the command in `dist`, which has no `.env`. */
  const start = async (args: readonly string[], env: Record<string, string> = {}): Promise<ChildProcess> => {
    const child = await startProcess([CLI, ...args], { cwd: DIST, env: { DEMO_TOKENS_PER_SECOND: '0', ...env } });
    children.push(child);
    return child;
  };
  const cli = async (...args: string[]): Promise<Finished> => waitForEnd(await start(args));
  const withUpstream = (): Record<string, string> => ({
    OPENAI_BASE_URL: upstream.url,
    OPENAI_API_KEY: 'sk-test',
    UPSTREAM_MAX_RETRIES: '0',
  });

  it('lists every workflow and alias', async () => {
    const { code, stdout, stderr } = await cli('list');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^chat +A plain conversation/m);
    expect(stdout).toMatch(/^default +\u003D streaming$/m);
  });

  it('shows graphs as Mermaid, SVG and JSON', async () => {
    const [mermaid, svg, json] = await Promise.all([
      cli('graph', 'streaming'),
      cli('graph', 'default', '--format', 'svg'),
      cli('graph', 'streaming', '--format=json'),
    ]);
    expect([mermaid.code, svg.code, json.code]).toEqual([0, 0, 0]);
    expect(mermaid.stdout).toMatch(/^flowchart TD\n[^]*TextStreamingNode/);
    assertWellFormed(svg.stdout);
    expect(JSON.parse(json.stdout)).toMatchObject({ workflow: 'streaming', start: ['TextStreamingNode'] });
  });

  it('runs a workflow on the demo: content to stdout, its steps and what it cost to stderr', async () => {
    const { code, stdout, stderr } = await cli('run', 'streaming', 'Hello');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Hello[^]*\n\n\{"thinking":[^]*\}\n$/);
    expect(stderr).toMatch(/^── TextStreamingNode\n── StructuredStreamingNode\nstop, \d+ \+ \d+ tokens\n$/);
  });

  it('runs to the end with the settings that a new user has: the demo at its own pace', async () => {
    const child = await startProcess([CLI, 'run', 'chat', 'Hello, how are you?'], { cwd: DIST });
    children.push(child);
    const { code, stdout, stderr } = await waitForEnd(child);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^Hello[^]{20,}\n$/)]);
    expect(stderr).toMatch(/^── answer\nstop, \d+ \+ \d+ tokens\n$/);
  });

  it('waits before it asks a busy model again', async () => {
    upstream.next(httpError(503, 'busy')).next(scriptStream('Here I am.'));
    const env = { OPENAI_BASE_URL: upstream.url, OPENAI_API_KEY: 'sk-test' };
    const child = await startProcess([CLI, 'run', 'chat', 'Hello'], { cwd: DIST, env });
    children.push(child);
    expect(await waitForEnd(child)).toMatchObject({ code: 0, stdout: 'Here I am.\n' });
    expect(upstream.requests).toHaveLength(2);
  });

  it('keeps reasoning apart', async () => {
    const { code, stdout, stderr } = await cli('run', 'reasoning', 'Hello');
    expect([code, stdout.includes('I have a rule')]).toEqual([0, false]);
    expect(stderr).toMatch(/^── consider\n.*I have a rule/);
  });

  it('answers what a workflow waits for, or says what it waits for and how to answer', async () => {
    const answers = '{"approve": {"approved": true}}';
    const [answered, waiting] = await Promise.all([
      cli('run', 'approval', 'We open', '--answers', answers),
      cli('run', 'approval', 'We open'),
    ]);
    expect(answered).toMatchObject({ code: 0, stderr: expect.stringContaining('── close') });
    expect(waiting.code).toBe(1);
    expect(waiting.stderr).toContain('waits for approve: {"draft":');
    expect(waiting.stderr).toContain(`--answers '{"approve": {…}}'`);
  });

  it('reads the message from stdin', async () => {
    upstream.next(scriptStream('Read.'));
    const child = await startProcess(['-c', `printf 'From\\na pipe\\n' | "${process.execPath}" "${CLI}" run chat -`], {
      command: 'sh',
      cwd: DIST,
      env: withUpstream(),
    });
    children.push(child);
    expect(await waitForEnd(child)).toMatchObject({ code: 0, stdout: 'Read.\n' });
    expect(upstream.requests[0]?.body.messages).toEqual([{ role: 'user', content: 'From\na pipe' }]);
  });

  it('shows text while the model still writes, and ends the call on Ctrl-C', async () => {
    upstream.next(scriptStream(['Still\n', gate()]));
    const child = await start(['run', 'chat', 'Hello'], withUpstream());
    await child.waitForLine(/^Still$/, { within: 20_000 });
    child.signal('SIGINT');
    expect(await child.exit).toEqual({ code: 130, signal: null });
    await eventually(() => upstream.open === 0, { message: 'the call of the model to end' });
    expect(child.stderr).not.toContain('Error');
  });

  it('ends when nobody reads its output any more', async () => {
    const hold = gate();
    const more = Array.from({ length: 50 }, () => ['more\n', delay(20)]).flat();
    upstream.next(scriptStream(['one\n', hold, ...more, gate()]));
    const child = await start(['run', 'chat', 'Hi'], withUpstream());
    await child.waitForLine(/^one$/, { within: 20_000 });
    child.closeStdout();
    hold.open();
    expect(await child.exit).toEqual({ code: 130, signal: null });
    await eventually(() => upstream.open === 0, { message: 'the call of the model to end' });
  });

  it('writes what went wrong to stderr, with exit code 1', async () => {
    upstream.next(httpError(500, 'down'));
    const failed = await waitForEnd(await start(['run', 'chat', 'Hello'], withUpstream()));
    expect([failed.code, failed.stdout]).toEqual([1, '']);
    expect(failed.stderr).toMatch(/^Error: .*upstream_error|^Error: .*500/);

    const unknown = await cli('run', 'nothing', 'Hello');
    expect(unknown).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^There is no workflow "nothing"\. There are: chat, streaming, default, .* needs another one: npm run build\.\n$/,
      ),
    });
    const wrong = await waitForEnd(await start(['list'], { PORT: 'eighty' }));
    expect([wrong.code, wrong.stdout]).toEqual([1, '']);
    expect(wrong.stderr).toContain('- PORT ');
  });

  it('ends with exit code 2 and the usage when it is misused', async () => {
    const { code, stdout, stderr } = await cli('list', '--all');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(
      /^There is no option --all\. Did you mean --app or --url\? Put -- before [^\n]*\n\nUsage: millrace\n {2}list /,
    );
  });

  it.each([
    [[], 'Say what to do.'],
    [['dance'], 'There is no command "dance".'],
    [['run', 'chat'], '"run" needs <message>.'],
    [['run', 'chat', 'two', 'words'], '"run" takes no "words".'],
    [['list', '--format', 'svg'], '"list" takes no --format.'],
    [['graph', 'chat', '--format', 'png'], 'The format "png" is none of mermaid, svg, json.'],
    [['list', 'all'], '"list" takes no "all".\n'],
    [['models', '--format', 'svg'], 'The format "svg" is none of text, json.'],
    [['key', 'create', 'two words'], '"two words" cannot be the name of a key.'],
    [['key', 'create'], '"key create" needs <name>.'],
    [['key', 'hash', 'sk-secret'], '"key hash" takes no "sk-secret".'],
    [['key'], 'There is no command "key". Did you mean "key create" or "key hash"?'],
    [['lst'], 'There is no command "lst". Did you mean "list"?'],
    [['keys', 'create', 'ci'], 'There is no command "keys". Did you mean "key create"?'],
    [['runs', 'lits'], 'There is no command "runs". Did you mean "runs list"?'],
    [['runs', 'show'], '"runs show" needs <run>.'],
    [['runs', 'list', '--follow'], '"runs list" takes no --follow.'],
    [['new', 'my-flow', '--kind', 'odd'], 'The kind "odd" is none of chat, structured, tools, route, parallel.'],
    [['new', '../up'], '"../up" cannot be the name of a new workflow.'],
  ])('refuses %j with exit code 2 and the usage of that command alone', async (args, message) => {
    const { code, stdout, stderr } = await runCliHere(DIST, ...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.startsWith(message)).toBe(true);
    const [name = ''] = [args.slice(0, 2).join(' '), ...args].filter((word) => COMMANDS.has(word));
    expect(stderr).toContain(
      name === '' ? 'Usage: millrace <command>, which is one of: ' : `Usage: millrace\n  ${name} `,
    );
    expect(stderr.trimEnd().split('\n').length).toBeLessThan(10);
  });

  it('makes a key, which a server with its entry takes', async () => {
    const { code, stdout, stderr } = await cli('key', 'create', 'ci');
    expect([code, stderr]).toEqual([0, '']);
    const [key = ''] = stdout.split('\n', 1);
    expect(key).toMatch(/^sk-mr-[\w-]{43}$/);
    expect(stdout.split(key)).toHaveLength(2);
    const [entry = ''] = /^- name: "ci"\n {2}hash: sha256:[0-9a-f]{64}$/m.exec(stdout) ?? [];
    expect(await readKeyEntries(entry)).toEqual([{ name: 'ci', hash: `sha256:${sha256(key)}` }]);
    const [setting = ''] = /^ci=sha256:\S+$/m.exec(stdout) ?? [];
    expect(loadConfig({ API_KEYS: setting }).access.keys).toEqual([{ name: 'ci', hash: sha256(key) }]);
    expect((await runCliHere(DIST, 'key', 'create', 'ci')).stdout).not.toContain(key);
  });

  it('hashes a key from stdin', async () => {
    const child = await startProcess(['-c', `echo test | "${process.execPath}" "${CLI}" key hash`], {
      command: 'sh',
      cwd: DIST,
    });
    children.push(child);
    expect(await waitForEnd(child)).toEqual({ code: 0, stdout: `sha256:${sha256('test')}\n`, stderr: '' });
    const empty = await startProcess(['-c', `"${process.execPath}" "${CLI}" key hash < /dev/null`], {
      command: 'sh',
      cwd: DIST,
    });
    children.push(empty);
    expect(await waitForEnd(empty)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^No key was given on standard input\. Pipe it in: printf/),
    });
  });

  it('prints its usage', async () => {
    expect(await cli('--help')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Usage:/), stderr: '' });
  });
});

describe('a new workflow', () => {
  let copy: string;
  beforeAll(async () => {
    await ensureServerIsBuilt();
    copy = await mkdtemp(join(tmpdir(), 'millrace-new-'));
    const settings = ['package.json', '.prettierrc.json', '.oxlintrc.json', 'tsconfig.json', 'tsconfig.build.json'];
    await copyProject(copy, ['src', 'scripts', 'dist', ...settings]);
  }, 120_000);
  afterAll(() => rm(copy, { recursive: true, force: true }), 120_000);

  const node = async (...args: string[]): Promise<Finished> => {
    const child = await startProcess(args, { cwd: copy, env: { DEMO_TOKENS_PER_SECOND: '0', HOME: copy } });
    try {
      return await waitForEnd(child);
    } finally {
      await child.stop();
    }
  };
  const tool = (path: string): string => join(copy, 'node_modules', path);
  const readModule = (): Promise<string> => readFile(join(copy, 'src/workflows/workflows.module.ts'), 'utf8');

  it('compiles, is formatted and free of lint, passes its test, and runs', async () => {
    expect(await node(CLI, 'new', 'my-flow')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('npm run workflow -- run my-flow "Hello"'),
      stderr: '',
    });

    // Compiles the workflow with its spec, which a build leaves out. Both use the rest of Millrace in compiled form, as applications do.
    const compilerOptions = {
      incremental: false,
      tsBuildInfoFile: null,
      paths: { millrace: ['./dist/index.d.ts'], 'millrace/testing': ['./dist/testing.d.ts'] },
    };
    const files = ['src/workflows/workflows.module.ts', 'src/workflows/my-flow/my-flow.workflow.spec.ts'];
    const project = { extends: './tsconfig.build.json', compilerOptions, files, include: [] };
    await writeFile(join(copy, 'tsconfig.new.json'), JSON.stringify(project));
    expect(await node(tool('typescript-7/bin/tsc'), '-p', 'tsconfig.new.json')).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
    for (const command of [
      [join(copy, 'scripts/copy-assets.mjs')],
      [tool('prettier/bin/prettier.cjs'), '--check', 'src/workflows'],
      [tool('oxlint/bin/oxlint'), 'src/workflows/my-flow'],
    ] as const)
      expect(await node(...command)).toMatchObject({ code: 0 });

    // This runs the compiled spec, because Jest would compile all of Millrace again.
    const config = JSON.stringify({ transform: {}, testMatch: ['**/*.spec.js'] });
    const jest = ['--experimental-vm-modules', '--no-warnings', tool('jest/bin/jest.js'), '--config', config];
    const tested = await node(...jest, '--rootDir', join(copy, 'dist/workflows/my-flow'));
    expect(tested).toMatchObject({ code: 0, stderr: expect.stringContaining('✓ answers the user') });

    const result = await node(join(copy, 'dist/cli.js'), 'run', 'my-flow', 'Hello');
    expect(result).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Hello/) });
  }, 180_000);

  describe('whose name is taken', () => {
    const workflows = (): string => join(copy, 'src/workflows');
    const readAll = async (): Promise<string[]> => [
      ...(await readdir(join(copy, 'src'), { recursive: true })).sort(),
      await readModule(),
    ];
    beforeAll(async () => {
      await mkdir(join(workflows(), 'Mixed-Case'));
      await mkdir(join(workflows(), 'two-words'));
      await writeFile(
        join(workflows(), 'two-words/two-words.workflow.ts'),
        `
/** One for two names. */
@Workflow({
  id: "words",
  aliases: ['more-words', { id: \`even-more\`, streamByDefault: true }],
  description: 'free',
  separator: "free",
})
export class TwoWords2Workflow {}
export abstract class FreeEnoughNode2 {}
// class FreeNode is spoken of only.
`,
      );
      await writeFile(join(copy, '.gitignore'), 'node_modules/\ncoverage/\n');
    });

    it.each([
      ['chat', 'src/workflows/chat is there already.'],
      ['default', 'StreamingWorkflow in src/workflows/streaming/streaming.workflow.ts has the name "default"'],
      ['compiled', 'The name CompiledWorkflow is taken: src/workflow/workflow-schema.ts declares it.'],
      ['mixed-case', 'src/workflows/Mixed-Case is there already, and many systems take the two for the same.'],
      ['words', 'TwoWords2Workflow in src/workflows/two-words/two-words.workflow.ts has the name "words"'],
      ['more-words', 'TwoWords2Workflow in src/workflows/two-words/two-words.workflow.ts has the name "more-words"'],
      ['even-more', 'TwoWords2Workflow in src/workflows/two-words/two-words.workflow.ts has the name "even-more"'],
      [
        'two-words-2',
        'The name TwoWords2Workflow is taken: src/workflows/two-words/two-words.workflow.ts declares it.',
      ],
      ['coverage', 'src/workflows/coverage would not get into the repository: .gitignore names it.'],
    ])('is refused before anything is written: %s', async (name, reason) => {
      const before = await readAll();
      const { code, stdout, stderr } = await runCliHere(copy, 'new', name);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr.startsWith(reason)).toBe(true);
      expect(stderr).toMatch(/\nNothing was changed\. Choose another name\.\n$/);
      expect(await readAll()).toEqual(before);
    });

    it('is refused if a package has its name, too', async () => {
      const before = await readModule();
      const module = join(workflows(), 'workflows.module.ts');
      await writeFile(module, `import { type BoughtWorkflow as B } from '@acme/workflows';\n${before}`);
      try {
        const { code, stderr } = await runCliHere(copy, 'new', 'bought');
        expect([code, stderr.split('\n')[0]]).toEqual([
          1,
          'The name BoughtWorkflow is taken: src/workflows/workflows.module.ts imports it from @acme/workflows.',
        ]);
      } finally {
        await writeFile(module, before);
      }
    });

    it('is made if only a part of its name is taken, and can be made again once its folder is gone', async () => {
      const before = await readModule();
      for (let i = 0; i < 2; i++) {
        expect(await runCliHere(copy, 'new', 'free')).toMatchObject({ code: 0, stderr: '' });
        await rm(join(workflows(), 'free'), { recursive: true });
      }
      await writeFile(join(workflows(), 'workflows.module.ts'), before);
    });
  });

  it('leaves nothing behind if a file cannot be written', async () => {
    const before = await readModule();
    // The command writes the new module here first.
    const inTheWay = join(copy, 'src/workflows/workflows.module.ts.tmp');
    await mkdir(inTheWay);
    try {
      expect(await runCliHere(copy, 'new', 'half-done')).toEqual({
        code: 1,
        stdout: '',
        stderr: 'The files cannot be written (EISDIR). Nothing was changed.\n',
      });
      expect(await readdir(join(copy, 'src/workflows'))).not.toContain('half-done');
      expect(await readModule()).toBe(before);
    } finally {
      await rmdir(inTheWay);
    }
  });

  it('is refused where there is no project', async () => {
    expect(await runCliHere(tmpdir(), 'new', 'my-flow')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^There is no package\.json here/),
    });
  });
});
