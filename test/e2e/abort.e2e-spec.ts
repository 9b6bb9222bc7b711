import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RunService } from '../../src/runs/index.js';
import { Bench } from '../support/app.js';
import { eventually } from '../support/eventually.js';
import { HELLO } from '../support/messages.js';
import { RecordingTracer } from '../support/recording-tracer.js';
import type { RecordedRequest } from '../support/upstream/recorded-request.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { gate, role, stall, text } from '../support/upstream/steps.js';

/** The promised time from the moment the client leaves until the upstream sees it, in milliseconds. */
const PROMPT_MS = 100;

describe('abort: a client that has gone costs nothing more', () => {
  let bench: Bench;
  let tracer: RecordingTracer;
  beforeEach(async () => {
    tracer = new RecordingTracer();
    bench = await Bench.start({ tracer, env: { STREAM_OPEN_GRACE_MS: '20' } });
  });
  afterEach(() => bench.close());

  const expectPromptAbort = async (request: RecordedRequest, leftAt: number): Promise<void> => {
    expect(await request.closed).toBe('aborted');
    expect(performance.now() - leftAt).toBeLessThan(PROMPT_MS);
    await expectNothingOpen();
  };
  const expectNothingOpen = async (): Promise<void> => {
    await eventually(() => bench.app.get(RunService).openRuns === 0, { message: 'the end of the run' });
    tracer.assertAllClosed();
    const [trace] = tracer.traces;
    expect(trace?.ending).toMatchObject({ level: 'WARNING', statusMessage: 'aborted: client_disconnected' });
  };

  it('before the first byte of the upstream', async () => {
    bench.upstream.next([gate()]);
    const leaving = new AbortController();
    const request = fetch(bench.app.chatUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'streaming', stream: true, messages: HELLO }),
      signal: leaving.signal,
    }).then((response) => response.text());
    const upstreamRequest = await bench.upstream.request(0);
    const leftAt = performance.now();
    leaving.abort();
    await expect(request).rejects.toHaveProperty('name', 'AbortError');
    await expectPromptAbort(upstreamRequest, leftAt);
    expect(bench.upstream.requests).toHaveLength(1);
  });

  it('in the middle of the text', async () => {
    bench.upstream.next([role(), text('Once upon'), stall()]);
    const stream = await bench.open({ model: 'streaming' });
    await stream.until((item) => item.kind === 'data' && item.data.includes('Once'));
    const leftAt = performance.now();
    stream.destroy();
    await expectPromptAbort(await bench.upstream.request(0), leftAt);
    expect(bench.upstream.requests).toHaveLength(1);
    expect(tracer.generations()[0]?.ending).toMatchObject({ output: 'Once upon', level: 'WARNING' });
  });

  it('between two nodes: the second is not started, or ended at once', async () => {
    const second = gate();
    bench.upstream.next(scriptStream('The first.')).next([second]);
    const stream = await bench.open({ model: 'streaming' });
    await bench.upstream.request(1);
    const leftAt = performance.now();
    stream.destroy();
    await expectPromptAbort(await bench.upstream.request(1), leftAt);
    expect(bench.upstream.requests).toHaveLength(2);
  });

  it('without streaming', async () => {
    bench.upstream.next([role(), text('Once upon'), stall()]);
    const leaving = new AbortController();
    const request = fetch(bench.app.chatUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'streaming', messages: HELLO }),
      signal: leaving.signal,
    });
    const upstreamRequest = await bench.upstream.request(0);
    const leftAt = performance.now();
    leaving.abort();
    await expect(request).rejects.toHaveProperty('name', 'AbortError');
    await expectPromptAbort(upstreamRequest, leftAt);
    expect(bench.upstream.requests).toHaveLength(1);
  });
});
