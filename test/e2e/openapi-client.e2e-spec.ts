import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import { within } from '../support/eventually.js';
import { startProcess } from '../support/process.js';
import { ROOT } from '../support/places.js';

const require = createRequire(import.meta.url);
const GENERATOR = join(dirname(require.resolve('@hey-api/openapi-ts/package.json')), 'bin/run.js');
const COMPILER = join(ROOT, 'node_modules/typescript-7/bin/tsc');

/** A program of a team that knows only the document of this server. */
const PROGRAM = `
import { createClient, createConfig } from './client/client/index.js';
import {
  cancelResponse, createChatCompletion, createResponse, deleteResponse, listInputItems, listModels, retrieveModelGraph,
  retrieveResponse,
} from './client/index.js';
import type { ChatCompletion, ErrorEnvelope, ModelResponse, ResponseMessage } from './client/index.js';

const [baseUrl = '', key = ''] = process.argv.slice(2);
const client = createClient(createConfig({ baseUrl, auth: () => key }));

const models = await listModels({ client, throwOnError: true });
const names: string[] = models.data.data.map(({ id }) => id);

const body = { model: 'chat', messages: [{ role: 'user' as const, content: 'Hello' }] };
const received = await createChatCompletion({ client, body, throwOnError: true });
const completion: ChatCompletion = received.data;
const content: string | null | undefined = completion.choices[0]?.message.content;

const { error } = await createChatCompletion({ client, body: { ...body, model: 'none' } });
const envelope: ErrorEnvelope | undefined = error;

const graph = await retrieveModelGraph({ client, path: { id: 'streaming' }, query: { format: 'json' } });

const response: ModelResponse = (
  await createResponse({ client, body: { model: 'chat', input: 'Hello' }, throwOnError: true })
).data;
const path = { id: response.id };
const [message] = response.output.filter((item): item is ResponseMessage => item.type === 'message');
const [part] = message?.content ?? [];
const said: string | undefined = part?.type === 'output_text' ? part.text : part?.refusal;
const tokens: number | undefined = response.usage?.total_tokens;
const stored = await retrieveResponse({ client, path, throwOnError: true });
const asked = await listInputItems({ client, path, query: { order: 'asc' }, throwOnError: true });
const refused = await cancelResponse({ client, path });
const deleted: true = (await deleteResponse({ client, path, throwOnError: true })).data.deleted;
const responses = {
  said,
  hasTokens: (tokens ?? 0) > 0,
  isStored: stored.data.id === response.id && stored.data.status === 'completed',
  asked: asked.data.data.length,
  refused: refused.error?.error.message,
  deleted,
};

// @ts-expect-error There is no such state.
void (response.status === 'done');
// @ts-expect-error There is no such role.
void { client, body: { model: 'chat', messages: [{ role: 'king', content: 'x' }] } } satisfies Parameters<typeof createChatCompletion>[0];

console.log(JSON.stringify({ names, content, code: envelope?.error.code, graph: graph.response?.status, responses }));
`;

const OPTIONS = {
  compilerOptions: {
    module: 'nodenext',
    target: 'es2023',
    lib: ['es2023', 'dom', 'dom.iterable'],
    types: ['node'],
    typeRoots: [join(ROOT, 'node_modules/@types')],
    strict: true,
    skipLibCheck: true,
    rootDir: '.',
    outDir: 'built',
  },
  files: ['program.ts'],
};

describe('a client made from openapi.json', () => {
  let app: TestApp;
  let folder: string;
  const key = 'sk-'.padEnd(40, 'k');
  beforeAll(async () => {
    app = await TestApp.start({ env: { API_KEYS: key, DEMO_TOKENS_PER_SECOND: '0' } });
    folder = await mkdtemp(join(tmpdir(), 'millrace-client-'));
  });
  afterAll(async () => {
    await app.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Runs Node with these arguments in the folder, and returns its output. */
  const run = async (...args: readonly string[]): Promise<string> => {
    const child = await startProcess(args, { cwd: folder });
    try {
      const { code } = await within(child.exit, { within: 60_000, message: `the end of ${args.join(' ')}` });
      if (code !== 0) throw new Error(`${args.join(' ')} failed:\n${child.stdout}${child.stderr}`);
      return child.stdout;
    } finally {
      await child.stop();
    }
  };

  it('compiles strictly, and talks to the server', async () => {
    await Promise.all([
      writeFile(join(folder, 'package.json'), '{"type":"module"}'),
      writeFile(join(folder, 'tsconfig.json'), JSON.stringify(OPTIONS)),
      writeFile(join(folder, 'program.ts'), PROGRAM),
    ]);
    await run(GENERATOR, '-i', join(ROOT, 'openapi.json'), '-o', 'client', '--no-log-file');
    await run(COMPILER, '-p', '.');
    expect(JSON.parse(await run(join('built', 'program.js'), app.url, key))).toEqual({
      names: expect.arrayContaining(['chat', 'default']),
      content: expect.stringMatching(/\w/),
      code: 'model_not_found',
      graph: 200,
      responses: {
        said: expect.stringMatching(/\w/),
        hasTokens: true,
        isStored: true,
        asked: 1,
        refused: 'Cannot cancel a completed response.',
        deleted: true,
      },
    });
  }, 120_000);
});
