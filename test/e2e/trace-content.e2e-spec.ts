import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ChatRefs, type Flow, type Ref, Workflow } from '../../src/workflow/index.js';
import { Bench } from '../support/app.js';
import { readContent } from '../support/chunks.js';
import { getJson, postJson } from '../support/http-client.js';
import { HELLO } from '../support/messages.js';
import { RecordingTracer } from '../support/recording-tracer.js';
import { scriptStream, scriptToolCalls } from '../support/upstream/scripts.js';
import { httpError } from '../support/upstream/steps.js';
import { SpeakNode, makeWorkflowsModule } from '../support/workflow-kit.js';

const TRACE_ID = /^[0-9a-f]{32}$/;

@Workflow({ id: 'secret', description: 'Leaves no trace', tracing: false })
class SecretWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<string> {
    return flow.node(SpeakNode, { messages, prompt: 'secret' });
  }
}

@Workflow({ id: 'open', description: 'Has a secret part', version: '2.1' })
class OpenWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<string> {
    const whisper = flow.workflow(SecretWorkflow, { messages });
    return flow.node(SpeakNode, { messages, prompt: whisper });
  }
}

describe('a trace', () => {
  let bench: Bench;
  let tracer: RecordingTracer;
  beforeEach(async () => {
    tracer = new RecordingTracer();
    bench = await Bench.start({ tracer, imports: [makeWorkflowsModule(SpeakNode, SecretWorkflow, OpenWorkflow)] });
  });
  afterEach(() => bench.close());

  it('records who asked for what, and what the client was given', async () => {
    bench.upstream.next(scriptStream('Draft.')).next(scriptStream('{"thinking":"Hm.","reply":"Hi."}'));
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const stream = await bench.open(
      { model: 'default', user: 'u\u00001', metadata: { session_id: 's1', team: 'blue' } },
      { traceparent, 'x-session-id': 'header', 'x-request-id': 'request-1' },
    );
    const items = await stream.collect();
    const [trace] = tracer.traces;
    expect(stream.headers['x-trace-id']).toBe(trace?.id);
    expect(trace?.start).toMatchObject({
      name: 'streaming',
      userId: 'u1',
      sessionId: 's1',
      tags: ['stream'],
      input: HELLO,
      traceparent,
      metadata: { model: 'default', team: 'blue', request_id: 'request-1' },
    });
    expect(readContent(items)).toBe('Draft.\n\n{"thinking":"Hm.","reply":"Hi."}');
    expect(trace?.ending?.output).toBe(readContent(items));
    expect(trace?.ending?.metadata).toEqual({ finish_reason: 'stop' });
    tracer.assertAllClosed();
  });

  it('takes the session from a header, and marks a completion without streaming', async () => {
    bench.upstream.next(scriptStream('Hi.'));
    const response = await bench.ask({ stream: false }, { 'x-session-id': 'header' });
    expect(response.headers['x-trace-id']).toMatch(TRACE_ID);
    expect(tracer.traces[0]?.start).toMatchObject({ sessionId: 'header', tags: ['sync'] });
    expect(tracer.generations()[0]?.ending).toMatchObject({ finishReason: 'stop', output: 'Hi.' });
  });

  it('has the tool calls that the client was given', async () => {
    bench.upstream.next(scriptToolCalls('call_1', 'weather', { city: 'Rome' }));
    const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: {} } } }];
    await bench.ask({ stream: false, tools });
    expect(tracer.traces[0]?.ending?.output).toEqual({
      tool_calls: [{ id: 'call_1', name: 'weather', arguments: '{"city":"Rome"}' }],
    });
  });

  it('has its id in the response even if the run fails before its first byte', async () => {
    bench.upstream.next(httpError(500, 'down'));
    const response = await bench.ask({ stream: true });
    expect(response.status).toBe(502);
    expect(response.headers['x-trace-id']).toBe(tracer.traces[0]?.id);
    expect(tracer.traces[0]?.ending).toMatchObject({ level: 'ERROR' });
  });

  it.each([
    ['no JSON', '{"model":', 400],
    ['a fault in the body', { model: 'chat', messages: [] }, 400],
    ['a model that does not exist', { model: 'nobody', messages: HELLO }, 404],
  ])('is made for %s, too, with nothing of the body', async (_fault, body, status) => {
    const response = await postJson(bench.app.chatUrl, body, { 'x-request-id': 'request-2' });
    expect(response.status).toBe(status);
    expect(response.headers['x-trace-id']).toBe(tracer.traces[0]?.id);
    expect(tracer.traces[0]?.start).toEqual({
      name: 'refused request',
      metadata: { request_id: 'request-2', status },
    });
    tracer.assertAllClosed();
  });

  it('is made only for requests that start a run', async () => {
    const response = await getJson(`${bench.app.url}/v1/models/nobody`);
    expect(response.status).toBe(404);
    expect(response.headers['x-trace-id']).toBeUndefined();
    expect(tracer.traces).toEqual([]);
  });

  it('is not made for a workflow that wants none', async () => {
    bench.upstream.next(scriptStream('Psst.'));
    const response = await bench.ask({ model: 'secret', stream: false });
    expect(response.json).toMatchObject({ choices: [{ message: { content: 'Psst.' } }] });
    expect(response.headers['x-trace-id']).toBeUndefined();
    expect(tracer.traces).toEqual([]);
  });

  it('is not made for a failed run of such a workflow either', async () => {
    bench.upstream.next(httpError(500, 'down'));
    const response = await bench.ask({ model: 'secret', stream: true });
    expect(response.status).toBe(502);
    expect(response.headers['x-trace-id']).toBeUndefined();
    expect(tracer.traces).toEqual([]);
  });

  it('leaves out the part of a nested workflow that wants no trace, and tells the version', async () => {
    bench.upstream.next(scriptStream('Psst.')).next(scriptStream('Hi.'));
    await bench.ask({ model: 'open', stream: false });
    expect(tracer.traces[0]?.start.tags).toEqual(['sync', 'version:2.1']);
    expect(tracer.spans().map(({ name }) => name)).toEqual(['SpeakNode']);
    expect(tracer.generations()).toHaveLength(1);
    tracer.assertAllClosed();
  });
});
