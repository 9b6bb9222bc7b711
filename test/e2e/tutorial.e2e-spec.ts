import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { assertCompletion } from '../support/chunks.js';
import { type ChildProcess, startProcess } from '../support/process.js';
import { openStream } from '../support/sse-client.js';

const ROOT = join(import.meta.dirname, '../..');
const PAGE = 'docs/writing-workflows.md';
const MODULE = 'src/workflows/workflows.module.ts';
const LIST_OF_NAMES = 'test/e2e/models-and-health.e2e-spec.ts';
const TSC = 'node_modules/typescript/bin/tsc';

/** What `.npmrc` gives each npm and npx call. */
const NODE_OPTIONS = '--experimental-vm-modules --disable-warning=ExperimentalWarning';

/** A compiler, jest or a server may take this long on a busy machine, in milliseconds. */
const LONGEST_STEP_MS = 60_000;

interface Block {
  readonly language: string;
  readonly code: string;
  /** The path that stands alone on the line above it. */
  readonly path: string | undefined;
}

interface FileBlock extends Block {
  readonly path: string;
}

/** The blocks of one part of the page, up to the next heading of this level or a higher one. */
function blocksUnder(page: string, heading: RegExp): readonly Block[] {
  const [start] = heading.exec(page) ?? [];
  if (start === undefined) throw new Error(`${PAGE} has no heading ${heading}`);
  const text = page.slice(page.indexOf(start) + start.length);
  const level = start.indexOf(' ');
  const [part = ''] = text.split(new RegExp(`^#{2,${level}} `, 'm'));
  return [...part.matchAll(/(?:^`([\w./-]+)`\n\n)?^```(\w*)\n([^]*?)^```$/gm)].map(
    ([, path, language = '', code = '']) => ({ language, code, path }),
  );
}

/** The one block under a heading that fits. */
function blockUnder(page: string, heading: RegExp, fits: (block: Block) => boolean): string {
  const found = blocksUnder(page, heading).filter(fits);
  if (found.length !== 1) throw new Error(`${PAGE} has ${found.length} such blocks under ${heading}, not one`);
  return found[0]?.code ?? '';
}

/** Puts text before the first line that is `line`. */
function insertBefore(source: string, line: string, text: string): string {
  const at = source.indexOf(`\n${line}\n`);
  if (at < 0) throw new Error(`There is no line ${JSON.stringify(line)}`);
  return `${source.slice(0, at + 1)}${text}${source.slice(at + 1)}`;
}

/** Step 3: the lines of the page go to the end of the providers, with an import for each class. */
function register(module: string, lines: string, files: readonly FileBlock[]): string {
  const imports = [...lines.matchAll(/\w+/g)].map(([name]) => {
    const home = files.find(({ code }) => code.includes(`export class ${name} `))?.path;
    if (home === undefined) throw new Error(`No file of the page exports ${name}`);
    return `import { ${name} } from './${home.replace('src/workflows/', '').replace(/\.ts$/, '.js')}';\n`;
  });
  return `${imports.join('')}${insertBefore(module, '  ],', lines)}`;
}

/** What differs from run to run: the id and the time of a chunk. */
function withoutIdentity(data: string): string {
  return data.replace(/"id":"chatcmpl-[0-9a-f]{24}"/, '"id":"…"').replace(/"created":\d{10}/, '"created":0');
}

/** The names of the tests that a verbose jest marks as passed. */
function passedTests(output: string): readonly string[] {
  return [...output.matchAll(/^ +✓ (.+?)(?: \(\d+ m?s\))?$/gm)].map(([, name = '']) => name).sort();
}

describe(`the tutorial, ${PAGE}`, () => {
  let page: string;
  let copy: string;
  const children: ChildProcess[] = [];

  /** The project as a reader has it after step 6: these folders without other tests, and the files of the page. */
  beforeAll(async () => {
    page = await readFile(join(ROOT, PAGE), 'utf8');
    copy = await mkdtemp(join(tmpdir(), 'millrace-tutorial-'));
    const noSpecs = (path: string): boolean => !path.endsWith('.spec.ts');
    const kept = ['src', 'test/support', 'test/fixtures', 'scripts', 'package.json', 'jest.config.js'];
    for (const path of [...kept, 'tsconfig.json', 'tsconfig.build.json', LIST_OF_NAMES]) {
      await cp(join(ROOT, path), join(copy, path), { recursive: true, filter: noSpecs });
    }
    await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));

    const files = blocksUnder(page, /^## A workflow in ten minutes$/m).filter(
      (block): block is FileBlock => block.path !== undefined,
    );
    for (const { path, code } of files) {
      await mkdir(dirname(join(copy, path)), { recursive: true });
      await writeFile(join(copy, path), code);
    }
    const lines = blockUnder(page, /^### 3\. .*$/m, ({ language }) => language === 'ts');
    await edit(MODULE, (module) => register(module, lines, files));
    const names = /every\s+name: add `('.+')` to it/.exec(page)?.[1];
    if (names === undefined) throw new Error(`${PAGE} does not say which names to add`);
    await edit(LIST_OF_NAMES, (spec) => insertBefore(spec, '    ]);', `      ${names},\n`));
  }, LONGEST_STEP_MS);
  afterEach(async () => {
    await Promise.all(children.splice(0).map((child) => child.stop()));
  });
  afterAll(() => rm(copy, { recursive: true, force: true }));

  async function edit(path: string, change: (source: string) => string): Promise<void> {
    await writeFile(join(copy, path), change(await readFile(join(copy, path), 'utf8')));
  }

  async function start(args: readonly string[], env: Record<string, string> = {}): Promise<ChildProcess> {
    const child = await startProcess(args, { cwd: copy, env: { NODE_OPTIONS, ...env } });
    children.push(child);
    return child;
  }

  /** Runs Node until it ends, which it must do with code 0, and returns all that it wrote. */
  async function run(...args: readonly string[]): Promise<string> {
    const child = await start(args);
    const { code } = await child.exit;
    const output = `${child.stdout}${child.stderr}`;
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}:\n${output}`);
    return output;
  }

  it(
    'compiles with its tests, starts on the demo, and answers as the page shows',
    async () => {
      // The build information of the working copy lies behind the link to node_modules, and must stay as it is.
      // One compiler at a time: other tests, with deadlines, run beside this one.
      await run(TSC, '--noEmit', '--tsBuildInfoFile', 'typecheck.tsbuildinfo');
      await run(TSC, '-p', 'tsconfig.build.json');
      await run('scripts/copy-assets.mjs');
      // On a busy machine pieces that are late would be joined, and there would be fewer chunks than the page says.
      const env = { HOST: '127.0.0.1', PORT: '0', STREAM_DEBOUNCE_MS: '0' };
      const server = await start(['--enable-source-maps', 'dist/main.js'], env);
      const [, url = ''] = await server.waitForLine(/ready at (http:\/\/[\w.:]+)/, { within: LONGEST_STEP_MS });

      const step = /^### 4\. .*$/m;
      const log = blockUnder(page, step, ({ code }) => code.includes('LOG Models:'));
      await server.waitForLine(/Provider:/);
      const said = [...log.matchAll(/(?:Models|Provider):.*$/gm)].map(([line]) => line);
      expect(said).toHaveLength(2);
      for (const line of said) expect(server.stdout).toContain(line);

      const curl = blockUnder(page, step, ({ code }) => code.startsWith('curl '));
      const [, path = '', body = ''] = /localhost:8080(\/\S+)[^]*-d '(.*)'/.exec(curl) ?? [];
      const answer = await openStream(`${url}${path}`, body);
      const chunks = assertCompletion(await answer.collect(), { model: 'helpdesk', finish: 'stop' });

      const frames = answer.items.flatMap((item) => (item.kind === 'data' ? [withoutIdentity(item.data)] : []));
      const shown = blocksUnder(page, step)
        .filter(({ code }) => code.startsWith('data: '))
        .map(({ code }) => [...code.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => withoutIdentity(data)));
      const [first = [], last = []] = shown;
      expect(shown).toHaveLength(2);
      expect(frames.slice(0, first.length)).toEqual(first);
      expect(frames.slice(-last.length)).toEqual(last);
      const [, more] = /^\((\d+) more chunks\)$/m.exec(page) ?? [];
      expect(chunks).toHaveLength(first.length + Number(more) + last.length - 1);
    },
    2 * LONGEST_STEP_MS,
  );

  it(
    'has tests that pass as the page shows, beside the list of names',
    async () => {
      const command = blockUnder(page, /^### 6\. .*$/m, ({ code }) => code.startsWith('npx jest '));
      const args = command.trim().split(' ').slice(2);
      const output = await run(
        'node_modules/jest/bin/jest.js',
        ...args,
        LIST_OF_NAMES,
        '--ci',
        '--runInBand',
        '--cacheDirectory',
        join(copy, '.jest'),
      );
      const shown = passedTests(blockUnder(page, /^### 6\. .*$/m, ({ code }) => code.startsWith('PASS ')));
      expect(shown.length).toBeGreaterThan(0);
      expect(passedTests(output)).toEqual(expect.arrayContaining([...shown, 'lists every id and alias']));
    },
    2 * LONGEST_STEP_MS,
  );
});
