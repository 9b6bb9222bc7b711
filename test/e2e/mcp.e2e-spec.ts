import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { IsInt, IsOptional, IsString } from 'class-validator';
import { agent, type ChatRefs, type Deltas, type Flow, type TaskContext, Workflow } from '../../src/workflow/index.js';
import { Bench, makeWorkflowsModule } from '../support/bench.js';
import { catchRejection, eventually, standstill } from '../support/checks.js';
import { readResponse, send } from '../support/client.js';
import * as mcp from '../support/mcp-clients.js';
import { startProcess } from '../support/process.js';
import { scriptCompletion, scriptStream } from '../support/upstream/index.js';
import { gate, httpError } from '../support/upstream/steps.js';
import { ROOT } from '../support/places.js';

/** The official inspector is not a dependency, because it needs a newer Node than this project. */
const { MCP_INSPECTOR: INSPECTOR } = process.env;
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

/** Yields text from memory, and lets other work run in between. */
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
);

describe('workflows as tools of MCP', () => {
  let bench: Bench;
  const clients = new mcp.McpClients();
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
    await clients.close();
    await bench.close();
  });

  describe.each(mcp.MCP_CLIENTS)('for clients of %s', (_, connect) => {
    let client: mcp.McpClient;
    beforeAll(async () => {
      client = await clients.keep(connect(bench.app.url));
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
      const news: mcp.News[] = [];
      const calling = client.call('chat', { input: 'Why?' }, { onprogress: (one) => void news.push(one) });
      await eventually(() => news.some(({ message }) => message === 'Blue'), { message: 'the first text' });
      rest.open();
      const called = await calling;
      expect(mcp.readCallText(called)).toBe('Blue sky.');
      expect(called.isError).not.toBe(true);
      expect(called._meta).toMatchObject({ 'millrace/finish_reason': 'stop', 'millrace/usage': { total_tokens: 12 } });
      expect(news.map(({ message }) => message)).toEqual(['answer has begun', 'Blue', ' sky.']);
      expect(news.map(({ progress }) => progress)).toEqual([1, 2, 3]);
      expect(bench.upstream.requests.at(-1)?.body.messages).toEqual([{ role: 'user', content: 'Why?' }]);
    });

    it('give an object that fits the schema that was listed', async () => {
      // In strict mode, a model writes null for absent values.
      bench.upstream.next(scriptCompletion({ city: 'Bern', degrees: 21, warning: null }));
      await client.listTools();
      const called = await client.call('teams_weather', { input: 'Bern?' });
      expect(called.structuredContent).toMatchObject({ city: 'Bern', degrees: 21 });
      expect(JSON.parse(mcp.readCallText(called))).toMatchObject({ city: 'Bern', degrees: 21 });
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
      expect(mcp.readCallText(called)).toBe(elsewhere.error.message);
      expect(called._meta).toMatchObject({ 'millrace/error': { code: elsewhere.error.code } });
    });
  });

  it('refuse arguments with words that help a model, before anything is asked', async () => {
    const client = await clients.keep(mcp.connectNew(bench.app.url, 'auto'));
    const before = bench.upstream.requests.length;
    for (const [args, words] of [
      [{}, "Missing required argument: 'input'"],
      [{ input: 7 }, "'input'"],
      [{ input: 'Hi', temperature: 'hot' }, "'temperature'"],
      [{ input: 'Hi', tools: [] }, "Unknown argument: 'tools'"],
      [{ input: 'Hi', messages: [{ role: 'nobody', content: '' }] }, 'messages[0].role'],
    ] as const) {
      const called = await client.call('chat', args);
      expect([called.isError, mcp.readCallText(called)]).toEqual([true, expect.stringContaining(words)]);
    }
    expect(bench.upstream.requests.length).toBe(before);
  });

  it('take a conversation and the parameters of a chat', async () => {
    const client = await clients.keep(mcp.connectNew(bench.app.url, 'auto'));
    bench.upstream.next(scriptStream('Yes.'));
    const messages = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello' },
    ];
    await client.call('chat', { messages, input: 'Again?', temperature: 0.5 });
    const { body } = bench.upstream.requests.at(-1) ?? {};
    expect(body).toMatchObject({ temperature: 0.5, messages: [...messages, { role: 'user', content: 'Again?' }] });
  });

  it('send keep-alives in silence', async () => {
    const rest = gate();
    bench.upstream.next(scriptStream([rest, 'Hi']));
    const message = mcp.callMessage('chat', { input: 'Hi' });
    const headers = { accept: 'application/json, text/event-stream' };
    const response = await send('POST', `${bench.app.url}/mcp`, message, { headers }).response;
    let text = '';
    response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    await eventually(() => text.split(/^: /m).length > 2, { message: 'two heartbeats' });
    rest.open();
    await eventually(() => text.includes('"result"'), { message: 'the result' });
  });

  it('do not run ahead of a client that reads slowly and wants every piece', async () => {
    const message = mcp.callMessage('recite', {}, { progressToken: 'flood' });
    const { request, response } = send('POST', `${bench.app.url}/mcp`, message, {
      headers: { accept: 'application/json, text/event-stream' },
    });
    response.catch(() => undefined);
    request.on('response', (response) => response.pause());
    const said = await standstill(() => ReciteNode.said, 'what the workflow says');
    request.destroy();
    expect(said).toBeLessThan(FLOOD / 2);
  });

  describe('refuse in the form of JSON-RPC', () => {
    it.each([
      ['no JSON', '{"jsonrpc":', {}, 400, -32_700],
      ['several messages at once', [mcp.callMessage('chat', {}), mcp.callMessage('chat', {})], {}, 400, -32_600],
      ['another type of body', 'jsonrpc', { 'content-type': 'text/plain' }, 415, -32_000],
      [
        'a page whose name leads here',
        mcp.callMessage('chat', {}),
        { origin: 'http://evil.example.com' },
        403,
        -32_000,
      ],
      ['a page without a name', mcp.callMessage('chat', {}), { origin: 'null' }, 403, -32_000],
    ] as const)('%s', async (_, message, headers, status, code) => {
      const refused = await mcp.postMessage(bench.app.url, message, headers);
      expect([refused.status, refused.json]).toMatchObject([status, { jsonrpc: '2.0', id: null, error: { code } }]);
    });

    it('a body that is too large, before it is read', async () => {
      expect(
        (await mcp.postMessage(bench.app.url, mcp.callMessage('chat', { input: 'x'.repeat(1_100_000) }))).status,
      ).toBe(413);
    });

    it.each(['GET', 'DELETE'])('%s, which no client without a session needs', async (method) => {
      const headers = { accept: 'text/event-stream' };
      const { status, headers: given } = await readResponse(
        await send(method, `${bench.app.url}/mcp`, undefined, { headers }).response,
      );
      expect([status, given['allow']]).toEqual([405, 'POST']);
    });

    it('but not pages of this machine, or of origins that are allowed', async () => {
      for (const origin of ['http://localhost:5173', 'http://127.0.0.1:8080', 'https://console.example.com']) {
        const { status } = await mcp.postMessage(bench.app.url, { jsonrpc: '2.0', id: 1, method: 'ping' }, { origin });
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
});
