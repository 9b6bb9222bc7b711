import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Bench } from '../support/app.js';
import { assertCompletion } from '../support/chunks.js';
import { RecordingTracer } from '../support/recording-tracer.js';
import { openStream } from '../support/sse-client.js';
import type { RecordedRequest } from '../support/upstream/recorded-request.js';
import { scriptCompletion, scriptStream } from '../support/upstream/scripts.js';
import { delay } from '../support/upstream/steps.js';

describe('100 streams at the same time', () => {
  let bench: Bench;
  let tracer: RecordingTracer;
  beforeEach(async () => {
    tracer = new RecordingTracer();
    bench = await Bench.start({ tracer });
  });
  afterEach(() => bench.close());

  const words = (name: string): string[] => Array.from({ length: 30 }, (_, i) => `${name}-${i} `);
  const nameIn = (request: RecordedRequest): string =>
    /stream\d+/.exec(JSON.stringify(request.body.messages))?.[0] ?? '';

  it('are all complete, and none has a word of another', async () => {
    bench.upstream.always((request) => {
      const name = nameIn(request);
      return request.body.response_format === undefined
        ? scriptStream(words(name).flatMap((word) => [word, delay(3)]))
        : scriptCompletion({ thinking: `${name} thinks`, reply: `${name} replies` });
    });
    const names = Array.from({ length: 100 }, (_, i) => `stream${i}`);
    const streams = await Promise.all(
      names.map(async (name) => {
        const body = { model: 'streaming', stream: true, messages: [{ role: 'user', content: name }] };
        return (await openStream(bench.app.chatUrl, body)).collect({ within: 30_000 });
      }),
    );
    const ids = streams.map((items, i) => {
      const name = names[i] ?? '';
      const structured = JSON.stringify({ thinking: `${name} thinks`, reply: `${name} replies` });
      const [first] = assertCompletion(items, { content: `${words(name).join('')}\n\n${structured}`, finish: 'stop' });
      return first?.id;
    });
    expect(new Set(ids).size).toBe(100);
    tracer.assertAllClosed();
    expect(tracer.traces).toHaveLength(100);
  }, 60_000);
});
