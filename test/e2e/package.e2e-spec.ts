import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { assertCompletion, eventually, readFrames } from '../support/checks.js';
import { getJson, openStream } from '../support/client.js';
import { packPackage } from '../support/packed-package.js';
import { type ChildProcess, startProcess } from '../support/process.js';
import { describeWithRegistry } from '../support/programs.js';
import { findFreePort } from '../support/server-process.js';
import { ROOT } from '../support/places.js';

const PAGE = 'docs/nest-application.md';
/** npm, the compiler or a start may take this long on a busy machine, in milliseconds. */
const LONGEST_STEP_MS = 180_000;

const INSTALL = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];

/** The kinds of applications that Nest's command line makes in each version. */
const APPLICATIONS = [
  { nest: 12, type: 'module' },
  { nest: 11, type: 'commonjs' },
] as const;

/** A route of the application itself. */
const HELLO_CONTROLLER = `import { Controller, Get } from '@nestjs/common';

@Controller('hello')
export class HelloController {
  @Get()
  hello(): { hello: string } {
    return { hello: 'world' };
  }
}
`;

/** The file that \`nest new\` writes. */
const TSCONFIG = {
  compilerOptions: {
    module: 'nodenext',
    moduleResolution: 'nodenext',
    target: 'ES2023',
    esModuleInterop: true,
    isolatedModules: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    strict: true,
    skipLibCheck: true,
    outDir: './dist',
    rootDir: './src',
  },
  include: ['src'],
};

/**
 * Prints what an import of the package has changed in a process. Registries of class-validator and
 * openai do not count: only these packages read them.
 */
const IMPORT_PROBE = `
import 'reflect-metadata';
import { globalAgent } from 'node:http';
import { Logger } from '@nestjs/common';
import '@nestjs/core';
import 'class-transformer';
import 'class-validator';
import 'express';
const REGISTERS = ['classValidatorMetadataStorage', 'Symbol(openai.node.providerDefinitions.v1)'];
const look = () => ({
  listeners: process.eventNames().map((name) => [String(name), process.listenerCount(name)]),
  globals: Reflect.ownKeys(globalThis).map(String).filter((name) => !REGISTERS.includes(name)),
  environment: Object.keys(process.env),
  settings: [Error.stackTraceLimit, globalAgent.maxSockets, Logger['staticInstanceRef']?.constructor.name],
  open: process.getActiveResourcesInfo().filter((name) => !/^(TTY|Pipe)Wrap|^CloseReq/.test(name)),
});
const before = look();
await import('millrace');
const after = look();
for (const name of Object.keys(before)) {
  const [was, is] = [before, after].map((state) => state[name].map((one) => JSON.stringify(one)));
  const changes = [...is.filter((one) => !was.includes(one)), ...was.filter((one) => !is.includes(one))];
  if (changes.length > 0) console.log(name, ...changes);
}
`;

const run = promisify(execFile);

function runIn(cwd: string, command: string, ...args: readonly string[]): Promise<{ stdout: string }> {
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'] };
  return run(command, args, { cwd, env, timeout: LONGEST_STEP_MS, maxBuffer: 16 * 1024 ** 2 }).catch(
    (error: Error & { stdout?: string; stderr?: string }) => {
      throw new Error(`${command} ${args.join(' ')} failed:\n${error.stdout ?? ''}${error.stderr ?? ''}`);
    },
  );
}

/** The files of the page, with the paths above their blocks. */
function readFiles(page: string): readonly (readonly [path: string, code: string])[] {
  return [...page.matchAll(/^`(src\/[\w./-]+)`\n\n```ts\n([^]*?)^```$/gm)].map(
    ([, path = '', code = '']) => [path, code] as const,
  );
}

/** The service that pages import beside the package, from docs/writing-workflows.md. */
const ARTICLE_SERVICE = `export class ArticleService {
  find(topic: string): readonly string[] {
    return [topic];
  }
}
`;

/** The complete workflows of the pages: they only import the package and the service above. */
async function readShownWorkflows(): Promise<readonly (readonly [page: string, code: string])[]> {
  const names = (await readdir(join(ROOT, 'docs'))).filter((name) => name.endsWith('.md'));
  const pages = ['README.md', ...names.map((name) => `docs/${name}`)];
  const texts = await Promise.all(pages.map(async (page) => [page, await readFile(join(ROOT, page), 'utf8')] as const));
  return texts.flatMap(([page, text]) =>
    [...text.matchAll(/^```ts\n(import [^]*?)^```$/gm)]
      .map(([, code = '']) => [page, code] as const)
      .filter(([, code]) => code.includes("from 'millrace'") && !/ from '\.(?!\/article\.service\.js')/.test(code)),
  );
}

/** Makes an application from the files of the page and a route of its own, and installs its dependencies. */
async function makeApplication(
  folder: string,
  tarball: string,
  { nest, type }: (typeof APPLICATIONS)[number],
): Promise<void> {
  const home = join(folder, `nest-${nest}`);
  const manifest = {
    name: 'shop',
    private: true,
    type,
    dependencies: {
      '@nestjs/common': `^${nest}.0.0`,
      '@nestjs/core': `^${nest}.0.0`,
      '@nestjs/platform-express': `^${nest}.0.0`,
      millrace: `file:${tarball}`,
      'reflect-metadata': '^0.2.2',
      rxjs: '^7.8.1',
    },
    devDependencies: { '@types/node': '^20.0.0' },
  };
  const files = [
    ['package.json', JSON.stringify(manifest)],
    ['tsconfig.json', JSON.stringify(TSCONFIG)],
    ['src/hello.controller.ts', HELLO_CONTROLLER],
    ...readFiles(await readFile(join(ROOT, PAGE), 'utf8')),
  ] as const;
  for (const [path, text] of files) {
    await mkdir(dirname(join(home, path)), { recursive: true });
    await writeFile(join(home, path), text);
  }
  await runIn(home, 'npm', ...INSTALL);
}

describeWithRegistry()('the package', () => {
  let folder: string;
  let tarball: string;
  let packed: readonly string[];
  let app: ChildProcess | undefined;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-package-'));
    tarball = await packPackage(folder);
    const { stdout } = await runIn(folder, 'tar', '-tzf', tarball);
    packed = stdout
      .trim()
      .split('\n')
      .map((path) => path.replace(/^package\//, ''));
    await Promise.all(APPLICATIONS.map((application) => makeApplication(folder, tarball, application)));
  }, 2 * LONGEST_STEP_MS);
  afterEach(() => app?.stop());
  afterAll(() => rm(folder, { recursive: true, force: true }), 120_000);

  it('holds what its users need, and nothing else', () => {
    const known =
      /^(package\.json|README\.md|openapi\.json|templates\/.+|dist\/.+\.(js|mjs|d\.ts)|dist\/playground\/(assets|vendor)\/.+|dist\/.+\/prompts\/.+\.md)$/;
    expect(packed.filter((path) => !known.test(path))).toEqual([]);
    expect(
      packed.filter((path) =>
        /^dist\/.*\.spec\.|\.map$|tsbuildinfo|^dist\/(openapi|main|service|workflows)/.test(path),
      ),
    ).toEqual([]);
    expect(packed.filter((path) => path.startsWith('dist/app/')).sort()).toEqual([
      'dist/app/file-limit.js',
      'dist/app/start-up.js',
    ]);
    for (const path of [
      'index.js',
      'index.d.ts',
      'testing.js',
      'testing.d.ts',
      'cli.js',
      'playground/vendor/licences.txt',
    ])
      expect(packed).toContain(`dist/${path}`);
  });

  describe.each(APPLICATIONS)('in a fresh application of Nest $nest, $type', ({ nest }) => {
    const home = (): string => join(folder, `nest-${nest}`);

    it('shares one copy of Nest and of the validators with it', async () => {
      const { stdout } = await runIn(home(), 'npm', 'ls', '--all', '--parseable');
      for (const name of [
        '@nestjs/common',
        '@nestjs/core',
        'class-validator',
        'class-transformer',
        'rxjs',
        'reflect-metadata',
      ]) {
        const copies = stdout.split('\n').filter((path) => path.endsWith(`/node_modules/${name}`));
        expect([name, copies.length]).toEqual([name, 1]);
      }
      const { version } = JSON.parse(
        await readFile(join(home(), 'node_modules/@nestjs/core/package.json'), 'utf8'),
      ) as {
        version: string;
      };
      expect(Number(version.split('.')[0])).toBe(nest);
    });

    it(
      'compiles what the pages show under strict, with a check of the declarations of the package, too',
      async () => {
        const shown = await readShownWorkflows();
        expect(new Set(shown.map(([page]) => page))).toEqual(
          new Set([
            'README.md',
            'docs/coming-from-launchpad.md',
            'docs/nest-application.md',
            'docs/testing-workflows.md',
            'docs/writing-workflows.md',
          ]),
        );
        const pages = join(home(), 'pages');
        await mkdir(pages);
        await writeFile(join(pages, 'article.service.ts'), ARTICLE_SERVICE);
        await writeFile(
          join(pages, 'doors.ts'),
          "export * from 'millrace';\nexport * as testing from 'millrace/testing';\n",
        );
        for (const [index, [page, code]] of shown.entries()) {
          await writeFile(join(pages, `${page.replace(/\W/g, '-')}-${index}.ts`), code);
        }
        const compilerOptions = {
          ...TSCONFIG.compilerOptions,
          skipLibCheck: false,
          noEmit: true,
          rootDir: '.',
          types: ['node'],
        };
        const config = { compilerOptions, include: ['pages'] };
        await writeFile(join(home(), 'tsconfig.pages.json'), JSON.stringify(config));
        await runIn(
          home(),
          process.execPath,
          join(ROOT, 'node_modules/typescript-7/bin/tsc'),
          '-p',
          'tsconfig.pages.json',
        );
      },
      LONGEST_STEP_MS,
    );

    it(
      'compiles, and passes its test',
      async () => {
        await runIn(home(), process.execPath, join(ROOT, 'node_modules/typescript/bin/tsc'));
        const tested = await runIn(home(), process.execPath, '--test', 'dist/assistant.workflow.spec.js');
        expect(tested.stdout).toMatch(/pass 1\n/);
      },
      LONGEST_STEP_MS,
    );

    it(
      'starts, streams beside a route of the application, and ends in good order',
      async () => {
        const port = await findFreePort();
        app = await startProcess(['dist/main.js'], {
          cwd: home(),
          env: { PORT: port, DEMO_TOKENS_PER_SECOND: '0' },
        });
        const url = `http://127.0.0.1:${port}`;
        const isThere = async (): Promise<boolean> => (await getJson(`${url}/api/hello`)).status === 200;
        await eventually(() => isThere().catch(() => false), { within: 30_000, message: 'a start' });
        const { json: hello, headers } = await getJson(`${url}/api/hello`);
        expect(hello).toEqual({ hello: 'world' });
        expect(headers).not.toHaveProperty('openai-version');
        const body = { model: 'assistant', stream: true, messages: [{ role: 'user', content: 'Hello' }] };
        const stream = await openStream(`${url}/ai/v1/chat/completions`, body);
        assertCompletion(await stream.collect());
        const [, curl = ''] = /^```sh\n(curl [^]*?)^```$/m.exec(await readFile(join(ROOT, PAGE), 'utf8')) ?? [];
        const asked = await runIn(home(), 'sh', '-c', curl.replace('http://localhost:3000', url));
        assertCompletion(readFrames(asked.stdout));
        expect((await getJson(`${url}/ai/v1/models`)).json).toMatchObject({ data: [{ id: 'assistant' }] });
        app.signal('SIGTERM');
        expect([await app.exit, app.stderr]).toEqual([{ code: null, signal: 'SIGTERM' }, '']);
      },
      LONGEST_STEP_MS,
    );

    it('changes nothing in a process by being imported', async () => {
      await writeFile(join(home(), 'probe.mjs'), IMPORT_PROBE);
      expect((await runIn(home(), process.execPath, 'probe.mjs')).stdout).toBe('');
    });
  });
});
