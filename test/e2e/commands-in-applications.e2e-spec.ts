import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TEMPLATE_KINDS } from '../../src/cli/scaffold/workflow-files.js';
import { runCliHere } from '../support/cli-here.js';
import { postJson } from '../support/http-client.js';
import { LinkedProject } from '../support/linked-project.js';
import { startProcess } from '../support/process.js';
import { ensureServerIsBuilt, findFreePort } from '../support/server-process.js';
import { assertValidCompletion } from '../support/wire-schema.js';
import { ROOT, CLI } from '../support/places.js';

/** A compiler may take this long on a busy machine, in milliseconds. */
const LONGEST_MS = 120_000;

describe('the command line in an application', () => {
  let project: LinkedProject;
  beforeAll(async () => {
    project = await LinkedProject.make();
  }, LONGEST_MS);
  afterAll(() => project.remove());
  const build = async (): Promise<void> =>
    expect(await project.cli('build')).toEqual({ code: 0, stdout: '', stderr: '' });

  it.each([[[]], [['--app', 'dist/app.module.js']]])(
    'says what to do where the application is not built: list %j',
    async (args) => {
      const { code, stdout, stderr } = await project.cli('list', ...args);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/^dist\/app\.module\.js is not there\. Build the application first: npm run build\n/);
    },
  );

  it(
    'makes a workflow of each kind, which compiles, passes its test, and runs',
    async () => {
      for (const kind of TEMPLATE_KINDS) {
        const made = await runCliHere(project.root, 'new', `my-${kind}`, '--kind', kind);
        expect(made).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining(`run my-${kind} "Hello"`) });
      }
      await build();
      const tests = await project.finish(['--test'], { cwd: join(project.root, 'dist') });
      expect([tests.code, tests.stdout]).toEqual([0, expect.stringMatching(/pass 6\n/)]);
      const PORT = await findFreePort();
      const server = await project.start(['dist/main.js'], { env: { PORT } });
      await server.waitForLine(/Nest application successfully started/, { within: LONGEST_MS });
      for (const kind of TEMPLATE_KINDS) {
        const body = { model: `my-${kind}`, messages: [{ role: 'user', content: 'Hello' }] };
        const { json } = await postJson(`http://127.0.0.1:${PORT}/v1/chat/completions`, body);
        assertValidCompletion(json);
        expect(json.choices[0]?.message.content).toMatch(/\S/);
      }
      await server.stop();
      const result = await project.cli('run', 'my-tools', 'Hello');
      expect(result).toMatchObject({ code: 0, stdout: expect.stringMatching(/\S/) });
      expect((await project.cli('graph', 'my-route')).stdout).toMatch(/^flowchart TD\n[^]*billing/);
    },
    2 * LONGEST_MS,
  );

  it.each(['', '"test": "echo \\"Error: no test specified\\" && exit 1",'])(
    'says how a new workflow is tested where the scripts are %j',
    async (script) => {
      const manifest = await project.read('package.json');
      const module = await project.read('src/workflows/workflows.module.ts');
      await project.write('package.json', manifest.replace(/"test": .*,\n/, script));
      expect((await runCliHere(project.root, 'new', 'untested')).stdout).toContain(
        'Test it: npm run build && node --test dist/workflows/untested/untested.workflow.test.js\n',
      );
      await project.write('package.json', manifest);
      await project.write('src/workflows/workflows.module.ts', module);
      await rm(join(project.root, 'src/workflows/untested'), { recursive: true });
    },
  );

  it(
    'leaves nothing of removed sources in the next build, which removes nothing else',
    async () => {
      const at = (path: string): string => join(project.root, path);
      const add = async (name: string): Promise<void> => {
        await project.write(`src/workflows/${name}/${name}.test.ts`, 'export const removed: number = 1;\n');
        await project.write(`src/workflows/${name}/prompts/${name}.md`, 'Removed.\n');
      };
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
      expect(await readdir(at('dist/workflows/renamed'))).toEqual(['notes.txt']);
      const kept = ['dist/workflows/new/renamed.test.js', 'elsewhere/linked/kept.md', 'dist/linked.js'];
      const asked = ['dist/workflows/old', ...kept, 'dist/.tsbuildinfo'];
      expect(asked.filter((path) => !existsSync(at(path)))).toEqual(['dist/workflows/old']);

      await add('old');
      await build();
      expect(existsSync(at('dist/workflows/old/old.test.js'))).toBe(true);
    },
    4 * LONGEST_MS,
  );

  it('finds the module that the user names, and says what is wrong with it', async () => {
    expect((await project.cli('list', '--app', 'dist/app.module.js')).stdout).toMatch(/^assistant /);
    await project.write('dist/bare.js', 'export const number = 42;\n');
    const wrong = await project.cli('list', '--app', 'dist/bare.js');
    expect([wrong.code, wrong.stderr]).toEqual([
      1,
      expect.stringMatching(/^dist\/bare\.js exports no module of Nest\./),
    ]);
    await project.write('dist/incomplete.js', "import 'not-there';\n");
    const incomplete = await project.cli('list', '--app', 'dist/incomplete.js');
    expect([incomplete.code, incomplete.stderr]).toEqual([
      1,
      expect.stringMatching(
        /^The application cannot be loaded: .*not-there.*\nInstall what is missing \(npm install\), or build .*\n$/,
      ),
    ]);
    await project.edit('package.json', '"private": true', '"private": true, "millrace": { "app": "dist/other.js" }');
    expect((await project.cli('list')).stderr).toMatch(/^dist\/other\.js is not there\./);
    const without = await project.cli('list', '--app', 'dist/workflows/workflows.module.js');
    expect([without.code, without.stderr]).toEqual([1, expect.stringContaining('MillraceModule.forRoot()')]);
  });

  it('has a main file that says in one line that its port is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    try {
      const ended = await project.finish(['dist/main.js'], { env: { PORT: String(port) } });
      expect(ended).toEqual({ code: 1, stdout: '', stderr: expect.stringMatching(/^listen EADDRINUSE: .*\n$/) });
    } finally {
      other.close();
    }
  });

  it('has a main file that says why its workflows do not start, and nothing else', async () => {
    const file = 'dist/workflows/assistant/assistant.workflow.js';
    await project.edit(file, 'agent({', '({');
    const ended = await project.finish(['dist/main.js'], { env: { PORT: '0' } });
    expect([ended.code, ended.stdout]).toEqual([1, '']);
    expect(ended.stderr).toMatch(/^Millrace cannot start: [^\n]*\n {2}- \[not_an_agent\] [^\n]*"answer"[^\n]*\n$/);
  });
});

describe('the command new in an application of another form', () => {
  let project: LinkedProject;
  beforeAll(async () => {
    project = await LinkedProject.make();
    const page = await readFile(join(ROOT, 'docs/testing-workflows.md'), 'utf8');
    const [, settings = ''] = /^```json\n\{\n( {2}"jest": [^]*?)\n\}\n```$/m.exec(page) ?? [];
    await project.edit('package.json', '"type": "module",', `${settings},`);
    await project.edit('package.json', '"devDependencies": {', '"devDependencies": { "jest": "*",');
    for (const path of ['src/main.ts', 'src/workflows']) await rm(join(project.root, path), { recursive: true });
    const module = await project.read('src/app.module.ts');
    await project.write(
      'src/app.module.ts',
      module.replace(/^import .*workflows\.module.*\n/m, '').replace(/, Work\w+/, ''),
    );
  }, LONGEST_MS);
  afterAll(() => project.remove());

  it(
    'makes the module of workflows, and imports as CommonJS does, so that its test passes with Jest as the page sets it up',
    async () => {
      const { code, stdout, stderr } = await runCliHere(project.root, 'new', 'my-flow');
      expect([code, stderr]).toEqual([0, '']);
      const told = [
        'Made    src/workflows/workflows.module.ts\n',
        'Add WorkflowsModule to the imports of your AppModule',
        'Test it: NODE_OPTIONS=--experimental-vm-modules npx jest src/workflows/my-flow\n',
      ];
      expect(told.filter((words) => !stdout.includes(words))).toEqual([]);
      expect(await project.read('src/workflows/workflows.module.ts')).toContain(
        "import { MyFlowWorkflow } from './my-flow/my-flow.workflow';\n",
      );
      expect(await project.cli('build')).toEqual({ code: 0, stdout: '', stderr: '' });
      const jest = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];
      const tested = await project.finish([...jest, '--cacheDirectory', join(project.root, '.jest')]);
      expect(tested).toMatchObject({ code: 0, stderr: expect.stringContaining('✓ answers the user') });
    },
    LONGEST_MS,
  );

  it('makes a workflow beside a module that it cannot change, and then asks for the two lines', async () => {
    const module = 'src/workflows/workflows.module.ts';
    const source =
      "import { Module } from '@nestjs/common';\nimport { ALL } from './all';\n\n@Module(ALL)\nexport class W {}\n";
    const before = await project.read(module).catch(() => undefined);
    await project.write(module, source);
    const made = await runCliHere(project.root, 'new', 'by-hand');
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(made.stdout).toContain(
      `${module} was not changed: it has no single list of providers that this command understands. Add to it by hand, and build:\n` +
        "  import { ByHandWorkflow } from './by-hand/by-hand.workflow';\n  providers: [..., ByHandWorkflow], in its @Module\n",
    );
    expect(await project.read(module)).toBe(source);
    expect(await project.read('src/workflows/by-hand/by-hand.workflow.ts')).toContain('class ByHandWorkflow');
    await rm(join(project.root, 'src/workflows/by-hand'), { recursive: true });
    await (before === undefined ? rm(join(project.root, module)) : project.write(module, before));
  });

  it('refuses a folder without sources, and leaves nothing in it', async () => {
    await project.write('elsewhere/package.json', '{}');
    const refused = await runCliHere(join(project.root, 'elsewhere'), 'new', 'my-flow');
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/^There is no folder src in .*\n$/)]);
    expect(await readdir(join(project.root, 'elsewhere'))).toEqual(['package.json']);
  });
});

describe('millrace init', () => {
  let folder: string;
  beforeAll(async () => {
    await ensureServerIsBuilt();
    folder = await mkdtemp(join(tmpdir(), 'millrace-init-'));
    await mkdir(join(folder, 'full'));
    await writeFile(join(folder, 'full/notes.txt'), 'mine');
    await writeFile(join(folder, 'file'), '');
  }, LONGEST_MS);
  afterAll(() => rm(folder, { recursive: true, force: true }), 120_000);

  it.each([
    [[], 2, '"init" needs <folder>.'],
    [['full'], 1, 'full is not empty: it has notes.txt. Nothing was changed.'],
    [['file'], 1, 'file cannot be the folder of an application (ENOTDIR).'],
    [['My App'], 2, '"My App" cannot be the name of an application.'],
    [['millrace'], 2, '"millrace" cannot be the name of an application.'],
    [['shop', '--millrace', './none.tgz'], 1, './none.tgz: there is no such file.'],
  ])('refuses %j, says why, and writes nothing', async (args, code, message) => {
    const refused = await runCliHere(folder, 'init', ...args);
    expect([refused.code, refused.stdout]).toEqual([code, '']);
    expect(refused.stderr.startsWith(message)).toBe(true);
    expect((await readdir(folder, { recursive: true })).sort()).toEqual(['file', 'full', 'full/notes.txt']);
  });

  it('installs Millrace from where it comes itself: a checkout, a tarball, or else the registry', async () => {
    const home = await mkdtemp(join(tmpdir(), 'millrace-source-'));
    const packages = join(home, 'npx/node_modules');
    const own = join(packages, 'millrace');
    const makeApplication = async (program: string, name: string): Promise<readonly [unknown, boolean]> => {
      const child = await startProcess([program, 'init', name], { cwd: home });
      expect((await child.exit).code).toBe(0);
      const manifest = JSON.parse(await readFile(join(home, name, 'package.json'), 'utf8')) as {
        readonly dependencies: Readonly<Record<string, string>>;
      };
      return [manifest.dependencies['millrace'], child.stdout.includes('--millrace <source>')];
    };
    const note = (resolved: string): Promise<void> =>
      writeFile(
        join(packages, '.package-lock.json'),
        JSON.stringify({ packages: { 'node_modules/millrace': { resolved } } }),
      );
    try {
      expect(await makeApplication(CLI, 'one')).toEqual([`file:${ROOT}`, false]);
      for (const path of ['dist', 'templates', 'package.json']) {
        await cp(join(ROOT, path), join(own, path), { recursive: true });
      }
      for (const name of await readdir(join(ROOT, 'node_modules'))) {
        if (!name.startsWith('.')) await symlink(join(ROOT, 'node_modules', name), join(packages, name));
      }
      await writeFile(join(home, 'millrace.tgz'), '');
      await note('file:../millrace.tgz');
      expect(await makeApplication(join(own, 'dist/cli.js'), 'two')).toEqual([
        `file:${join(home, 'millrace.tgz')}`,
        false,
      ]);
      await note('https://registry.npmjs.org/millrace/-/millrace-0.1.0.tgz');
      expect(await makeApplication(join(own, 'dist/cli.js'), 'three')).toEqual(['^0.1.0', true]);
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  });
});
