import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Bench } from '../support/app.js';
import type { WireChunk } from '../support/chunks.js';
import { HELLO as messages } from '../support/messages.js';
import { catchRejection } from '../support/rejection.js';
import { scriptCompletion, scriptStream, tokens, scriptToolCalls } from '../support/upstream/scripts.js';
import { chunk, cutEvery, errorBody, gate, httpError, role, stall, text } from '../support/upstream/steps.js';
import {
  assertValidChunk,
  assertValidCompletion,
  assertValidError,
  type ErrorEnvelope,
} from '../support/wire-schema.js';

/** Code as people write it without an SDK: it reads an event stream line by line, and only the fields that it needs. */
async function* read(response: Response): AsyncGenerator<WireChunk | ErrorEnvelope, void, void> {
  let rest = '';
  for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (!line.startsWith('data: ')) continue;
      const data = line.slice('data: '.length);
      if (data === '[DONE]') return;
      yield JSON.parse(data) as WireChunk | ErrorEnvelope;
    }
  }
  throw new Error('The stream ended without [DONE]');
}

describe('plain fetch as a client', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.start();
  });
  afterEach(() => bench.close());

  function ask(body: object, signal?: AbortSignal): Promise<Response> {
    return fetch(bench.app.chatUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'chat', messages, ...body }),
      ...(signal && { signal }),
    });
  }

  /** All chunks of a stream without an error. */
  async function chunksFrom(response: Response): Promise<WireChunk[]> {
    const chunks: WireChunk[] = [];
    for await (const json of read(response)) {
      assertValidChunk(json);
      chunks.push(json);
    }
    return chunks;
  }

  it('reads a whole completion', async () => {
    bench.upstream.next(scriptStream('Hello there.', { usage: tokens(3, 4) }));
    const response = await ask({});
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    const completion: unknown = await response.json();
    assertValidCompletion(completion);
    expect(completion).toMatchObject({
      choices: [{ message: { role: 'assistant', content: 'Hello there.' }, finish_reason: 'stop' }],
      usage: { total_tokens: 7 },
    });
  });

  it('reads a stream as it comes, with usage at its end', async () => {
    const hold = gate();
    bench.upstream.next([cutEvery(3), ...scriptStream(['Grüße ', '🙂', hold, ' and more'], { usage: tokens(3, 4) })]);
    const response = await ask({ stream: true, stream_options: { include_usage: true } });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    let content = '';
    let last: WireChunk | undefined;
    for await (const json of read(response)) {
      assertValidChunk(json);
      content += json.choices[0]?.delta.content ?? '';
      if (content === 'Grüße 🙂') hold.open();
      last = json;
    }
    expect(content).toBe('Grüße 🙂 and more');
    expect(last).toMatchObject({ choices: [], usage: { total_tokens: 7 } });
  });

  it('reads reasoning apart from the text', async () => {
    bench.upstream.next(scriptCompletion({ thinking: 'Let me think.', reply: 'Hello 🙂' }));
    const seen = { reasoning_content: '', content: '' };
    for (const { choices } of await chunksFrom(await ask({ model: 'reasoning', stream: true }))) {
      seen.reasoning_content += choices[0]?.delta.reasoning_content ?? '';
      seen.content += choices[0]?.delta.content ?? '';
    }
    expect(seen).toEqual({ reasoning_content: 'Let me think.', content: 'Hello 🙂' });
  });

  it('puts a tool call together, and sends its result', async () => {
    bench.upstream.next(scriptToolCalls('call_1', 'add', { a: 2, b: 3 })).next(scriptStream('It is 5.'));
    const tools = [{ type: 'function', function: { name: 'add', parameters: { type: 'object' } } }];
    const call = { id: '', type: 'function', function: { name: '', arguments: '' } };
    const chunks = await chunksFrom(await ask({ tools, stream: true }));
    for (const piece of chunks.flatMap(({ choices }) => choices[0]?.delta.tool_calls ?? [])) {
      call.id += piece.id ?? '';
      call.function.name += piece.function?.name ?? '';
      call.function.arguments += piece.function?.arguments ?? '';
    }
    expect(call).toEqual({ id: 'call_1', type: 'function', function: { name: 'add', arguments: '{"a":2,"b":3}' } });
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('tool_calls');

    const conversation = [
      ...messages,
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'call_1', content: '5' },
    ];
    const completion: unknown = await (await ask({ tools, messages: conversation })).json();
    expect(completion).toMatchObject({ choices: [{ message: { content: 'It is 5.' } }] });
    expect((await bench.upstream.request(1)).body.messages).toEqual(conversation);
  });

  it('gets a completion in the form that it asks for', async () => {
    bench.upstream.next(scriptCompletion({ city: 'Ulm' }));
    const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
    const response_format = { type: 'json_schema', json_schema: { name: 'city', schema } };
    const completion: unknown = await (await ask({ response_format })).json();
    assertValidCompletion(completion);
    expect(JSON.parse(completion.choices[0]?.message.content ?? '')).toEqual({ city: 'Ulm' });
    expect((await bench.upstream.request(0)).body.response_format).toEqual(response_format);
  });

  it.each([true, false])('gets errors by their status before the response begins, with stream: %p', async (stream) => {
    bench.upstream.next(httpError(429, errorBody('slow'), { 'retry-after': '7' }));
    const refused = await ask({ stream });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '7']);
    expect(await readError(refused)).toMatchObject({ type: 'rate_limit_error', code: 'rate_limit_exceeded' });

    const unknown = await ask({ stream, model: 'nope' });
    expect([unknown.status, await readError(unknown)]).toMatchObject([
      404,
      { code: 'model_not_found', param: 'model' },
    ]);

    const wrong = await ask({ stream, messages: [{ role: 'user' }] });
    expect([wrong.status, await readError(wrong)]).toMatchObject([
      400,
      { type: 'invalid_request_error', param: 'messages[0].content' },
    ]);
  });

  it('gets the text so far, and then the error, in a stream', async () => {
    bench.upstream.next([role(), text('So far'), chunk(errorBody('boom'))]);
    let content = '';
    let error: ErrorEnvelope['error'] | undefined;
    for await (const json of read(await ask({ stream: true }))) {
      if ('error' in json) error = json.error;
      else content += json.choices[0]?.delta.content ?? '';
    }
    expect(content).toBe('So far');
    expect(error).toMatchObject({ type: 'server_error', code: 'upstream_error' });
  });

  it('stops the upstream by leaving the loop and by its signal, and continues', async () => {
    bench.upstream.always([role(), text('One'), stall()]);
    for await (const json of read(await ask({ stream: true }))) {
      if ('choices' in json && json.choices[0]?.delta.content === 'One') break;
    }
    expect(await (await bench.upstream.request(0)).closed).toBe('aborted');

    const leaving = new AbortController();
    const asking = catchRejection(ask({}, leaving.signal));
    const asked = await bench.upstream.request(1);
    leaving.abort();
    expect(await asking).toHaveProperty('name', 'AbortError');
    expect(await asked.closed).toBe('aborted');

    bench.upstream.always(scriptStream('Hello again.'));
    expect((await ask({})).status).toBe(200);
  });
});

async function readError(response: Response): Promise<ErrorEnvelope['error']> {
  const json: unknown = await response.json();
  assertValidError(json);
  return json.error;
}
