import type { ServerResponse } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { REPLY } from '../fixtures/structured-outputs.js';
import { Bench, FakeClock, LogCapture } from '../support/bench.js';
import { eventually } from '../support/checks.js';
import { getJson } from '../support/client.js';
import { listOutputTypes, openMcpRequests, SEARCH, WRITE } from '../support/mcp-request-kit.js';
import { createResponse, failResponse, streamResponse } from '../support/responses-client.js';
import type { WireResponse } from '../support/response-schemas.js';
import { type CallScript, sendError, sendResult } from '../support/scripted-mcp-server.js';
import { scriptCompletion, scriptStream, scriptToolCalls } from '../support/upstream/index.js';

const TOKEN = 'token-of-the-docs-server';

describe('MCP servers that a request for a response names', () => {
  const kit = openMcpRequests();
  const { docs, callSearch, say, lastRequest, lastMessages } = kit;

  it('list their tools and are called, and the stream tells each step', async () => {
    callSearch();
    say();
    const { response, events, text } = await streamResponse(kit.bench.app, { tools: [docs()] });
    expect(text).toBe('So it is.');
    const { name, description, inputSchema: input_schema, annotations } = SEARCH;
    expect(response.output).toMatchObject([
      { type: 'mcp_list_tools', server_label: 'docs', tools: [{ name, description, input_schema, annotations }] },
      {
        type: 'mcp_call',
        server_label: 'docs',
        name,
        arguments: '{"query":"snow"}',
        output: 'found snow',
        error: null,
        status: 'completed',
        approval_request_id: null,
      },
      { type: 'message', content: [{ text: 'So it is.' }] },
    ]);
    const told = events.map(({ type }) => type).filter((type) => !/content_part|output_text/.test(type));
    expect(told).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.mcp_list_tools.in_progress',
      'response.mcp_list_tools.completed',
      'response.output_item.done',
      'response.output_item.added',
      'response.mcp_call.in_progress',
      'response.mcp_call_arguments.delta',
      'response.mcp_call_arguments.done',
      'response.mcp_call.completed',
      'response.output_item.done',
      'response.output_item.added',
      'response.output_item.done',
      'response.completed',
    ]);
    expect(lastMessages().at(-1)).toEqual({ role: 'tool', tool_call_id: 'call_1', content: 'found snow' });
    expect(lastRequest()['tools']).toEqual([
      { type: 'function', function: { name, description, parameters: input_schema } },
    ]);
    await eventually(() => kit.server.ended > 0, { message: 'the end of the session' });
  });

  it.each<[string, object, readonly string[]]>([
    ['names', { allowed_tools: ['write'] }, ['write']],
    ['a filter of names', { allowed_tools: { tool_names: ['search'] } }, ['search']],
    ['a filter of those that only read', { allowed_tools: { read_only: true } }, ['search']],
    ['nothing', {}, ['search', 'write']],
  ])('offer the tools that are allowed by %s', async (_, more, names) => {
    kit.server.tools = [SEARCH, WRITE];
    say();
    const { output } = await createResponse(kit.bench.app, { tools: [docs(more)] });
    expect(output[0]).toMatchObject({ tools: names.map((name) => ({ name })) });
    const tools = lastRequest()['tools'] as { function: { name: string } }[];
    expect(tools.map((tool) => tool.function.name)).toEqual(names);
  });

  it('can be chosen by tool_choice, beside functions of the client', async () => {
    kit.server.tools = [SEARCH, WRITE];
    const add = { type: 'function', name: 'add', parameters: { type: 'object', properties: {} } };
    callSearch();
    say();
    const tool_choice = { type: 'mcp', server_label: 'docs', name: 'search' };
    await createResponse(kit.bench.app, { tools: [docs(), add], tool_choice });
    const [first, second] = kit.bench.upstream.requests.slice(-2).map(({ body }) => body);
    expect(first).toMatchObject({ tool_choice: 'required', tools: [{ function: { name: 'search' } }] });
    expect(second).not.toHaveProperty('tool_choice');
    expect(await failResponse(kit.bench.app, { tools: [add], tool_choice })).toMatchObject({ param: 'tool_choice' });
    say();
    await createResponse(kit.bench.app, { tools: [docs(), add] });
    expect(lastRequest()['tools']).toMatchObject([
      { function: { name: 'search' } },
      { function: { name: 'write' } },
      { function: { name: 'add' } },
    ]);
  });

  it('are called no more than max_tool_calls says', async () => {
    callSearch();
    callSearch();
    say();
    const { output } = await createResponse(kit.bench.app, { tools: [docs()], max_tool_calls: 1 });
    expect(output).toMatchObject([
      {},
      { status: 'completed' },
      {
        status: 'failed',
        error: { type: 'mcp_protocol_error', message: 'no more than 1 calls are made for this request.' },
      },
      {},
    ]);
    expect(kit.server.count('tools/call')).toBe(1);
  });

  it('get the credentials of the request, which are kept nowhere', async () => {
    const log = new LogCapture();
    callSearch();
    say();
    const tools = [docs({ authorization: TOKEN, headers: { 'X-Team': `${TOKEN}-too` } })];
    const told = await createResponse(kit.bench.app, { tools });
    const stored = await (await fetch(`${kit.bench.app.baseUrl}/responses/${told.id}`)).text();
    log.stop();
    expect(kit.server.received.length).toBeGreaterThan(2);
    for (const { headers } of kit.server.received)
      expect([headers.authorization, headers['x-team']]).toEqual([`Bearer ${TOKEN}`, `${TOKEN}-too`]);
    expect(told.tools).toEqual([
      {
        type: 'mcp',
        server_label: 'docs',
        server_url: `${new URL(kit.server.url).origin}/<redacted>`,
        require_approval: 'never',
      },
    ]);
    const seen = [
      log.text,
      stored,
      JSON.stringify(told),
      JSON.stringify(kit.bench.upstream.requests.map(({ body }) => body)),
    ];
    for (const text of seen) expect(text).not.toContain(TOKEN);
  });

  describe('that fail', () => {
    it.each<[string, CallScript, object]>([
      [
        'by going away',
        (_, response) => void response.socket?.destroy(),
        { message: 'the MCP server "docs" could not be called, or its response was not valid.' },
      ],
      [
        'by going away in the middle of a response',
        (_, response) => {
          response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': wait\n\n');
          setImmediate(() => response.socket?.destroy());
        },
        { message: 'the MCP server "docs" was disconnected during the call.' },
      ],
      [
        'by sending 10 MB',
        (call, response) => sendResult(response, call, { content: [{ type: 'text', text: 'x'.repeat(10_000_000) }] }),
        { message: 'the MCP server "docs" sent more than 4 MB at once.' },
      ],
      [
        'with an error, whose words are not passed on',
        (call, response) => sendError(response, call, -32_000, 'secret'),
        { message: 'the MCP server "docs" refused the call, or returned what does not fit its own schema.' },
      ],
      [
        'by sending elsewhere',
        (_, response) => void response.writeHead(307, { location: 'http://169.254.169.254/latest' }).end(),
        { message: 'the MCP server "docs" could not be called, or its response was not valid.' },
      ],
      [
        'in words of their own',
        (call, response) =>
          sendResult(response, call, { isError: true, content: [{ type: 'text', text: 'No such page.' }] }),
        { type: 'mcp_tool_execution_error', content: [{ type: 'text', text: 'No such page.' }] },
      ],
    ])('%s end that call alone', async (_, script, error) => {
      kit.server.onCall = script;
      callSearch();
      say();
      const { response, text } = await streamResponse(kit.bench.app, { tools: [docs()] });
      expect(response.output[1]).toMatchObject({ type: 'mcp_call', status: 'failed', output: null, error });
      expect([response.status, text]).toEqual(['completed', 'So it is.']);
      expect(lastMessages().at(-1)?.content).toMatch(/^Error: /);
    });

    it('by hanging end that call alone, after 30 seconds', async () => {
      const clock = new FakeClock();
      const env = { MCP_ALLOWED_HOSTS: `http://${new URL(kit.server.url).host}` };
      const patient = await Bench.start({ clock, env });
      const held: ServerResponse[] = [];
      kit.server.onCall = (_, response) => void held.push(response);
      patient.upstream.next(scriptToolCalls('call_1', 'search', { query: 'snow' })).next(scriptStream('So it is.'));
      const asked = createResponse(patient.app, { tools: [docs()] });
      await eventually(() => held.length === 1, { message: 'the call' });
      await clock.advanceAsync(29_000);
      expect(patient.upstream.requests).toHaveLength(1);
      await clock.advanceAsync(1_500);
      expect(await asked).toMatchObject({
        status: 'completed',
        output: [
          {},
          { type: 'mcp_call', error: { message: 'the tool took longer than 30000 ms.' } },
          { type: 'message' },
        ],
      });
      for (const response of held) response.destroy();
      await patient.close();
    });

    it('by giving a result that does not fit their schema end that call alone', async () => {
      const outputSchema = { type: 'object', properties: { hits: { type: 'integer' } }, required: ['hits'] };
      kit.server.tools = [{ ...SEARCH, outputSchema }];
      kit.server.onCall = (call, response) =>
        sendResult(response, call, { content: [], structuredContent: { hits: 'none' } });
      callSearch();
      say();
      const { output } = await createResponse(kit.bench.app, { tools: [docs()] });
      expect(output[1]).toMatchObject({
        status: 'failed',
        error: { message: 'the MCP server "docs" returned what does not fit its own schema.' },
      });
    });

    it('by listing tools that cannot be used leave those out', async () => {
      const deep = Array.from({ length: 100 }).reduce<object>((inner) => ({ items: inner }), {});
      kit.server.tools = [
        SEARCH,
        { name: 'deep', inputSchema: { type: 'object', properties: { deep } } },
        { name: 'long', inputSchema: { type: 'object', description: 'x'.repeat(100_000) } },
      ];
      say();
      const { output } = await createResponse(kit.bench.app, { tools: [docs()] });
      expect(output[0]).toMatchObject({ type: 'mcp_list_tools', tools: [{ name: 'search' }] });
      expect(lastRequest()['tools']).toHaveLength(1);
    });

    it.each<[string, CallScript, RegExp]>([
      ['that is away', (_, response) => void response.socket?.destroy(), /"docs"/],
      [
        'that has too many',
        (message, response) =>
          sendResult(response, message, {
            tools: Array.from({ length: 129 }, (_, index) => ({ ...SEARCH, name: `search_${index}` })),
          }),
        /129 tools; at most 128 are accepted/,
      ],
      [
        'that lists 10 MB',
        (message, response) =>
          sendResult(response, message, { tools: [{ ...SEARCH, description: 'x'.repeat(10_000_000) }] }),
        /more than 4 MB/,
      ],
      [
        'whose list is none',
        (message, response) => sendResult(response, message, { tools: [{ name: 'text', inputSchema: 'none' }] }),
        /"docs"/,
      ],
    ])('to list their tools (a server %s) leave the others and the response alone', async (_, script, error) => {
      kit.server.onList = script;
      say('Without.');
      const { response, text, events } = await streamResponse(kit.bench.app, {
        tools: [docs()],
        tool_choice: 'required',
      });
      expect(response.output[0]).toMatchObject({
        type: 'mcp_list_tools',
        tools: [],
        error: expect.stringMatching(error),
      });
      expect(events.map(({ type }) => type)).toContain('response.mcp_list_tools.failed');
      expect([response.status, text]).toEqual(['completed', 'Without.']);
      expect(lastRequest()).not.toHaveProperty('tools');
      expect(lastRequest()).not.toHaveProperty('tool_choice');
    });
  });

  it.each<[string, object, string, string]>([
    ['a host that is not allowed', { server_url: 'https://mcp.example.com/mcp' }, 'server_url', 'mcp_host_not_allowed'],
    ['a port that is not allowed', { server_url: 'http://127.0.0.1:9/mcp' }, 'server_url', 'mcp_host_not_allowed'],
    ['no HTTP', { server_url: 'file:///etc/passwd' }, 'server_url', 'invalid_value'],
    ['a password', { server_url: 'https://a:b@mcp.example.com/mcp' }, 'server_url', 'invalid_value'],
    ['no address', { server_url: undefined }, 'server_url', 'missing_required_parameter'],
    ['a connector', { connector_id: 'connector_gmail', server_url: undefined }, 'connector_id', 'unsupported_value'],
    ['a label that is none', { server_label: '1 2' }, 'server_label', 'invalid_value'],
    ['headers of the protocol', { headers: { 'Mcp-Session-Id': '1' } }, 'headers', 'invalid_value'],
    ['headers that are no texts', { headers: { 'X-A': 1 } }, 'headers', 'invalid_value'],
    ['two tokens', { authorization: 'a', headers: { Authorization: 'b' } }, 'headers', 'invalid_value'],
    ['a wrong approval', { require_approval: 'sometimes' }, 'require_approval', 'invalid_value'],
    ['a wrong filter', { allowed_tools: { tool_names: 'search' } }, 'allowed_tools.tool_names', 'invalid_type'],
  ])('are refused with %s', async (_, more, field, code) => {
    expect(await failResponse(kit.bench.app, { tools: [docs(more)] })).toMatchObject({
      status: 400,
      code,
      param: `tools[0].${field}`,
    });
    expect(kit.server.received).toEqual([]);
  });

  it('are refused if two have one label, or there are more than 16', async () => {
    const twice = await failResponse(kit.bench.app, { tools: [docs(), docs()] });
    expect(twice).toMatchObject({ status: 400, param: 'tools', message: expect.stringContaining('server_label') });
    const many = Array.from({ length: 17 }, (_, index) => docs({ server_label: `docs_${index}` }));
    expect((await failResponse(kit.bench.app, { tools: many })).message).toContain(
      '17 MCP servers; at most 16 are accepted',
    );
  });

  it('are left out of workflows that take no tools', async () => {
    kit.bench.upstream.next(scriptCompletion(REPLY));
    const { output } = await createResponse(kit.bench.app, {
      model: 'reasoning',
      tools: [docs({ server_url: 'https://mcp.example.com/mcp' })],
    });
    expect(listOutputTypes({ output } as WireResponse)).not.toContain('mcp_list_tools');
  });

  describe('in the background', () => {
    it('have the same events when they are read from the log, and are shown to readers of the run', async () => {
      callSearch();
      say();
      const { response, events } = await streamResponse(kit.bench.app, { background: true, tools: [docs()] });
      expect(listOutputTypes(response)).toEqual(['mcp_list_tools', 'mcp_call', 'message']);
      const again = await (await fetch(`${kit.bench.app.baseUrl}/responses/${response.id}?stream=true`)).text();
      const told = again.split('\n').flatMap((line) => (line.startsWith('data: {') ? [JSON.parse(line.slice(6))] : []));
      expect(told).toEqual(events);
      const { headers } = await fetch(`${kit.bench.app.baseUrl}/responses/${response.id}`);
      const run = await fetch(`${kit.bench.app.baseUrl}/runs/${headers.get('millrace-run-id')}/events`);
      const deltas = (await run.text()).split('\n').filter((line) => line.includes('"type":"mcp"'));
      const steps = deltas.map((line) => (JSON.parse(line.slice(6)) as { delta: { step: string } }).delta.step);
      expect(steps).toEqual(['listing', 'listed', 'calling', 'called']);
    });

    it('are seen by whoever may look inside the run, with arguments and results', async () => {
      callSearch();
      say();
      const { response } = await streamResponse(kit.bench.app, { background: true, tools: [docs()] });
      const { json } = await getJson(`${kit.bench.app.baseUrl}/runs/${response.id}/inspection`);
      const { steps } = json as { steps: { events: { type: string }[] }[] };
      expect(steps.flatMap(({ events }) => events).filter(({ type }) => type === 'tool')).toMatchObject([
        { type: 'tool', name: 'search', input: { query: 'snow' }, output: 'found snow', level: 'DEFAULT' },
      ]);
    });

    it.each<[string, object]>([
      ['authorization', { authorization: TOKEN }],
      ['headers', { headers: { 'X-Key': TOKEN } }],
    ])('are refused with credentials (%s), which are not kept', async (field, more) => {
      const refused = await failResponse(kit.bench.app, { background: true, tools: [docs(more)] });
      expect(refused).toMatchObject({ status: 400, code: 'unsupported_value', param: `tools[0].${field}` });
      expect(refused.message).not.toContain(TOKEN);
    });
  });
});
