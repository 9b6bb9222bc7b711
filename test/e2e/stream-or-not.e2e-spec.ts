import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Bench } from '../support/app.js';
import { HELLO } from '../support/messages.js';
import { scriptCompletion, scriptStream } from '../support/upstream/scripts.js';

const CURL = '*/*';
const SDK = 'application/json';

describe('a stream or one JSON object', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.start();
  });
  afterEach(() => bench.close());

  it.each([
    // model, stream, Accept, streams
    ['default', undefined, CURL, true],
    ['default', null, CURL, true],
    ['default', undefined, undefined, true],
    ['default', undefined, SDK, false],
    ['default', undefined, 'application/json, text/plain', false],
    ['default', false, CURL, false],
    ['default', true, SDK, true],
    ['streaming', undefined, CURL, false],
    ['chat', undefined, CURL, false],
    ['chat', undefined, 'text/event-stream', false],
    ['chat', null, CURL, false],
    ['chat', true, SDK, true],
  ])('model %s, stream %s, Accept %s', async (model, stream, accept, streams) => {
    bench.upstream.next(scriptStream('Hi'));
    if (model !== 'chat') bench.upstream.next(scriptCompletion({ thinking: 'a', reply: 'b' }));
    const response = await fetch(bench.app.chatUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(accept !== undefined && { accept }) },
      body: JSON.stringify({ model, messages: HELLO, ...(stream !== undefined && { stream }) }),
    });
    const body = await response.text();
    expect(response.headers.get('content-type')).toContain(streams ? 'text/event-stream' : 'application/json');
    expect(body.endsWith('data: [DONE]\n\n')).toBe(streams);
  });

  it('takes stream_options of a request that streams by default', async () => {
    bench.upstream.next(scriptStream('Hi')).next(scriptCompletion({ thinking: 'a', reply: 'b' }));
    const response = await fetch(bench.app.chatUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'default', messages: HELLO, stream_options: { include_usage: true } }),
    });
    expect(await response.text()).toContain('"choices":[],"usage":{');
  });
});
