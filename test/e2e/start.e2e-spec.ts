import { execFile } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/checks.js';
import { HELLO, postJson } from '../support/client.js';
import { type ChildProcess, startProcess } from '../support/process.js';
import { ensureServerIsBuilt, type ServerProcess, startServerProcess } from '../support/server-process.js';
import { ScriptedUpstream, scriptStream } from '../support/upstream/index.js';
import { ROOT } from '../support/places.js';

const RECORDER = findPreload('loaded-modules.mjs');
const MEGABYTE = 1_048_576;
/** Packages that a start does not need. Of `openai` only the classes of its errors are loaded. */
const LAZY = [
  '@dagrejs/dagre',
  '@nestjs/swagger',
  '@opentelemetry/otlp-transformer',
  '@opentelemetry/resources',
  'dompurify',
  'ioredis',
  'jose',
  'langfuse',
  'marked',
  'node-sqlite3-wasm',
  'openai/client',
  'undici',
];

/** The URL of a test file that a server loads before its own code. */
function findPreload(name: string): string {
  return pathToFileURL(join(import.meta.dirname, '../support', name)).href;
}

describe('the start', () => {
  let server: ServerProcess | undefined;
  let upstream: ScriptedUpstream | undefined;
  let folder = '';
  beforeAll(ensureServerIsBuilt, 120_000);
  beforeEach(() => {
    folder = fs.mkdtempSync(join(tmpdir(), 'millrace-start-'));
  });
  afterEach(async () => {
    await server?.process.stop();
    await upstream?.close();
    server = upstream = undefined;
    fs.rmSync(folder, { recursive: true, force: true });
  });

  const start = async (env: Record<string, string> = {}): Promise<ServerProcess> =>
    (server = await startServerProcess({
      env: { NODE_OPTIONS: `--import ${RECORDER}`, LOADED_MODULES: join(folder, 'loaded'), ...env },
    }));
  const readLoaded = (): readonly string[] => fs.readFileSync(join(folder, 'loaded'), 'utf8').split('\n');
  const listLoaded = (): readonly string[] => {
    const urls = readLoaded().join('\n');
    return LAZY.filter((name) => new RegExp(`/node_modules/${name}[/.]`).test(urls));
  };
  const listPackages = (): readonly string[] => [
    ...new Set(readLoaded().flatMap((url) => /\/node_modules\/([^/]+)/.exec(url)?.[1] ?? [])),
  ];

  it('loads nothing that it does not need', async () => {
    await start();
    expect(listLoaded()).toEqual([]);
    // The build has bundled everything else into a few files.
    expect(listPackages()).toEqual(['reflect-metadata', 'openai']);
    expect(readLoaded().filter((url) => url.includes('/dist/service/')).length).toBeLessThan(50);
  });

  it('loads what calls its model soon afterwards, without any request', async () => {
    upstream = await ScriptedUpstream.start();
    await start({ OPENAI_BASE_URL: upstream.url });
    await eventually(() => listLoaded().length === 2, { message: 'the SDK and undici to be loaded' });
    expect(listLoaded()).toEqual(['openai/client', 'undici']);
  });

  it('keeps the names that classes have in the sources', async () => {
    upstream = await ScriptedUpstream.start();
    upstream.always(scriptStream('{}'));
    const { url, process: served } = await start({ OPENAI_BASE_URL: upstream.url, LOG_LEVEL: 'verbose' });
    const names = [...served.stdout.matchAll(/\[InstanceLoader\] (\w+) dependencies/g)].map(([, name]) => name);
    expect(names).toEqual(expect.arrayContaining(['AppModule', 'DiscoveryModule', 'WorkflowsModule']));
    expect(names.filter((name) => /^_|\d$/.test(name ?? ''))).toEqual([]);
    await postJson(`${url}/v1/chat/completions`, { model: 'streaming', messages: HELLO });
    const formats = upstream.requests.map(({ body }) => JSON.stringify(body.response_format ?? {}));
    expect(formats.join('\n')).toContain('"name":"ReplyDto"');
  });

  it('answers the very first requests, several at once', async () => {
    upstream = await ScriptedUpstream.start();
    const requests = Array.from({ length: 8 }, (_, index) => `Answer ${index}`);
    for (const text of requests) upstream.next(scriptStream(text));
    const { url } = await start({ OPENAI_BASE_URL: upstream.url });
    const responses = await Promise.all(
      requests.map(() => postJson(`${url}/v1/chat/completions`, { model: 'chat', messages: HELLO })),
    );
    expect(responses.map(({ status }) => status)).toEqual(requests.map(() => 200));
  });

  it('leaves a small heap, which grows when objects need it', async () => {
    const file = join(folder, 'sizes');
    const preload = findPreload('heap-sizes.mjs');
    const { process: served } = await start({ NODE_OPTIONS: `--import ${preload}`, HEAP_SIZES: file });
    process.kill(served.pid, 'SIGUSR2');
    await eventually(() => fs.existsSync(file), { message: 'the sizes to be written down' });
    const { kept, needed, before, after } = JSON.parse(fs.readFileSync(file, 'utf8')) as Record<string, number>;
    expect(kept).toBeLessThan(1.25 * Number(needed));
    expect(before).toBeLessThan(6 * MEGABYTE);
    expect(after).toBeGreaterThan(12 * MEGABYTE);
  });

  it('loads the exporters of traces only where traces are sent', async () => {
    await start({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
    expect(listLoaded()).toEqual(['@opentelemetry/otlp-transformer', '@opentelemetry/resources']);
  });
});

describe('a build beside a service that runs', () => {
  let root: string;
  let running: ChildProcess | undefined;
  beforeEach(() => {
    root = fs.mkdtempSync(join(tmpdir(), 'millrace-bundle-'));
    fs.mkdirSync(join(root, 'dist/app'), { recursive: true });
    fs.symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
    fs.writeFileSync(join(root, 'package.json'), '{"type":"module"}');
    fs.writeFileSync(
      join(root, 'dist/app/main.js'),
      `
setInterval(() => undefined, 60_000);
process.on('SIGUSR2', async () => console.log((await import('./late.js')).build));
console.log('ready');
`,
    );
  });
  afterEach(async () => {
    await running?.stop();
    fs.rmSync(root, { recursive: true, force: true });
  });

  const build = async (name: string): Promise<void> => {
    fs.writeFileSync(join(root, 'dist/app/late.js'), `export const build = '${name}';\n`);
    await promisify(execFile)(process.execPath, [join(ROOT, 'scripts/bundle.mjs'), root]);
  };
  const listLate = (): readonly string[] =>
    fs.readdirSync(join(root, 'dist/service')).filter((name) => /^late-\w+\.js$/.test(name));

  it('keeps the files that it has not loaded yet, and removes those older than five builds', async () => {
    await build('one');
    const [first = ''] = listLate();
    running = await startProcess(['dist/main.js'], { cwd: root });
    await running.waitForLine(/^ready$/);
    await build('two');
    running.signal('SIGUSR2');
    await running.waitForLine(/^one$/);
    for (const name of ['three', 'four', 'five']) await build(name);
    expect(listLate()).toHaveLength(5);
    await build('six');
    expect(listLate()).toHaveLength(5);
    expect(listLate()).not.toContain(first);
  }, 60_000);
});
