import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { agent, type ChatRefs, type Flow, mcpServer, Workflow } from '../../src/workflow/index.js';
import { Bench, LogCapture, makeWorkflowsModule, TestApp } from '../support/bench.js';
import { catchRejection, eventually } from '../support/checks.js';
import { type CallScript, ScriptedMcpServer, sendError, sendResult } from '../support/scripted-mcp-server.js';
import { scriptStream, scriptToolCalls } from '../support/upstream/index.js';
import { isAlive } from '../support/process.js';

const SECRET = 'sk-secret-of-the-docs-server';
const PROGRAM = join(import.meta.dirname, '../fixtures/mcp-program.mjs');
const SEARCH = {
  name: 'search',
  description: 'Searches the docs',
  inputSchema: {
    type: 'object',
    properties: { query: { type: 'string', minLength: 2 }, limit: { type: 'integer', default: 5 } },
    required: ['query'],
  },
};
/** Answers a call with a result that repeats the query. */
const SEARCHING: CallScript = (call, response) =>
  sendResult(response, call, {
    content: [{ type: 'text', text: `found ${String(call.params?.arguments?.['query'])}` }],
  });

@Workflow({ id: 'docs', description: 'Answers from the docs' })
class DocsWorkflow {
  readonly answer = agent({ tools: [mcpServer('docs')] });
  define(flow: Flow, { messages }: ChatRefs) {
    return flow.stream(this.answer, { messages });
  }
}

@Workflow({ id: 'few', description: 'Has one tool of the docs' })
class FewToolsWorkflow {
  readonly answer = agent({ tools: [mcpServer('docs', { tools: ['read'] })] });
  define(flow: Flow, { messages }: ChatRefs) {
    return flow.stream(this.answer, { messages });
  }
}

@Workflow({ id: 'program', description: 'Has the tools of a program' })
class ProgramWorkflow {
  readonly answer = agent({
    tools: [mcpServer({ name: 'program', command: process.execPath, args: [PROGRAM], env: { GIVEN: 'yes' } })],
  });
  define(flow: Flow, { messages }: ChatRefs) {
    return flow.stream(this.answer, { messages });
  }
}

const WORKFLOWS = makeWorkflowsModule(DocsWorkflow, FewToolsWorkflow, ProgramWorkflow);

describe('tools of MCP servers', () => {
  let server: ScriptedMcpServer;
  let bench: Bench;
  beforeAll(async () => {
    server = await ScriptedMcpServer.start();
    const servers = { docs: { url: server.url, headers: { Authorization: `Bearer ${SECRET}` }, timeout: 1_000 } };
    const log = new LogCapture();
    bench = await Bench.start({
      imports: [WORKFLOWS],
      env: { MCP_SERVERS: JSON.stringify(servers), LOG_LEVEL: 'warn', LOG_FORMAT: 'json' },
    });
    log.stop();
  });
  afterAll(async () => {
    await bench.close();
    await server.close();
  });
  beforeEach(() => {
    server.tools = [SEARCH];
    server.onCall = SEARCHING;
  });

  /**
   * Lets the model call a tool and continue.
   * @returns the message that the model got, and the end of the run
   */
  const callTool = async (args: object, { model = 'docs', tool = 'search' } = {}) => {
    bench.upstream.next(scriptToolCalls('call_1', tool, args));
    bench.upstream.next(scriptStream('So it is.'));
    const { status, text } = await bench.ask({ model });
    const { messages, tools } = bench.upstream.requests.at(-1)?.body ?? {};
    expect([status, text]).toEqual([200, expect.stringContaining('So it is.')]);
    return { told: readLast(messages), tools };
  };

  it('are given to the model as they are listed, and called by one connection for all runs, which is opened when it is needed', async () => {
    expect(server.received).toEqual([]);
    const [first, second] = [await callTool({ query: 'snow' }), await callTool({ query: 'ice' })];
    expect([first.told, second.told]).toEqual(['found snow', 'found ice']);
    const { name, description, inputSchema: parameters } = SEARCH;
    expect(first.tools).toEqual([{ type: 'function', function: { name, description, parameters } }]);
    expect([server.count('initialize'), server.count('tools/list'), server.count('tools/call')]).toEqual([1, 1, 2]);
    expect(new Set(server.received.map(({ headers }) => headers.authorization))).toEqual(new Set([`Bearer ${SECRET}`]));
  });

  it('are not called with arguments that do not fit', async () => {
    const before = server.count('tools/call');
    expect((await callTool({ query: 'x', limit: 'many' })).told).toMatch(/^Error: the arguments do not fit\./);
    expect(server.count('tools/call')).toBe(before);
  });

  describe('end a call, and nothing else, with a clear error', () => {
    it.each<[string, CallScript, string]>([
      ['that hangs', () => undefined, 'Error: the tool took longer than 1000 ms.'],
      [
        'whose server goes away',
        (_, response) => void response.socket?.destroy(),
        'Error: the MCP server "docs" could not be called, or its response was not valid.',
      ],
      [
        'whose server goes away in the middle of its response',
        (_, response) => {
          response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': wait\n\n');
          setImmediate(() => response.socket?.destroy());
        },
        'Error: the MCP server "docs" was disconnected during the call.',
      ],
      [
        'whose server sends 10 MB',
        (call, response) => sendResult(response, call, { content: [{ type: 'text', text: 'x'.repeat(10_000_000) }] }),
        'Error: the MCP server "docs" sent more than 4 MB at once.',
      ],
      [
        'whose result is longer than a model is told',
        (call, response) => sendResult(response, call, { content: [{ type: 'text', text: 'x'.repeat(300_000) }] }),
        'Error: the MCP server "docs" gave a result of 300000 characters, and the limit is 262144. Ask for less.',
      ],
      [
        'that is refused',
        (call, response) => sendError(response, call, -32_000, `secret ${SECRET}`),
        'Error: the MCP server "docs" refused the call, or returned what does not fit its own schema.',
      ],
      [
        'whose response is not JSON',
        (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{'),
        'Error: the MCP server "docs" could not be called, or its response was not valid.',
      ],
      [
        'that fails in the words of its author',
        (call, response) =>
          sendResult(response, call, { isError: true, content: [{ type: 'text', text: 'No such page.' }] }),
        'Error: No such page.',
      ],
    ])('one %s', async (_, script, error) => {
      server.onCall = script;
      expect((await callTool({ query: 'snow' })).told).toBe(error);
      server.onCall = SEARCHING;
      expect((await callTool({ query: 'again' })).told).toBe('found again');
    });

    it('one whose server breaks its own output schema', async () => {
      const outputSchema = { type: 'object', properties: { hits: { type: 'integer' } }, required: ['hits'] };
      server.tools = [{ ...SEARCH, outputSchema }];
      server.onCall = (call, response) =>
        sendResult(response, call, { content: [], structuredContent: { hits: 'none' } });
      const told = await eventually(async () => {
        server.tell('notifications/tools/list_changed');
        const called = await callTool({ query: 'snow' });
        return called.told.startsWith('Error') && called.told;
      });
      expect(told).toBe('Error: the MCP server "docs" refused the call, or returned what does not fit its own schema.');
    });
  });

  it('are listed again when the server reports a change', async () => {
    await eventually(() => server.listeners > 0, { message: 'a client that listens' });
    for (const tool of ['find', 'search']) {
      server.tools = [{ ...SEARCH, name: tool }];
      server.tell('notifications/tools/list_changed');
      await eventually(async () => (await callTool({ query: 'snow' }, { tool })).told === 'found snow');
    }
  });

  it('are called once more when the server has forgotten the session', async () => {
    server.forgetSessions();
    expect((await callTool({ query: 'snow' })).told).toBe('found snow');
  });

  it('are left out if their schema is invalid, and the others stay', async () => {
    const log = new LogCapture();
    server.tools = [
      SEARCH,
      { name: 'broken', inputSchema: { type: 'object', properties: { a: { type: 'nothing' } } } },
    ];
    const lines = await eventually(async () => {
      server.tell('notifications/tools/list_changed');
      await callTool({ query: 'snow' });
      const found = log.lines('Run').filter(({ tool }) => tool === 'broken');
      return found.length > 0 && found;
    });
    log.stop();
    expect(lines).toMatchObject([{ server: 'docs', level: 'warn' }]);
    expect(bench.upstream.requests.at(-1)?.body['tools']).toHaveLength(1);
    expect(log.text).not.toContain(SECRET);
  });

  it('are those that the agent names', async () => {
    server.tools = [SEARCH, { ...SEARCH, name: 'read' }];
    const names = await eventually(async () => {
      server.tell('notifications/tools/list_changed');
      bench.upstream.next(scriptStream('Yes.'));
      await bench.ask({ model: 'few' });
      const tools = (bench.upstream.requests.at(-1)?.body['tools'] ?? []) as { function: { name: string } }[];
      return tools.length > 0 && tools.map((tool) => tool.function.name);
    });
    expect(names).toEqual(['read']);
  });

  it('are those of a program as well, which sees no keys of ours and ends with the application', async () => {
    const other = await Bench.start({
      imports: [WORKFLOWS],
      env: { MCP_SERVERS: '{"docs": {"url": "http://127.0.0.1:9"}}' },
    });
    other.upstream.next(scriptToolCalls('call_1', 'env', {}));
    other.upstream.next(scriptStream('So it is.'));
    await other.ask({ model: 'program' });
    const told = readLast(other.upstream.requests.at(-1)?.body.messages);
    expect(told).toMatch(/^pid \d+; .*GIVEN/);
    expect(told).not.toMatch(/OPENAI|NODE_OPTIONS|npm_/);
    const pid = Number(/pid (\d+)/.exec(told)?.[1]);
    process.kill(pid, 0);
    // An unavailable server only removes its own tools.
    other.upstream.next(scriptStream('Without.'));
    const { text } = await other.ask({ model: 'docs' });
    expect(text).toContain('Without.');
    expect(other.upstream.requests.at(-1)?.body).not.toHaveProperty('tools');
    await other.close();
    await eventually(() => !isAlive(pid), { message: 'the end of the program' });
  });

  it('must be of a server that is known when the application starts', async () => {
    const failure = await catchRejection(TestApp.start({ imports: [WORKFLOWS] }));
    expect(String(failure)).toContain('tools of the MCP server "docs", and MCP_SERVERS does not name it');
  });
});

/** The content of the last message of a request to a model. */
function readLast(messages: readonly unknown[] = []): string {
  const { content = '' } = (messages.at(-1) ?? {}) as { readonly content?: string };
  return content;
}
