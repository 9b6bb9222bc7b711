import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { IsInt, IsOptional, IsString } from 'class-validator';
import { McpStdio } from '../../src/api/mcp/index.js';
import { agent, type ChatRefs, type Deltas, type Flow, type TaskContext, Workflow } from '../../src/workflow/index.js';
import { Bench, LogCapture, makeWorkflowsModule } from '../support/bench.js';
import { catchRejection, eventually, standstill } from '../support/checks.js';
import { type HttpResponse, postJson, readResponse, send } from '../support/client.js';
import { readRun } from '../support/logged.js';
import { startProcess } from '../support/process.js';
import { ensureServerIsBuilt } from '../support/server-process.js';
import { scriptCompletion, scriptStream } from '../support/upstream/scripts.js';
import { delay, gate, httpError } from '../support/upstream/steps.js';

/** The official inspector is no dependency: it takes a newer Node than this project. */
const { MCP_INSPECTOR: INSPECTOR } = process.env;
const ROOT = join(import.meta.dirname, '../..');
const RED_DOT = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg==';
const PIECE = 'x'.repeat(1_000);
const FLOOD = 32 * 1024 * 1024;

class Weather {
  @IsString()
  city!: string;

  @IsInt()
  degrees!: number;

  @IsOptional()
  @IsString()
  warning?: string;
}

@Workflow({ id: 'teams/weather', description: 'Tells the weather as an object' })
class WeatherWorkflow {
  readonly forecast = agent({ output: Weather });
  define(flow: Flow, { messages }: ChatRefs) {
    return flow.ask(this.forecast, { messages });
  }
}

// The tools that the official conformance tests call.

@Workflow({ id: 'test_simple_text', description: 'Says a text' })
class SimpleTextWorkflow {
  define(flow: Flow) {
    return flow.run('text', {}, () => 'This is a simple text response for testing.');
  }
}

@Workflow({ id: 'test_error_handling', description: 'Always fails' })
class FailingWorkflow {
  define(flow: Flow) {
    return flow.run('fail', {}, (): string => {
      throw new Error('This tool intentionally returns an error for testing');
    });
  }
}

class ProgressNode {
  process(_input: void, context: TaskContext): string {
    for (const percent of [0, 50, 100]) context.progress(`${percent}/100`);
    return 'done';
  }
}

@Workflow({ id: 'test_tool_with_progress', description: 'Tells its progress' })
class ProgressWorkflow {
  define(flow: Flow) {
    return flow.node(ProgressNode, undefined);
  }
}

class ImageNode {
  async *process(): AsyncGenerator<Deltas, string, void> {
    yield { type: 'images', images: [{ type: 'image_url', image_url: { url: `data:image/png;base64,${RED_DOT}` } }] };
    return '';
  }
}

@Workflow({ id: 'test_image_content', description: 'Shows an image' })
class ImageWorkflow {
  define(flow: Flow) {
    return flow.node(ImageNode, undefined);
  }
}

/** Says what it has in memory, and lets others have their turns. */
class ReciteNode {
  static said = 0;

  async *process(): AsyncGenerator<Deltas, string, void> {
    for (ReciteNode.said = 0; ReciteNode.said < FLOOD; ReciteNode.said += PIECE.length) {
      yield { type: 'content', text: PIECE };
      if (ReciteNode.said % 50_000 === 0) await turn();
    }
    return '';
  }
}

@Workflow({ id: 'recite', description: 'Says very much' })
class ReciteWorkflow {
  define(flow: Flow) {
    return flow.node(ReciteNode, undefined);
  }
}

class Price {
  @IsInt()
  euros!: number;
}

class Parcel {
  @IsString({ each: true })
  labels!: string[];
}

@Workflow({ id: 'order', description: 'Asks for a price and for labels at once' })
class OrderWorkflow {
  define(flow: Flow) {
    const price = flow.interrupt('price', { article: 'a chair' }, Price);
    const parcel = flow.interrupt('parcel', {}, Parcel);
    return flow.run('sum', { price, parcel }, (values) => `${values.price.euros}: ${values.parcel.labels.join('+')}`);
  }
}

const WORKFLOWS = makeWorkflowsModule(
  WeatherWorkflow,
  SimpleTextWorkflow,
  FailingWorkflow,
  ProgressWorkflow,
  ProgressNode,
  ImageWorkflow,
  ImageNode,
  ReciteWorkflow,
  ReciteNode,
  OrderWorkflow,
);

/** The parts of both SDKs' clients that the tests use. */
interface AnyClient {
  listTools(): Promise<{ readonly tools: readonly { readonly name: string }[] }>;
  close(): Promise<void>;
}

interface Called {
  readonly isError?: boolean | undefined;
  readonly content: readonly { readonly type: string; readonly text?: string; readonly data?: string }[];
  readonly structuredContent?: unknown;
  readonly _meta?: Readonly<Record<string, unknown>> | undefined;
}

interface News {
  readonly progress: number;
  readonly message?: string | undefined;
}

interface CallOptions {
  readonly onprogress?: (news: News) => void;
  readonly signal?: AbortSignal;
}

/** A client of one generation of the protocol. */
interface TestClient extends AnyClient {
  readonly version: string | undefined;
  call(name: string, args: object, options?: CallOptions): Promise<Called>;
}

type Elicit = (name: string) => {
  action: 'accept' | 'decline';
  content?: Record<string, string | number | boolean | string[]>;
};

interface ConnectOptions {
  readonly headers?: Record<string, string>;
  readonly elicit?: Elicit;
}

async function connectNew(
  url: string,
  mode: 'auto' | 'legacy',
  { headers = {}, elicit }: ConnectOptions = {},
): Promise<TestClient> {
  const client = new Client(
    { name: 'test', version: '1' },
    { versionNegotiation: { mode }, capabilities: elicit === undefined ? {} : { elicitation: {} } },
  );
  if (elicit !== undefined) client.setRequestHandler('elicitation/create', ({ params }) => elicit(params.message));
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit: { headers } }));
  return {
    version: client.getNegotiatedProtocolVersion(),
    listTools: () => client.listTools(),
    call: (name, args, options) =>
      client.callTool({ name, arguments: { ...args } }, options) as Promise<unknown> as Promise<Called>,
    close: () => client.close(),
  };
}

async function connectOld(url: string, { headers = {} }: ConnectOptions = {}): Promise<TestClient> {
  const client = new OldClient({ name: 'test', version: '1' });
  const transport = new OldTransport(new URL(`${url}/mcp`), { requestInit: { headers } });
  await client.connect(transport);
  return {
    version: client.getServerVersion()?.name,
    listTools: () => client.listTools(),
    call: (name, args, options) =>
      client.callTool({ name, arguments: { ...args } }, undefined, options) as Promise<unknown> as Promise<Called>,
    close: () => client.close(),
  };
}

const CLIENTS: readonly (readonly [string, (url: string, options?: ConnectOptions) => Promise<TestClient>])[] = [
  ['the newest version', (url, options) => connectNew(url, 'auto', options)],
  ['the version before, by the same SDK', (url, options) => connectNew(url, 'legacy', options)],
  ['the version before, by the older SDK', connectOld],
];

/** Sends one message as it is. */
function post(url: string, message: unknown, headers: Record<string, string> = {}): Promise<HttpResponse> {
  return postJson(`${url}/mcp`, message, { accept: 'application/json, text/event-stream', ...headers });
}

function callMessage(name: string, args: object, meta: object = {}): object {
  return { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name, arguments: args, _meta: meta } };
}

/** The JSON-RPC messages of an event stream. */
function readMessages(text: string): readonly Record<string, unknown>[] {
  return [...text.matchAll(/^data: (.+)$/gm)].map(([, json = '']) => JSON.parse(json) as Record<string, unknown>);
}

const readText = ({ content }: Called): string => content.map(({ text = '' }) => text).join('\n');

describe('workflows as tools of MCP', () => {
  let bench: Bench;
  const clients: TestClient[] = [];
  beforeAll(async () => {
    bench = await Bench.start({
      imports: [WORKFLOWS],
      env: {
        BODY_LIMIT: '1mb',
        CORS_ORIGINS: 'https://console.example.com',
        RUNS_LEAVE_GRACE_MS: '1',
        STREAM_OPEN_GRACE_MS: '20',
        STREAM_HEARTBEAT_MS: '50',
      },
    });
  });
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await bench.close();
  });
  const keep = async (connecting: Promise<TestClient>): Promise<TestClient> => {
    const client = await connecting;
    clients.push(client);
    return client;
  };

  describe.each(CLIENTS)('for clients of %s', (_, connect) => {
    let client: TestClient;
    beforeAll(async () => {
      client = await keep(connect(bench.app.url));
    });

    it('are listed once each, with valid names', async () => {
      const { tools } = await client.listTools();
      const names = tools.map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(['chat', 'approval', 'teams_weather']));
      expect(new Set(names).size).toBe(names.length);
      expect(names.filter((name) => !/^[\w.-]{1,128}$/.test(name))).toEqual([]);
    });

    it('tell what happens and the text as it comes to whoever asks for it', async () => {
      const rest = gate();
      bench.upstream.next(scriptStream(['Blue', rest, ' sky.']));
      const news: News[] = [];
      const calling = client.call('chat', { input: 'Why?' }, { onprogress: (one) => void news.push(one) });
      await eventually(() => news.some(({ message }) => message === 'Blue'), { message: 'the first text' });
      rest.open();
      const called = await calling;
      expect(readText(called)).toBe('Blue sky.');
      expect(called.isError).not.toBe(true);
      expect(called._meta).toMatchObject({ 'millrace/finish_reason': 'stop', 'millrace/usage': { total_tokens: 12 } });
      expect(news.map(({ message }) => message)).toEqual(['answer has begun', 'Blue', ' sky.']);
      expect(news.map(({ progress }) => progress)).toEqual([1, 2, 3]);
      expect(bench.upstream.requests.at(-1)?.body.messages).toEqual([{ role: 'user', content: 'Why?' }]);
    });

    it('give an object that fits the schema that was listed', async () => {
      // A model that writes strictly writes null for what is not there.
      bench.upstream.next(scriptCompletion({ city: 'Bern', degrees: 21, warning: null }));
      await client.listTools();
      const called = await client.call('teams_weather', { input: 'Bern?' });
      expect(called.structuredContent).toMatchObject({ city: 'Bern', degrees: 21 });
      expect(JSON.parse(readText(called))).toMatchObject({ city: 'Bern', degrees: 21 });
    });

    it('end when the client cancels a call', async () => {
      const before = bench.upstream.requests.length;
      bench.upstream.next(scriptStream(['Wait', gate()]));
      const abort = new AbortController();
      const calling = catchRejection(client.call('chat', { input: 'Why?' }, { signal: abort.signal }));
      const asked = await bench.upstream.request(before);
      abort.abort();
      expect(await asked.closed).toBe('aborted');
      await calling;
    });

    it('answer a failure with the message that other protocols give', async () => {
      bench.upstream.next(httpError(400, { error: { message: 'secret words', code: 'context_length_exceeded' } }));
      const elsewhere = (await bench.ask()).json as { error: { message: string; code: string } };
      bench.upstream.next(httpError(400, { error: { message: 'secret words', code: 'context_length_exceeded' } }));
      const called = await client.call('chat', { input: 'Why?' });
      expect(called.isError).toBe(true);
      expect(readText(called)).toBe(elsewhere.error.message);
      expect(called._meta).toMatchObject({ 'millrace/error': { code: elsewhere.error.code } });
    });
  });

  it('refuse arguments with words that help a model, before anything is asked', async () => {
    const client = await keep(connectNew(bench.app.url, 'auto'));
    const before = bench.upstream.requests.length;
    for (const [args, words] of [
      [{}, "Missing required argument: 'input'"],
      [{ input: 7 }, "'input'"],
      [{ input: 'Hi', temperature: 'hot' }, "'temperature'"],
      [{ input: 'Hi', tools: [] }, "Unknown argument: 'tools'"],
      [{ input: 'Hi', messages: [{ role: 'nobody', content: '' }] }, 'messages[0].role'],
    ] as const) {
      const called = await client.call('chat', args);
      expect([called.isError, readText(called)]).toEqual([true, expect.stringContaining(words)]);
    }
    expect(bench.upstream.requests.length).toBe(before);
  });

  it('take a conversation and the parameters of a chat', async () => {
    const client = await keep(connectNew(bench.app.url, 'auto'));
    bench.upstream.next(scriptStream('Yes.'));
    const messages = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello' },
    ];
    await client.call('chat', { messages, input: 'Again?', temperature: 0.5 });
    const { body } = bench.upstream.requests.at(-1) ?? {};
    expect(body).toMatchObject({ temperature: 0.5, messages: [...messages, { role: 'user', content: 'Again?' }] });
  });

  it('show life while nothing is told', async () => {
    const rest = gate();
    bench.upstream.next(scriptStream([rest, 'Hi']));
    const message = callMessage('chat', { input: 'Hi' });
    const headers = { accept: 'application/json, text/event-stream' };
    const answer = await send('POST', `${bench.app.url}/mcp`, message, { headers }).answer;
    let text = '';
    answer.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    await eventually(() => text.split(/^: /m).length > 2, { message: 'two heartbeats' });
    rest.open();
    await eventually(() => text.includes('"result"'), { message: 'the result' });
  });

  it('say no more than a client reads that wants to be told all', async () => {
    const message = callMessage('recite', {}, { progressToken: 'flood' });
    const { request, answer } = send('POST', `${bench.app.url}/mcp`, message, {
      headers: { accept: 'application/json, text/event-stream' },
    });
    answer.catch(() => undefined);
    request.on('response', (response) => response.pause());
    const said = await standstill(() => ReciteNode.said, 'what the workflow says');
    request.destroy();
    expect(said).toBeLessThan(FLOOD / 2);
  });

  describe('that wait for answers', () => {
    it('ask the user of a client of the newest version, again if the answer does not fit', async () => {
      const asked: string[] = [];
      const client = await keep(
        connectNew(bench.app.url, 'auto', {
          elicit: (message) => {
            asked.push(message);
            if (message.includes('parcel')) return { action: 'accept', content: { labels: '["a", "b"]' } };
            return { action: 'accept', content: { euros: asked.length <= 2 ? 1.5 : 7 } };
          },
        }),
      );
      expect(readText(await client.call('order', {}))).toBe('7: a+b');
      expect(asked[0]).toMatch(/answer: price\n\narticle: a chair/);
      expect(asked.filter((message) => message.includes('does not fit'))).not.toEqual([]);
    });

    it('say how they are answered where nobody answers, and go on when somebody does', async () => {
      const client = await keep(connectNew(bench.app.url, 'auto', { elicit: () => ({ action: 'decline' }) }));
      bench.upstream.next(scriptStream('A draft'));
      const called = await client.call('approval', { input: 'We move' });
      const run = String(called._meta?.['millrace/run']);
      expect(readText(called)).toContain(`POST /v1/runs/${run}/waits/approve`);
      expect((await readRun(bench.app, run)).status).toBe('waiting');
      // Nobody reads it.
      bench.upstream.next(scriptStream(['Out ', delay(100), 'it goes']));
      await postJson(`${bench.app.baseUrl}/runs/${run}/waits/approve`, { value: { approved: true } });
      const ended = await eventually(async () => {
        const now = await readRun(bench.app, run);
        return now.status === 'completed' ? now : undefined;
      });
      expect(ended.output).toContain('Out it goes');
    });

    it('say so to clients that cannot ask anybody', async () => {
      const client = await keep(connectOld(bench.app.url));
      bench.upstream.next(scriptStream('A draft'));
      const called = await client.call('approval', { input: 'We move' });
      expect(called.isError).not.toBe(true);
      expect(readText(called)).toMatch(/^A draft\n.*waits for an answer from a person/);
      expect(called._meta?.['millrace/waits']).toMatchObject([{ name: 'approve', shown: { draft: 'A draft' } }]);
    });

    it('end when their client leaves while they are at work', async () => {
      const client = await keep(connectNew(bench.app.url, 'auto'));
      const before = bench.upstream.requests.length;
      bench.upstream.next(scriptStream(['A draft', gate()]));
      const abort = new AbortController();
      const calling = catchRejection(client.call('approval', { input: 'We move' }, { signal: abort.signal }));
      const asked = await bench.upstream.request(before);
      abort.abort();
      expect(await asked.closed).toBe('aborted');
      await calling;
    });

    it('give a run to nobody who has made its id up', async () => {
      const meta = {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
        'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
      };
      const params = { name: 'order', arguments: {}, requestState: 'run_0123', inputResponses: {}, _meta: meta };
      const { text } = await post(
        bench.app.url,
        { jsonrpc: '2.0', id: 1, method: 'tools/call', params },
        { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'order' },
      );
      expect(readMessages(text)[0]).toMatchObject({ result: { isError: true } });
      expect(text).toContain('No run of yours waits');
    });
  });

  describe('refuse in the form of JSON-RPC', () => {
    it.each([
      ['no JSON', '{"jsonrpc":', {}, 400, -32_700],
      ['several messages at once', [callMessage('chat', {}), callMessage('chat', {})], {}, 400, -32_600],
      ['another type of body', 'jsonrpc', { 'content-type': 'text/plain' }, 415, -32_000],
      ['a page whose name leads here', callMessage('chat', {}), { origin: 'http://evil.example.com' }, 403, -32_000],
      ['a page without a name', callMessage('chat', {}), { origin: 'null' }, 403, -32_000],
    ] as const)('%s', async (_, message, headers, status, code) => {
      const refused = await post(bench.app.url, message, headers);
      expect([refused.status, refused.json]).toMatchObject([status, { jsonrpc: '2.0', id: null, error: { code } }]);
    });

    it('a body that is too large, before it is read', async () => {
      expect((await post(bench.app.url, callMessage('chat', { input: 'x'.repeat(1_100_000) }))).status).toBe(413);
    });

    it.each(['GET', 'DELETE'])('%s, which no client without a session needs', async (method) => {
      const headers = { accept: 'text/event-stream' };
      const { status, headers: given } = await readResponse(
        await send(method, `${bench.app.url}/mcp`, undefined, { headers }).answer,
      );
      expect([status, given['allow']]).toEqual([405, 'POST']);
    });

    it('but not pages of this machine, or of origins that are allowed', async () => {
      for (const origin of ['http://localhost:5173', 'http://127.0.0.1:8080', 'https://console.example.com']) {
        const { status } = await post(bench.app.url, { jsonrpc: '2.0', id: 1, method: 'ping' }, { origin });
        expect([origin, status]).toEqual([origin, 200]);
      }
    });
  });

  it('pass the official conformance tests that apply', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-mcp-'));
    const conformance = join(ROOT, 'node_modules/@modelcontextprotocol/conformance/dist/index.js');
    const baseline = join(ROOT, 'test/fixtures/mcp-conformance.yml');
    const hook = join(ROOT, 'test/support/fs-with-glob.mjs');
    const url = `${bench.app.url.replace('127.0.0.1', 'localhost')}/mcp`;
    const options = ['--suite', 'all', '--url', url, '--expected-failures', baseline];
    const tests = await startProcess(['--import', hook, conformance, 'server', ...options], { cwd: folder });
    const { code } = await tests.exit;
    await rm(folder, { recursive: true });
    if (code !== 0) throw new Error(tests.stdout + tests.stderr);
  });

  (INSPECTOR === undefined ? it.skip : it)(
    'are called by the official inspector, where MCP_INSPECTOR names its program, which needs Node 22.19',
    async () => {
      bench.upstream.next(scriptStream('Hi'));
      const call = ['--method', 'tools/call', '--tool-name', 'chat', '--tool-arg', 'input=Hello'];
      const inspector = await startProcess(['--cli', `${bench.app.url}/mcp`, '--transport', 'http', ...call], {
        ...(INSPECTOR !== undefined && { command: INSPECTOR }),
      });
      expect(await inspector.exit).toMatchObject({ code: 0 });
      expect(inspector.stdout).toContain('"text": "Hi"');
    },
  );

  it('are served over streams to a client of the newest version, whose user answers', async () => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    const end = new AbortController();
    const serving = bench.app.get(McpStdio).serve({ input, output, signal: end.signal });
    const client = new Client(
      { name: 'test', version: '1' },
      { versionNegotiation: { mode: { pin: '2026-07-28' } }, capabilities: { elicitation: {} } },
    );
    client.setRequestHandler('elicitation/create', ({ params }) =>
      params.message.includes('price')
        ? { action: 'accept', content: { euros: params.message.includes('does not fit') ? 3 : 'three' } }
        : { action: 'accept', content: { labels: '["x"]' } },
    );
    // Its lines are those of a client as well.
    await client.connect(new StdioServerTransport(output, input));
    const called = (await client.callTool({ name: 'order', arguments: {} })) as unknown as Called;
    expect(readText(called)).toBe('3: x');
    await client.close();
    end.abort();
    await serving;
  });
});

describe('workflows as tools, where keys are needed', () => {
  const FEW = 'sk-mr-of-few-0123456789abcdef';
  const ONE = 'sk-mr-of-one-0123456789abcdef';
  const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });
  let bench: Bench;
  let log: LogCapture;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-mcp-keys-'));
    const hash = (key: string): string => `sha256:${createHash('sha256').update(key).digest('hex')}`;
    const keys = [
      { name: 'few', hash: hash(FEW), workflows: ['chat'] },
      { name: 'one', hash: hash(ONE), limits: { requestsPerMinute: 1 } },
    ];
    await writeFile(join(folder, 'keys.json'), JSON.stringify(keys));
    const env = { API_KEYS_FILE: join(folder, 'keys.json'), LOG_LEVEL: 'info', LOG_FORMAT: 'json' };
    log = new LogCapture();
    bench = await Bench.start({ imports: [WORKFLOWS], env });
  });
  // Between tests, jest takes back what holds the log.
  beforeEach(() => {
    log = new LogCapture();
  });
  afterEach(() => log.stop());
  afterAll(async () => {
    log = new LogCapture();
    await bench.close();
    log.stop();
    await rm(folder, { recursive: true });
  });
  const findLine = (answer: HttpResponse): Promise<Readonly<Record<string, unknown>>> =>
    eventually(() => log.lines('Access').find(({ request_id: id }) => id === answer.headers['x-request-id']), {
      message: 'the line in the access log',
    });

  it('are for nobody without a key', async () => {
    const { status, headers } = await post(bench.app.url, callMessage('chat', { input: 'Hi' }));
    expect([status, headers['www-authenticate']]).toEqual([401, 'Bearer']);
  });

  it('are listed for a key as far as it may use them, and another one is as if it were not there', async () => {
    const client = await connectNew(bench.app.url, 'auto', { headers: bearer(FEW) });
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['chat']);
    const [forbidden, unknown] = await Promise.all(
      ['approval', 'nobody'].map((name) => catchRejection(client.call(name, { input: 'Hi' }))),
    );
    expect(String(forbidden).replace('approval', 'nobody')).toBe(String(unknown));
    await client.close();
  });

  it('are called with a line in the access log and a run of their own', async () => {
    bench.upstream.next(scriptStream('Hi'));
    const called = await post(bench.app.url, callMessage('chat', { input: 'my secret words' }), bearer(FEW));
    expect([called.status, called.headers['content-type']]).toEqual([
      200,
      expect.stringMatching(/^text\/event-stream/),
    ]);
    const [{ result }] = readMessages(called.text) as unknown as [{ result: Called }];
    const line = await findLine(called);
    expect(line).toMatchObject({ path: '/mcp', outcome: 'stop', workflow: 'chat', output_tokens: 1, key: 'few' });
    expect(line['run_id']).toBe(result._meta?.['millrace/run']);
    const wrong = await post(bench.app.url, callMessage('chat', { nonsense: 1 }), bearer(FEW));
    expect(await findLine(wrong)).toMatchObject({ status: 200, outcome: 'invalid_request', workflow: 'chat' });
    const unknown = await post(bench.app.url, callMessage('nobody', {}), bearer(FEW));
    expect(readMessages(unknown.text)[0]).toMatchObject({ id: 7, error: { code: -32_602 } });
    expect(await findLine(unknown)).toMatchObject({ outcome: 'unknown_model', workflow: 'unknown' });
    expect(log.text).not.toContain('secret words');
  });

  it('are within the limits of the key, in which only calls count', async () => {
    const client = await connectNew(bench.app.url, 'legacy', { headers: bearer(ONE) });
    for (let count = 0; count < 3; count++) await client.listTools();
    await client.close();
    bench.upstream.next(scriptStream('Hi'));
    expect((await post(bench.app.url, callMessage('chat', { input: 'Hi' }), bearer(ONE))).status).toBe(200);
    const refused = await post(bench.app.url, callMessage('chat', { input: 'Hi' }), bearer(ONE));
    expect([refused.status, refused.json]).toMatchObject([
      429,
      { jsonrpc: '2.0', error: { code: -32_000, data: { code: 'rate_limit_exceeded' } } },
    ]);
    expect(refused.headers['retry-after']).toBeDefined();
  });
});

/** An author's code that logs, from when the conversation has begun. */
const NOISE = `const { write } = process.stdout;
setInterval(() => process.stdout.write === write || console.log('noise'), 5).unref();`;

describe('millrace mcp', () => {
  beforeAll(ensureServerIsBuilt, 120_000);

  it('serves workflows over stdin and stdout to an older client, whose user answers', async () => {
    const client = new OldClient({ name: 'test', version: '1' }, { capabilities: { elicitation: {} } });
    const asked: unknown[] = [];
    client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
      asked.push(params.message);
      return { action: 'accept', content: { approved: true } };
    });
    const faults: Error[] = [];
    // The SDK has no other way.
    // eslint-disable-next-line unicorn/prefer-add-event-listener
    client.onerror = (fault) => void faults.push(fault);
    const dist = join(ROOT, 'dist');
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [join(dist, 'cli.js'), 'mcp'],
      cwd: dist,
      env: { DEMO_TOKENS_PER_SECOND: '0', NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(NOISE)}` },
      stderr: 'ignore',
    });
    await client.connect(transport);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain('approval');
    const news: News[] = [];
    const called = (await client.callTool({ name: 'approval', arguments: { input: 'We move' } }, undefined, {
      onprogress: (one) => void news.push(one),
    })) as unknown as Called;
    expect(called.isError).not.toBe(true);
    expect(asked).toHaveLength(1);
    expect(news.length).toBeGreaterThan(2);
    await client.close();
    // A line that is no message would have been one.
    expect(faults).toEqual([]);
  });
});
