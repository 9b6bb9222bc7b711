import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { agent } from '../../src/workflow/index.js';
import { FakeClock, makeOptionsModule, makeWiredModule, RecordingTracer, type Wire } from '../support/bench.js';
import { eventually, readFrames } from '../support/checks.js';
import { CHAT, postJson } from '../support/client.js';
import * as logged from '../support/logged.js';
import { createResponse } from '../support/responses-client.js';
import { RestartedApp } from '../support/restarted-app.js';
import { ScriptedMcpServer, sendResult } from '../support/scripted-mcp-server.js';
import { useStoreIn } from '../support/store-in-folder.js';
import { ScriptedUpstream, scriptStream, scriptToolCalls, steps, tokens } from '../support/upstream/index.js';
import { ANN, KEYS } from '../support/callers.js';

const HOUR_MS = 3_600_000;

describe('a run that another process continues with', () => {
  let process: RestartedApp;
  let upstream: ScriptedUpstream;
  beforeEach(async () => {
    process = await RestartedApp.begin();
    upstream = process.upstream;
  });
  afterEach(() => process.close());

  it('continues its trace', async () => {
    const [before, after] = [new RecordingTracer(), new RecordingTracer()];
    const id = await process.interrupt({}, { tracer: before });
    upstream.next(scriptStream('Hello'));
    const next = await process.start({}, { tracer: after });
    await logged.followResponse(next, id);
    const [begun, continued] = [before, after].map(({ traces }) => traces[0]);
    expect(continued?.start).toMatchObject({ name: 'chat', continues: begun?.id });
    expect(continued?.start.metadata).toEqual(begun?.start.metadata);
  });

  it('has all of its output in its trace, from before and after it continued', async () => {
    const after = new RecordingTracer();
    const old = await process.start({}, { tracer: new RecordingTracer(), imports: [makeWiredModule(wireSpoken)] });
    const door = steps.gate();
    upstream.next(scriptStream('Good.')).next(scriptStream(['Hal', door, 'f']));
    const { id } = await logged.beginResponse(old, { model: 'test' });
    await eventually(async () => (await logged.retrieve(old, id)).output.length === 2);
    await process.stop();
    door.open();
    upstream.next(scriptStream('Whole.'));
    const next = await process.start({}, { tracer: after, imports: [makeWiredModule(wireSpoken)] });
    await logged.followResponse(next, id);
    await eventually(() => after.traces[0]?.ending?.output !== undefined);
    expect(after.traces[0]?.ending).toMatchObject({ output: 'Good.\n\nWhole.' });
  });

  it('says everywhere that more tokens may have been used than are known', async () => {
    const old = await process.start();
    const doors = [steps.gate(), steps.gate()] as const;
    for (const door of doors) upstream.next(scriptStream(['Hel', door, 'lo']));
    const { id } = await logged.beginResponse(old);
    await eventually(async () => (await logged.retrieve(old, id)).output.length === 1);
    const stream = await logged.beginCompletion(old, logged.GOES_ON, { stream_options: { include_usage: true } });
    const run = String(stream.headers['millrace-run-id']);
    const { id: completion } = await logged.readUntil(stream, 'Hel');
    await process.stop();
    for (const door of doors) door.open();
    upstream.always(() => scriptStream('Hello', { usage: tokens(3, 4) }));
    const next = await process.start();
    const told = { usage_incomplete: true, usage: tokens(3, 4) };
    expect(logged.readStream((await logged.followResponse(next, id)).text).response).toMatchObject({
      usage_incomplete: true,
      usage: { total_tokens: 7 },
    });
    const chunks = await logged.followCompletion(next, completion);
    expect(readFrames(chunks.text).flatMap((item) => ('json' in item ? [item.json] : []))).toContainEqual(
      expect.objectContaining({ choices: [], ...told }),
    );
    expect((await logged.retrieveCompletion(next, completion)).json).toMatchObject(told);
    expect(await logged.readRun(next, run)).toMatchObject(told);
    expect(logged.readEvents((await logged.followRun(next, run)).text).at(-1)).toMatchObject(told);
    expect((await postJson(next.chatUrl, CHAT, logged.GOES_ON)).text).not.toContain('usage_incomplete');
  });

  it('is reported by the HTTP status if its stream has not begun', async () => {
    const old = await process.start();
    const door = steps.gate();
    upstream.next([door, ...scriptStream('Hello')]);
    const asked = postJson(old.chatUrl, { ...CHAT, stream: true }, logged.GOES_ON);
    await door.reached;
    await process.stop();
    door.open();
    const { status, json, headers } = await asked;
    expect([status, json]).toMatchObject([503, { error: { code: 'server_shutting_down' } }]);
    expect(headers['x-should-retry']).toBe('false');
    expect(JSON.stringify(json)).toMatch(/GET \/v1\/chat\/completions\/chatcmpl-/);
  });

  it('still counts in the limits of its caller, and is charged once', async () => {
    const headers = ANN;
    const env = { ...KEYS, LIMIT_TOKENS_PER_MINUTE: '1000', LIMIT_CONCURRENT_STREAMS: '1' };
    const first = await process.start(env);
    const doors = [steps.gate(), steps.gate()];
    upstream.next(scriptStream(['Hel', doors[0]!, 'lo']));
    const { id } = await logged.beginResponse(first, {}, headers);
    await doors[0]!.reached;
    upstream.next(scriptStream(['Hel', doors[1]!, 'lo'], { usage: tokens(100, 20) })).next(scriptStream('Hi'));
    const next = await process.start(env);
    doors[0]!.open();
    await doors[1]!.reached;
    const ask = () => postJson(logged.responsesUrl(next), { model: 'chat', input: 'Hi' }, headers);
    expect((await ask()).status).toBe(429);
    doors[1]!.open();
    await logged.followResponse(next, id, '', headers);
    expect((await ask()).headers['x-ratelimit-remaining-tokens']).toBe('880');
  });

  it.each([
    ['that was at work', false],
    ['that was approved and at work', true],
  ])('makes the call of an MCP server %s again: it may reach the server twice', async (_, isApproved) => {
    const server = await ScriptedMcpServer.start();
    server.tools = [{ name: 'search', inputSchema: { type: 'object', properties: {} } }];
    const held: ServerResponse[] = [];
    server.onCall = (call, response) => {
      if (held.length === 0) held.push(response);
      else sendResult(response, call, { content: [{ type: 'text', text: 'found snow' }] });
    };
    const env = { MCP_ALLOWED_HOSTS: `http://${new URL(server.url).host}` };
    const approval = isApproved ? 'always' : 'never';
    const tools = [{ type: 'mcp', server_label: 'docs', server_url: server.url, require_approval: approval }];
    const scriptCall = () => upstream.next(scriptToolCalls('call_1', 'search', {}));
    try {
      const old = await process.start(env);
      scriptCall();
      let body: object = { tools };
      if (isApproved) {
        const asked = await createResponse(old, body);
        const request = asked.output.find(({ type }) => type === 'mcp_approval_request');
        const input = [{ type: 'mcp_approval_response', approval_request_id: request?.id, approve: true }];
        body = { tools, previous_response_id: asked.id, input };
      }
      const { id } = await logged.beginResponse(old, body);
      await eventually(() => held.length === 1, { message: 'the call' });
      await process.stop();
      if (!isApproved) scriptCall();
      upstream.next(scriptStream('So it is.'));
      const next = await process.start(env);
      await logged.followResponse(next, id);
      const { status, output } = await logged.retrieve(next, id);
      expect(status).toBe('completed');
      const types = ['mcp_call', 'message'];
      expect(output.map(({ type }) => type)).toEqual(isApproved ? types : ['mcp_list_tools', ...types]);
      expect(output.at(-2)).toMatchObject({ output: 'found snow', error: null });
      expect(server.count('tools/call')).toBe(2);
    } finally {
      for (const response of held) response.destroy();
      await server.close();
    }
  });

  it('has one time limit for the work of all processes together', async () => {
    const id = await process.interrupt();
    const clock = new FakeClock(Date.now());
    await useStoreIn(
      process.folder,
      async (logs) => {
        const run = await logs.find(id, 'anybody');
        const attempt = { id: run?.id ?? '', epoch: (await logs.claim(run?.id ?? '', 'w'))?.run.epoch ?? 0 };
        clock.advance(HOUR_MS - 500 - (run?.activeMs ?? 0));
        await logs.release([attempt]);
      },
      clock,
    );
    const door = steps.gate();
    upstream.next(scriptStream(['Hel', door, 'lo']));
    const next = await process.start();
    const { error } = logged.readStream((await logged.followResponse(next, id)).text);
    expect(error?.message).toBe('The workflow did not finish within the time this server allows for one run.');
    door.open();
  });

  const first = agent({ instructions: 'First' });
  const second = agent({ instructions: 'Second' });
  const before: Wire = (flow, { messages }) => {
    const noted = flow.ask(first, { messages }, { key: 'first' });
    return flow.stream(second, { messages: noted }, { key: 'second' });
  };
  const withMore: Wire = (flow, { messages }) => {
    const noted = flow.ask(first, { messages }, { key: 'first' });
    const said = flow.stream(second, { messages: noted }, { key: 'second' });
    return flow.stream(second, { messages: said }, { key: 'third' });
  };
  const wireSpoken: Wire = (flow, { messages }) => {
    const said = flow.stream(first, { messages }, { key: 'first' });
    return flow.stream(second, { messages: said }, { key: 'second' });
  };

  /** Stops the application during the second step of the workflow, and starts one whose workflow is wired differently. */
  async function change(
    wire: Wire,
    onChange: 'resume' | 'fail' | undefined,
  ): Promise<ReturnType<typeof logged.readStream>> {
    const options = onChange === undefined ? {} : { onChange };
    const old = await process.start({}, { imports: [makeOptionsModule(options, before)] });
    const door = steps.gate();
    upstream.next(scriptStream('Noted')).next(scriptStream(['Hal', door, 'f']));
    const { id } = await logged.beginResponse(old, { model: 'test' });
    await door.reached;
    await process.stop();
    door.open();
    upstream.always(({ body }) => scriptStream(JSON.stringify(body).includes('Whole') ? 'And more' : 'Whole'));
    const next = await process.start({}, { imports: [makeOptionsModule(options, wire)] });
    return logged.readStream((await logged.followResponse(next, id)).text);
  }

  it('continues if its workflow has changed but no finished step has', async () => {
    const { response } = await change(withMore, undefined);
    expect([response.status, logged.readOutputText(response)]).toEqual(['completed', 'Whole\n\nAnd more']);
  });

  it('runs a finished step again if that step has changed', async () => {
    const { response } = await change(wireSpoken, undefined);
    expect([response.status, logged.readOutputText(response)]).toEqual(['completed', 'Whole\n\nAnd more']);
    expect(upstream.requests).toHaveLength(4);
  });

  it('fails after any change of its workflow if the workflow says so', async () => {
    const { response, error } = await change(withMore, 'fail');
    expect(response.status).toBe('failed');
    expect(error?.message).toMatch(/the workflow "test" has changed or is gone since/);
    expect(upstream.requests).toHaveLength(2);
  });

  it('fails rather than repeat a step that must not run twice; such a step runs if it had not begun', async () => {
    const paid: string[] = [];
    let pay: (() => void) | undefined;
    const wire: Wire = (flow, { messages }) => {
      const noted = flow.ask(first, { messages }, { key: 'first' });
      return flow.run(
        'pay',
        { noted },
        async (_, { idempotencyKey, attempt }) => {
          paid.push(`${idempotencyKey} ${attempt}`);
          await new Promise<void>((resolve) => (pay = resolve));
          return 'Paid';
        },
        { onInterruption: 'fail' },
      );
    };
    const door = steps.gate();
    upstream.next(scriptStream(['Not', door, 'ed'])).always(scriptStream('Noted'));
    const old = await process.start({}, { imports: [makeWiredModule(wire)] });
    const { id } = await logged.beginRun(old, { model: 'test' });
    await door.reached;
    await process.start({}, { imports: [makeWiredModule(wire)] });
    door.open();
    await eventually(() => paid.length > 0);
    expect(paid).toEqual([`${id}/pay 2`]);
    await process.stop();
    pay?.();
    const run = await logged.endRun(await process.start({}, { imports: [makeWiredModule(wire)] }), id);
    expect(run).toMatchObject({ status: 'failed', error: { code: 'interrupted', type: 'server_error' } });
    expect(paid).toHaveLength(1);
  });
});
