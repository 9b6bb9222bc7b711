import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EventSource } from 'eventsource';
import type OpenAI from 'openai';
import { Bench } from '../support/app.js';
import { beginCompletion, completionUrl, GOES_ON, readUntil } from '../support/completion-client.js';
import { eventually } from '../support/eventually.js';
import { HELLO } from '../support/messages.js';
import { OPENAI_VERSIONS } from '../support/openai-versions.js';
import { catchRejection } from '../support/rejection.js';
import { scriptStream, scriptToolCalls, tokens } from '../support/upstream/scripts.js';
import { gate, httpError } from '../support/upstream/steps.js';

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.start();
});
afterEach(() => bench.close());

describe.each(OPENAI_VERSIONS)('the openai SDK %s, whose completions outlive its connection', (_, Sdk) => {
  it('notices nothing', async () => {
    const client = new Sdk({
      baseURL: bench.app.baseUrl,
      apiKey: 'any',
      maxRetries: 0,
      defaultHeaders: { 'millrace-on-disconnect': 'continue' },
    });
    const body = { model: 'chat', messages: HELLO };
    bench.upstream
      .next(scriptStream('Hello you', { usage: tokens(3, 4) }))
      .next(scriptStream('Hello you', { usage: tokens(3, 4) }))
      .next(scriptToolCalls('call_1', 'look', { at: 'it' }))
      .next([httpError(400, {})]);
    const whole = await client.chat.completions.create(body);
    const helper = client.chat.completions.stream({ ...body, stream_options: { include_usage: true } });
    const final = await helper.finalChatCompletion();
    for (const { choices, usage } of [whole, final]) {
      expect(choices[0]).toMatchObject({ message: { content: 'Hello you' }, finish_reason: 'stop' });
      expect(usage).toMatchObject({ total_tokens: 7 });
    }
    const calls = await client.chat.completions.stream(body).finalChatCompletion();
    expect(calls.choices[0]?.message.tool_calls).toMatchObject([{ id: 'call_1', function: { name: 'look' } }]);
    expect(await catchRejection(client.chat.completions.create({ ...body, stream: true }))).toMatchObject({
      status: 400,
    });
    // The SDK gets a stored completion again, and its chunks.
    expect(await client.chat.completions.retrieve(whole.id)).toEqual(whole);
    const chunks = await client.get<AsyncIterable<OpenAI.ChatCompletionChunk>>(`/chat/completions/${final.id}`, {
      query: { stream: true },
      stream: true,
    });
    let said = '';
    for await (const { choices } of chunks as unknown as AsyncIterable<OpenAI.ChatCompletionChunk>) {
      said += choices[0]?.delta.content ?? '';
    }
    expect(said).toBe('Hello you');
  });
});

describe('EventSource as a client of a completion that outlives its connection', () => {
  it('continues by itself where it was cut off, and stops at the end', async () => {
    const door = gate();
    bench.upstream.next(scriptStream(['Hel', door, 'lo ', 'you']));
    const stream = await beginCompletion(bench.app, GOES_ON);
    const { id } = await readUntil(stream, 'Hel');
    let said = '';
    let requests = 0;
    const source = new EventSource(completionUrl(bench.app, id, '?stream=true'), {
      fetch: (url, init) => {
        requests++;
        return fetch(url, init);
      },
    });
    source.addEventListener('message', ({ data }: { data: string }) => {
      if (data === '[DONE]') return;
      said += (JSON.parse(data) as OpenAI.ChatCompletionChunk).choices[0]?.delta.content ?? '';
    });
    try {
      await eventually(() => said === 'Hel');
      bench.app.nest.getHttpServer().closeAllConnections();
      await eventually(() => requests === 2, { within: 15_000 });
      door.open();
      await eventually(() => source.readyState === EventSource.CLOSED, { within: 15_000 });
      expect([said, requests]).toEqual(['Hello you', 3]);
    } finally {
      door.open();
      source.close();
    }
  }, 45_000);
});
