import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { IsString } from 'class-validator';
import { makeCall, ProviderBench } from '../../../../test/support/provider-bench.js';
import { scriptCompletion, scriptStream, tokens } from '../../../../test/support/upstream/scripts.js';
import { makeOutputSchema } from '../../../schema/index.js';

class Reply {
  @IsString()
  reply: string;
}

describe('openai', () => {
  let bench: ProviderBench;

  beforeEach(async () => {
    bench = await ProviderBench.start('openai', '/v1/chat/completions', (origin) => ({
      OPENAI_BASE_URL: `${origin}/v1`,
      OPENAI_API_KEY: 'sk-1',
      OPENAI_MESSAGES: 'openai',
    }));
  });
  afterEach(() => bench.close());

  it('sends what it is given, and reads the usage from the last chunk', async () => {
    bench.upstream.next(scriptStream('Hello you', { usage: tokens(7, 2) }));
    const parameters = { max_completion_tokens: 9, seed: 1, parallel_tool_calls: true, logprobs: true };
    const messages = [{ role: 'developer', content: 'Be kind', name: 'x' } as const];
    const call = bench.call(parameters, messages);
    expect(await call.toEnd()).toEqual({ finishReason: 'stop' });
    expect(bench.request.body).toEqual({
      ...parameters,
      model: 'm',
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(bench.request.headers.authorization).toBe('Bearer sk-1');
    expect(call.text()).toBe('Hello you');
    expect(call.usages.at(-1)).toEqual(tokens(7, 2));
  });

  it('sends a schema as it is', async () => {
    bench.upstream.next(scriptCompletion({ reply: 'Hi' }));
    const call = bench.call(makeCall(Reply));
    await call.toEnd();
    expect(bench.request.body).toMatchObject(makeCall(Reply));
    expect(await makeOutputSchema(Reply).parse(call.text())).toEqual({ reply: 'Hi' });
  });

  it('keeps OPENAI_CUSTOM_HEADERS of the environment out', async () => {
    process.env['OPENAI_CUSTOM_HEADERS'] = 'x-from-environment: 1\nauthorization: Bearer stolen';
    const other = await ProviderBench.start('openai', '/v1/chat/completions', (origin) => ({
      OPENAI_BASE_URL: `${origin}/v1`,
    }));
    delete process.env['OPENAI_CUSTOM_HEADERS'];
    try {
      other.upstream.next(scriptStream('a'));
      await other.call().toEnd();
      expect(other.request.headers).not.toHaveProperty('x-from-environment');
      expect(other.request.headers.authorization).toBe('Bearer none');
    } finally {
      await other.close();
    }
  });
});
