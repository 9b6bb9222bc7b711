import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Bench, httpError, postJson, RecordingTracer, streamOf } from '../support/index.js';

const HELLO = [{ role: 'user', content: 'Hello' }];

describe('retries of the upstream', () => {
  let bench: Bench;
  let tracer: RecordingTracer;
  beforeEach(async () => {
    tracer = new RecordingTracer();
    bench = await Bench.start({ tracer, env: { UPSTREAM_MAX_RETRIES: '1' } });
  });
  afterEach(() => bench.close());

  it('spare the client a passing failure, and show in the trace', async () => {
    bench.upstream.next(httpError(503, 'busy')).next(streamOf('Here.'));
    const answer = await postJson(bench.app.chatUrl, { model: 'chat', stream: false, messages: HELLO });
    expect(answer.json).toMatchObject({ choices: [{ message: { content: 'Here.' } }] });
    expect(tracer.generations()[0]?.events).toMatchObject([{ name: 'retry', level: 'WARNING', data: { attempt: 1 } }]);
  });

  it('leave time for a status when they fail, too', async () => {
    bench.upstream.next(httpError(500, 'down')).next(httpError(500, 'down'));
    const answer = await postJson(bench.app.chatUrl, { model: 'chat', stream: true, messages: HELLO });
    expect(answer.status).toBe(502);
  });
});
