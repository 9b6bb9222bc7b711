import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { IsString } from 'class-validator';
import { makeCall, ProviderBench } from '../../../../test/support/provider-bench.js';
import { scriptCompletion, tokens } from '../../../../test/support/upstream/scripts.js';
import { delta, done, finish, httpError, role, style, text } from '../../../../test/support/upstream/steps.js';
import { makeOutputSchema } from '../../../schema/index.js';
import type { Message } from '../../message.js';

class Reply {
  @IsString()
  reply: string;
}

const think = (words: string): object => ({ type: 'thinking', thinking: [{ type: 'text', text: words }] });

describe('mistral', () => {
  let bench: ProviderBench;

  beforeEach(async () => {
    bench = await ProviderBench.start('mistral', '/v1/chat/completions', (origin) => ({
      MISTRAL_BASE_URL: `${origin}/v1`,
      MISTRAL_API_KEY: 'mistral-1',
    }));
  });
  afterEach(() => bench.close());

  it('sends only fields that Mistral knows, and reads usage that it did not ask for', async () => {
    bench.upstream.next([role(), text('Hello'), finish('stop', { usage: tokens(6, 1) }), done()]);
    const messages = [
      { role: 'developer', content: 'Be kind' },
      { role: 'user', content: 'Hi', name: 'Ann' },
      { role: 'assistant', content: 'Hello', refusal: null, annotations: [], reasoning_content: 'Hm' },
      { role: 'user', content: 'Say it' },
      { role: 'assistant', content: null, audio: { id: 'audio_1', data: 'AAAA', transcript: 'Hello.', expires_at: 9 } },
      { role: 'tool', tool_call_id: 'abc', content: '1' },
    ] as Message[];
    const known = { temperature: 0, tools: [], tool_choice: 'auto', parallel_tool_calls: false };
    const recorded = bench.call(
      { ...known, max_completion_tokens: 5, max_tokens: 9, seed: 3, user: 'u', store: true, prompt_cache_key: 'k' },
      messages,
    );
    expect(await recorded.toEnd()).toEqual({ finishReason: 'stop' });
    expect(bench.request.headers.authorization).toBe('Bearer mistral-1');
    expect(bench.request.body).toEqual({
      ...known,
      max_tokens: 5,
      random_seed: 3,
      model: 'm',
      stream: true,
      messages: [
        { role: 'system', content: 'Be kind' },
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Hello' },
        { role: 'user', content: 'Say it' },
        { role: 'assistant', content: 'Hello.' },
        messages[5],
      ],
    });
    expect([recorded.text(), recorded.usages.at(-1)]).toEqual(['Hello', tokens(6, 1)]);
  });

  it('reads thinking parts as reasoning', async () => {
    bench.upstream.next([
      style({ nullKeys: false }),
      delta({ role: 'assistant', content: [think('Let me ')] }),
      delta({ content: [think('see.'), { type: 'text', text: 'The ' }] }),
      text('answer'),
      finish('model_length'),
      done(),
    ]);
    const recorded = bench.call();
    expect(await recorded.toEnd()).toEqual({ finishReason: 'length' });
    expect(recorded.deltas).toEqual([
      { type: 'reasoning', text: 'Let me ' },
      { type: 'reasoning', text: 'see.' },
      { type: 'content', text: 'The ' },
      { type: 'content', text: 'answer' },
    ]);
  });

  it('sends a schema as it is', async () => {
    bench.upstream.next(scriptCompletion({ reply: 'Hi' }));
    const recorded = bench.call(makeCall(Reply));
    await recorded.toEnd();
    expect(bench.request.body).toMatchObject(makeCall(Reply));
    expect(await makeOutputSchema(Reply).parse(recorded.text())).toEqual({ reply: 'Hi' });
  });

  it('passes the message about a refused field on to the client', async () => {
    const detail = [{ type: 'extra_forbidden', loc: ['body', 'verbosity'], msg: 'Extra inputs are not permitted' }];
    bench.upstream.next(
      httpError(422, { object: 'error', message: { detail }, type: 'invalid_request_error', param: null, code: null }),
    );
    expect(await bench.call().toFailure()).toMatchObject({
      status: 422,
      message: 'Extra inputs are not permitted (verbosity)',
    });
  });
});
