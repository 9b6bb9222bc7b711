import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Bench } from '../support/app.js';
import { postJson } from '../support/http-client.js';
import { describeMutations } from '../support/mutated-requests.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { assertValidCompletion, assertValidError } from '../support/wire-schema.js';

/** A request with most parameters, from which the mutations start. */
const SEED = {
  model: 'chat',
  stream: false,
  messages: [
    { role: 'system', content: 'Be brief', name: 'boss' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Hi' },
        { type: 'image_url', image_url: { url: 'data:,x', detail: 'low' } },
      ],
    },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
    },
    { role: 'tool', tool_call_id: 'c', content: '5' },
  ],
  temperature: 0.5,
  top_p: 1,
  n: 1,
  stop: ['a'],
  max_completion_tokens: 10,
  logit_bias: { '1': 2 },
  logprobs: true,
  top_logprobs: 2,
  seed: 1,
  response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } },
  tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
  tool_choice: { type: 'function', function: { name: 'f' } },
  metadata: { a: 'b' },
  user: 'u',
};

describe('a request, however it was mutated', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.start();
    bench.upstream.always(scriptStream('ok'));
  });
  afterAll(() => bench.close());

  const expectSane = async (body: string): Promise<void> => {
    const { status, json, headers } = await postJson(bench.app.chatUrl, body);
    expect(headers['x-request-id']).toBeDefined();
    if (status === 200) assertValidCompletion(json);
    else {
      assertValidError(json);
      expect([400, 404]).toContain(status);
      expect(json.error.message).not.toBe('');
    }
  };

  describeMutations(SEED, ['model', 'messages'], expectSane);

  it('is refused when it is not JSON any more', async () => {
    const text = JSON.stringify(SEED);
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 1), fc.string({ maxLength: 3 }), async (at, noise) => {
        await expectSane(text.slice(0, at) + noise + text.slice(at + 1));
      }),
      { numRuns: 500 },
    );
  }, 60_000);

  it('may be nested to any depth', async () => {
    const deep = (open: string, close: string): string => open.repeat(20_000) + close.repeat(20_000);
    for (const [open, close, core] of [
      ['[', ']', ''],
      ['{"a":', '}', '1'],
    ] as const) {
      const nested = `${open.repeat(20_000)}${core}${close.repeat(20_000)}`;
      await expectSane(`{"model":"chat","messages":${nested}}`);
      await expectSane(`{"model":"chat","messages":[{"role":"user","content":"x"}],"something":${nested}}`);
      await expectSane(`{"model":"chat","messages":[{"role":"user","content":"x"}],"metadata":${nested}}`);
    }
    await expectSane(deep('[', ']'));
  }, 60_000);
});
