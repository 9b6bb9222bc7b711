import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { assertCompletion } from '../support/chunks.js';
import { installForNpx, packPackage } from '../support/packed-package.js';
import { type ChildProcess, startProcess } from '../support/process.js';
import { describeWithRegistry } from '../support/programs.js';
import { findFreePort } from '../support/server-process.js';
import { openStream } from '../support/sse-client.js';
import { readFrames } from '../support/sse-frames.js';
import { ROOT } from '../support/places.js';

const PAGE = 'docs/writing-workflows.md';
const HEADING = /^## A workflow in ten minutes$/m;
/** The folder that the page's first command makes. */
const APPLICATION = 'my-shop';
/** The address of the server on the page. */
const ADDRESS = 'http://localhost:3000';

/** npm, a compiler or a start may take this long on a busy machine, in milliseconds. */
const LONGEST_STEP_MS = 120_000;

interface Block {
  readonly language: string;
  readonly code: string;
  /** The path on the line above the block, if that line has nothing else. */
  readonly path: string | undefined;
}

/** A command of the page, with its output there. */
interface Command {
  readonly text: string;
  readonly shown: readonly string[];
}

/** The blocks of the tutorial, in order. */
function readBlocks(page: string): readonly Block[] {
  const start = page.search(HEADING);
  if (start < 0) throw new Error(`${PAGE} has no heading ${HEADING}`);
  const [part = ''] = page.slice(start + 3).split(/^## /m);
  return [...part.matchAll(/(?:^`([\w./-]+)`\n\n)?^```(\w*)\n([^]*?)^```$/gm)].map(
    ([, path, language = '', code = '']) => ({ language, code, path }),
  );
}

/** Commands of the shell blocks. The blocks below a command, up to the next step of the reader, are its output. */
function readCommands(blocks: readonly Block[]): readonly Command[] {
  return blocks.flatMap(({ language, code }, index): readonly Command[] => {
    if (language !== 'sh') return [];
    const rest = blocks.slice(index + 1);
    const end = rest.findIndex((block) => block.language === 'sh' || block.path !== undefined);
    const shown = rest.slice(0, end < 0 ? undefined : end).flatMap((block) => block.code.trimEnd().split('\n'));
    return [{ text: code, shown: shown.filter((line) => line !== '') }];
  });
}

/** Replaces the parts that differ from run to run: colours, ids, times and process ids. */
function withoutIdentity(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll(/"id":"chatcmpl-[0-9a-f]{24}"/g, '"id":"…"')
    .replaceAll(/"created":\d{10}/g, '"created":0')
    .replaceAll(/^\[Nest\] \d+ +- .* (LOG|WARN) (.+?)(?: \+\d+ms)?$/gm, '[Nest] $1 $2');
}

/** Checks that an output has all lines that the page shows. */
function assertShows(output: string, shown: readonly string[]): void {
  const lines = withoutIdentity(output).split('\n');
  expect(shown.length).toBeGreaterThan(0);
  expect(shown.map(withoutIdentity).filter((line) => !lines.includes(line))).toEqual([]);
}

/** The names of the tests that passed, in either form in which Node reports them. */
function readPassed(output: string): readonly string[] {
  return [...output.matchAll(/^ *(?:✔|ok \d+ -) (.+?)(?: \([\d.]+ms\))?$/gm)].map(([, name = '']) => name).sort();
}

describeWithRegistry()(`the tutorial, ${PAGE}`, () => {
  let page: string;
  let commands: readonly Command[];
  let folder: string;
  const children: ChildProcess[] = [];
  const env = {
    HOME: process.env['HOME'] ?? '',
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_prefer_offline: 'true',
    npm_config_update_notifier: 'false',
    // Otherwise late pieces would be joined on a busy machine, and there would be fewer chunks than on the page.
    STREAM_DEBOUNCE_MS: '0',
  };

  /** The reader's application before its first run: installed, with all files. */
  beforeAll(async () => {
    page = await readFile(join(ROOT, PAGE), 'utf8');
    const blocks = readBlocks(page);
    commands = readCommands(blocks);
    folder = await mkdtemp(join(tmpdir(), 'millrace-tutorial-'));
    const tarball = await packPackage(folder);
    await installForNpx(folder, tarball);

    const making = findCommand('npx millrace init').text;
    // The package is in no registry.
    await run(making.replace(/init my-shop$/m, `$& --millrace ${tarball}`), folder);
    const files = blocks.filter(({ path }) => path !== undefined);
    expect(files.length).toBeGreaterThan(4);
    for (const { path = '', code } of files) {
      await mkdir(dirname(join(folder, APPLICATION, path)), { recursive: true });
      await writeFile(join(folder, APPLICATION, path), code);
    }
  }, 2 * LONGEST_STEP_MS);
  afterEach(async () => {
    await Promise.all(children.splice(0).map((child) => child.stop()));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }), 120_000);

  function findCommand(begin: string): Command {
    const found = commands.filter(({ text }) => text.startsWith(begin));
    if (found.length !== 1) throw new Error(`${PAGE} has ${found.length} commands ${begin}, not one`);
    return found[0] as Command;
  }

  async function start(text: string, cwd: string, more: Readonly<Record<string, string>> = {}): Promise<ChildProcess> {
    const child = await startProcess(['-ec', text], { command: 'sh', group: true, cwd, env: { ...env, ...more } });
    children.push(child);
    return child;
  }

  /** Runs commands, which must succeed, and returns their whole output. */
  async function run(text: string, cwd = join(folder, APPLICATION)): Promise<ChildProcess> {
    const child = await start(text, cwd);
    const { code } = await child.exit;
    if (code !== 0) throw new Error(`\`${text}\` ended with ${code}:\n${child.stdout}${child.stderr}`);
    return child;
  }

  it(
    'runs the application, which prints and streams what the page shows',
    async () => {
      const [dev, curl] = [findCommand('npm run dev'), findCommand('curl ')];
      const PORT = await findFreePort();
      const server = await start(dev.text, join(folder, APPLICATION), { PORT });
      await server.waitForLine(/Nest application successfully started/, { within: LONGEST_STEP_MS });
      assertShows(server.stdout, dev.shown);

      expect(curl.text).toContain(ADDRESS);
      const { stdout } = await run(curl.text.replace(ADDRESS, `http://localhost:${PORT}`));
      const chunks = assertCompletion(readFrames(stdout), { model: 'helpdesk', finish: 'stop' });
      assertShows(stdout, curl.shown);
      const [, more] = /^\((\d+) more chunks\)$/m.exec(page) ?? [];
      const shown = curl.shown.filter((line) => line.startsWith('data: {'));
      expect(chunks).toHaveLength(shown.length + Number(more));
    },
    2 * LONGEST_STEP_MS,
  );

  it(
    'runs the other commands, which print what the page shows',
    async () => {
      const others = commands.filter(({ text }) => /^npx millrace (?!init)/.test(text));
      expect(others.map(({ text }) => text.split(' ')[2]?.trim())).toEqual(['list', 'run', 'graph']);
      for (const { text, shown: lines } of others) {
        const ended = await run(text);
        assertShows(`${ended.stdout}\n${ended.stderr}`, lines);
      }
    },
    2 * LONGEST_STEP_MS,
  );

  it(
    'has tests that pass as the page shows',
    async () => {
      const { text, shown } = findCommand('npm test');
      const { stdout } = await run(text);
      const passed = readPassed(shown.join('\n'));
      expect(passed.length).toBeGreaterThan(5);
      expect(readPassed(stdout)).toEqual(passed);
      const counts = shown.flatMap((line) => /^ℹ (\w+ \d+)$/.exec(line)?.[1] ?? []);
      expect(counts).toHaveLength(4);
      for (const count of counts) expect(stdout).toContain(` ${count}\n`);
    },
    2 * LONGEST_STEP_MS,
  );

  it(
    'has an application whose other scripts do as package.json says',
    async () => {
      const result = await run('npm run --silent workflow -- run assistant Hello');
      expect(result.stdout).toMatch(/^Hello/);
      const PORT = await findFreePort();
      const server = await start('npm start', join(folder, APPLICATION), { PORT });
      await server.waitForLine(/Nest application successfully started/, { within: LONGEST_STEP_MS });
      const body = { model: 'assistant', stream: true, messages: [{ role: 'user', content: 'Hello' }] };
      const stream = await openStream(`http://127.0.0.1:${PORT}/v1/chat/completions`, body);
      assertCompletion(await stream.collect({ within: 20_000 }));
    },
    2 * LONGEST_STEP_MS,
  );

  it('has no other commands', () => {
    const known = ['npx millrace ', 'npm run dev', 'curl ', 'npm test'];
    expect(commands.filter(({ text }) => !known.some((begin) => text.startsWith(begin)))).toEqual([]);
  });
});
