import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RunService } from '../../src/runs/index.js';
import { Bench, FakeClock, RecordingTracer, TestApp } from '../support/bench.js';
import { eventually, standstill } from '../support/checks.js';
import { getJson, postJson, send } from '../support/client.js';
import { readOutputText, type CheckedStream } from '../support/response-rules.js';
import {
  askResponse,
  createResponse,
  openResponse,
  readResponseStream,
  responsesUrl,
  streamResponse,
  hasWord,
} from '../support/responses-client.js';
import { scriptCompletion, scriptStream, scriptToolCalls, steps, tokens } from '../support/upstream/index.js';

const REPLY = { thinking: 'Hm.', reply: 'Hello 🙂' };
const TOOLS = [{ type: 'function', name: 'weather', parameters: { type: 'object', properties: {} } }];

/** Types of the events, without consecutive repetitions. */
function listTypes({ events }: Pick<CheckedStream, 'events'>): readonly string[] {
  return events.map(({ type }) => type).filter((type, index, all) => type !== all[index - 1]);
}

describe('POST /v1/responses', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.start();
  });
  afterEach(() => bench.close());

  it('streams a text as a message, event by event', async () => {
    bench.upstream.next(scriptStream('Hello there.', { usage: tokens(11, 5) }));
    const stream = await openResponse(bench.app);
    expect(stream.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    expect(stream.headers['x-request-id']).toMatch(/^req_/);
    const told = readResponseStream(await stream.collect());
    expect(listTypes(told)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    expect(told.text).toBe('Hello there.');
    expect(told.response).toMatchObject({
      object: 'response',
      model: 'chat',
      status: 'completed',
      usage: { input_tokens: 11, output_tokens: 5, total_tokens: 16 },
      store: true,
    });
    expect(told.response.id).toMatch(/^resp_[0-9a-f]{24}$/);
  });

  it('answers with one JSON object that says the same', async () => {
    bench.upstream.next(scriptStream('Hello there.', { usage: tokens(11, 5) }));
    const response = await createResponse(bench.app, { instructions: 'Be kind.', metadata: { a: 'b' } });
    expect(readOutputText(response)).toBe('Hello there.');
    expect(response).toMatchObject({
      status: 'completed',
      instructions: 'Be kind.',
      metadata: { a: 'b' },
      usage: { input_tokens: 11, output_tokens: 5, total_tokens: 16 },
    });
  });

  it('sends the head and the first events before a model is asked, and each token when it comes', async () => {
    const asked = steps.gate();
    const second = steps.gate();
    bench.upstream.next([asked, ...scriptStream(['First', second, ' second'])]);
    const stream = await openResponse(bench.app);
    await stream.until(hasWord('response.in_progress'));
    expect(stream.items).toHaveLength(2);
    asked.open();
    await stream.until(hasWord('First'));
    expect(stream.items.some(hasWord(' second'))).toBe(false);
    second.open();
    expect(readResponseStream(await stream.collect()).text).toBe('First second');
  });

  it('has an item for each visible step, and says which is the final answer', async () => {
    const script = (): unknown => bench.upstream.next(scriptStream('One.')).next(scriptCompletion(REPLY));
    script();
    const told = await streamResponse(bench.app, { model: 'streaming' });
    const expected = [
      { type: 'message', phase: 'commentary', content: [{ text: 'One.' }] },
      { type: 'message', phase: 'final_answer', content: [{ text: `\n\n${JSON.stringify(REPLY)}` }] },
    ];
    expect(told.response.output).toMatchObject(expected);
    script();
    expect((await createResponse(bench.app, { model: 'default' })).output).toMatchObject(expected);
  });

  it('shows thoughts as a summary, apart from the text', async () => {
    bench.upstream.next(scriptCompletion(REPLY));
    const told = await streamResponse(bench.app, { model: 'reasoning' });
    expect(told).toMatchObject({ reasoning: 'Hm.', text: 'Hello 🙂' });
    expect(told.response.output.map(({ type }) => type)).toEqual(['reasoning', 'message']);
    bench.upstream.next([
      steps.role(),
      steps.reasoning('Hm'),
      steps.reasoning('m.'),
      steps.text('Yes'),
      steps.finish('stop'),
      steps.done(),
    ]);
    expect((await createResponse(bench.app)).output).toMatchObject([
      { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hmm.' }] },
      { type: 'message', content: [{ text: 'Yes' }] },
    ]);
  });

  it('passes calls of the client on as items', async () => {
    const expected = [{ type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{"city":"Rome"}' }];
    bench.upstream.next(scriptToolCalls('call_1', 'weather', { city: 'Rome' }));
    const told = await streamResponse(bench.app, { tools: TOOLS });
    expect(told.response).toMatchObject({ status: 'completed', output: expected });
    bench.upstream.next(scriptToolCalls('call_1', 'weather', { city: 'Rome' }));
    expect((await createResponse(bench.app, { tools: TOOLS })).output).toMatchObject(expected);
  });

  it('passes on calls whose pieces come in turns', async () => {
    bench.upstream.next([
      steps.role(null),
      steps.toolCall({ index: 0, id: 'call_a', name: 'weather', arguments: '{"city"' }),
      steps.toolCall({ index: 1, id: 'call_b', name: 'weather', arguments: '{"city"' }),
      steps.toolCall({ index: 0, arguments: ':"Rome"}' }),
      steps.toolCall({ index: 1, arguments: ':"Oslo"}' }),
      steps.finish('tool_calls'),
      steps.done(),
    ]);
    expect((await streamResponse(bench.app, { tools: TOOLS })).response.output).toMatchObject([
      { call_id: 'call_a', arguments: '{"city":"Rome"}' },
      { call_id: 'call_b', arguments: '{"city":"Oslo"}' },
    ]);
  });

  it('keeps the rest of a cut character in the message that it belongs to', async () => {
    bench.upstream.next(scriptStream(['smile \ud83d'])).next(scriptCompletion(REPLY));
    const told = await streamResponse(bench.app, { model: 'streaming' });
    expect(told.response.output).toMatchObject([
      { content: [{ text: 'smile \ufffd' }] },
      { content: [{ text: `\n\n${JSON.stringify(REPLY)}` }] },
    ]);
  });

  it('has a part of its own for a refusal', async () => {
    bench.upstream.next([
      steps.role(),
      steps.refusal('I will '),
      steps.refusal('not.'),
      steps.finish('stop'),
      steps.done(),
    ]);
    const told = await streamResponse(bench.app);
    expect(told.refusal).toBe('I will not.');
    expect(told.response.output).toMatchObject([{ content: [{ type: 'refusal', refusal: 'I will not.' }] }]);
  });

  it('passes citations on in the form of this protocol', async () => {
    const url_citation = { url: 'https://a.example/', title: 'A', start_index: 0, end_index: 2 };
    bench.upstream.next([
      steps.role(),
      steps.text('So it is.'),
      steps.delta({ annotations: [{ type: 'url_citation', url_citation }] }),
      steps.finish('stop'),
      steps.done(),
    ]);
    const told = await streamResponse(bench.app);
    expect(told.response.output).toMatchObject([
      { content: [{ annotations: [{ type: 'url_citation', ...url_citation }] }] },
    ]);
  });

  it.each([
    ['length', 'max_output_tokens'],
    ['content_filter', 'content_filter'],
  ])('is incomplete if a model stopped for %s', async (reason, told) => {
    const expected = {
      status: 'incomplete',
      incomplete_details: { reason: told },
      output: [{ status: 'incomplete', content: [{ text: 'Once upon' }] }],
    };
    bench.upstream.next(scriptStream('Once upon', { finish: reason }));
    const streamed = await streamResponse(bench.app);
    expect(streamed.response).toMatchObject(expected);
    expect(streamed.events.at(-1)?.type).toBe('response.incomplete');
    bench.upstream.next(scriptStream('Once upon', { finish: reason }));
    expect(await createResponse(bench.app)).toMatchObject(expected);
  });

  it('sends node events only to clients that request them', async () => {
    const script = (): unknown => bench.upstream.next(scriptStream('One.')).next(scriptCompletion(REPLY));
    script();
    const told = await streamResponse(bench.app, { model: 'streaming' }, { 'millrace-events': 'true' });
    const news = told.events.flatMap((event) => ('millrace' in event && 'response' in event ? [event] : []));
    expect(news.at(-1)).toMatchObject({ type: 'response.completed', millrace: { type: 'run-finished' } });
    for (const { type } of news.slice(0, -1)) expect(type).toBe('response.in_progress');
    expect(news.map(({ millrace }) => (millrace as { type: string }).type)).toEqual(
      expect.arrayContaining(['node-started', 'node-speaks', 'node-finished']),
    );
    expect(told.response.output).toMatchObject([
      { millrace: { node: expect.any(String) } },
      { millrace: { node: expect.any(String) } },
    ]);
    script();
    const plain = await streamResponse(bench.app, { model: 'streaming' });
    expect(JSON.stringify(plain.events)).not.toContain('millrace');
  });

  it('repeats a whole response for a request that is repeated with its Idempotency-Key', async () => {
    bench.upstream.next(scriptStream('Once.'));
    const first = await askResponse(bench.app, {}, { 'idempotency-key': 'k1' });
    const again = await askResponse(bench.app, {}, { 'idempotency-key': 'k1' });
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.text).toBe(first.text);
    expect(bench.upstream.requests).toHaveLength(1);
  });

  it('is a POST, and nothing else is below it', async () => {
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
      const response = await send(method, responsesUrl(bench.app), undefined).response;
      expect([response.statusCode, response.headers['allow']]).toEqual([405, 'POST']);
      response.resume();
    }
    for (const path of ['input_tokens', 'compact']) {
      const response = await postJson(`${responsesUrl(bench.app)}/${path}`, { model: 'chat', input: 'Hi' });
      expect(response).toMatchObject({ status: 404, json: { error: { code: 'unknown_url' } } });
    }
  });

  it('lets the upstream wait for a client that does not read', async () => {
    bench.upstream.next([steps.role(), steps.flood({ bytes: 64 * 1024 * 1024 }), steps.finish('stop'), steps.done()]);
    const stream = await openResponse(bench.app);
    await stream.until(hasWord('output_text.delta'));
    stream.pause();
    const request = await bench.upstream.request(0);
    const written = await standstill(() => request.bytesWritten, 'the bytes of the upstream');
    expect(written).toBeLessThan(32 * 1024 * 1024);
    stream.destroy();
    expect(await request.closed).toBe('aborted');
  });
});

describe('the record of a response', () => {
  let bench: Bench | undefined;
  afterEach(() => bench?.close());

  it('leads from the response to its trace, and to the metrics', async () => {
    const tracer = new RecordingTracer();
    bench = await Bench.start({ tracer });
    bench.upstream.next(scriptStream('Hello there.'));
    const stream = await openResponse(bench.app);
    const told = readResponseStream(await stream.collect());
    expect(stream.headers['x-trace-id']).toBe(tracer.traces[0]?.id);
    await eventually(() => bench?.app.get(RunService).openRuns === 0, { message: 'the end of the run' });
    tracer.assertAllClosed();
    expect(JSON.stringify(tracer.traces[0])).toContain(told.response.id);
    bench.upstream.next(scriptStream('Hello there.'));
    const whole = await askResponse(bench.app);
    expect(whole.headers['x-trace-id']).toBe(tracer.traces[1]?.id);
    const page = (await getJson(`${bench.app.url}/metrics`)).text;
    expect(page).toMatch(/millrace_\w*first_token\w*_count\{[^}]*workflow="chat"[^}]*\} 1/);
  });
});

describe('a response in silence', () => {
  it('shows life by comments, and once a minute by an event that Codex counts', async () => {
    const clock = new FakeClock(Date.now());
    const bench = await Bench.start({ clock, env: { UPSTREAM_IDLE_TIMEOUT_MS: '600000' } });
    try {
      const first = steps.gate();
      bench.upstream.next([steps.role(), steps.text('Hi'), first, steps.text('!'), steps.finish('stop'), steps.done()]);
      const stream = await openResponse(bench.app);
      await stream.until(hasWord('"delta":"Hi"'));
      for (let seconds = 0; seconds < 130; seconds += 5) await clock.advanceAsync(5_000);
      await eventually(() => stream.items.filter(hasWord('response.in_progress')).length === 3, {
        message: 'two heartbeat events',
      });
      expect(stream.items.filter(({ kind }) => kind === 'comment').length).toBeGreaterThan(4);
      first.open();
      const ended = stream.collect();
      await eventually(
        async () => {
          await clock.advanceAsync(20);
          return stream.items.some(hasWord('[DONE]'));
        },
        { message: 'the end' },
      );
      const told = readResponseStream(await ended);
      const beats = told.events.filter(({ type }) => type === 'response.in_progress');
      expect(beats[2]).toMatchObject({ response: { output: [{ content: [{ text: 'Hi' }] }] } });
      expect(told.text).toBe('Hi!');
    } finally {
      await bench.close();
    }
  });
});

describe('every example workflow', () => {
  let app: TestApp;
  beforeEach(async () => {
    app = await TestApp.start({ env: { DEMO_TOKENS_PER_SECOND: '0' } });
  });
  afterEach(() => app.close());

  it.each(['chat', 'customer-care', 'default', 'nested', 'reasoning', 'research', 'streaming'])(
    '%s answers in both forms',
    async (model) => {
      const told = await streamResponse(app, { model, input: 'Should we build a millrace?' });
      expect(told.response).toMatchObject({ model, status: 'completed' });
      expect(told.text).not.toBe('');
      const whole = await createResponse(app, { model, input: [{ role: 'user', content: 'Hello, how are you?' }] });
      expect(whole).toMatchObject({ model, status: 'completed' });
      expect(readOutputText(whole)).not.toBe('');
    },
  );
});
