import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { IsString } from 'class-validator';
import { makeCall, ProviderBench } from '../../../../test/support/provider-bench.js';
import { scriptCompletion, tokens } from '../../../../test/support/upstream/scripts.js';
import { delta, done, finish, httpError, style, usage } from '../../../../test/support/upstream/steps.js';

class Reply {
  @IsString()
  reply: string;
}

describe('ollama', () => {
  let bench: ProviderBench;

  beforeEach(async () => {
    bench = await ProviderBench.start('ollama', '/v1/chat/completions', (origin) => ({
      OLLAMA_BASE_URL: `${origin}/v1`,
    }));
  });
  afterEach(() => bench.close());

  it('sends the limit under the name that Ollama knows, and reads its reasoning and whole tool calls', async () => {
    const call = { id: 'call_1', index: 0, type: 'function', function: { name: 'f', arguments: '{"a":1}' } };
    bench.upstream.next([
      style({ envelope: { system_fingerprint: 'fp_ollama' } }),
      delta({ role: 'assistant', content: '', reasoning: 'Hm' }),
      delta({ role: 'assistant', content: 'Hello' }),
      delta({ role: 'assistant', content: '', tool_calls: [call] }),
      { ...finish('tool_calls'), delta: { role: 'assistant', content: '' } },
      usage(tokens(26, 5), { onlyIfAsked: true }),
      done(),
    ]);
    const recorded = bench.call({ max_completion_tokens: 8 }, [{ role: 'developer', content: 'Be kind' }]);
    expect(await recorded.toEnd()).toEqual({ finishReason: 'tool_calls' });
    expect(bench.request.body).toMatchObject({ max_tokens: 8, messages: [{ role: 'system', content: 'Be kind' }] });
    expect(bench.request.body).not.toHaveProperty('max_completion_tokens');
    expect(recorded.deltas).toEqual([
      { type: 'reasoning', text: 'Hm' },
      { type: 'content', text: 'Hello' },
      { type: 'tool-call', index: 0, id: 'call_1', name: 'f', arguments: '{"a":1}' },
    ]);
    expect(recorded.usages.at(-1)).toEqual(tokens(26, 5));
    expect(recorded.identities.at(-1)).toMatchObject({ systemFingerprint: 'fp_ollama' });
  });

  it('sends a schema as it is', async () => {
    bench.upstream.next(scriptCompletion({ reply: 'Hi' }));
    const recorded = bench.call(makeCall(Reply));
    await recorded.toEnd();
    expect(bench.request.body).toMatchObject(makeCall(Reply));
    expect(recorded.text()).toBe('{"reply":"Hi"}');
  });

  it('reports a missing model', async () => {
    const error = { message: 'model "m" not found, try pulling it first', type: 'not_found_error', param: null };
    bench.upstream.next(httpError(404, { error }));
    expect(await bench.call().toFailure()).toMatchObject({ code: 'upstream_not_found' });
  });
});
