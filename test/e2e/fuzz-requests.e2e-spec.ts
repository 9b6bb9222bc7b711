import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Bench } from '../support/app.js';
import { postJson } from '../support/http-client.js';
import { anyMutation, type AnyJson, listPaths, mutate, type Mutation, UNSPEAKABLE } from '../support/mutations.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { assertValidCompletion, assertValidError } from '../support/wire-schema.js';

/** A request that uses a bit of everything, as the ground for mutations. */
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

const PATHS = listPaths(SEED);
const mutation = anyMutation(PATHS);

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

  it('is answered, or refused with a 4xx and an envelope: never a 5xx', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), fc.boolean(), async (mutations, plain) => {
        // Without the parameters that need each other, more of the mutated requests get through to a model.
        const seed = plain ? { model: SEED.model, messages: SEED.messages } : SEED;
        const body = mutations.reduce<AnyJson>(
          (value, change) => mutate(value, change),
          structuredClone(seed) as AnyJson,
        );
        if (typeof body === 'object' && body !== null && 'stream' in body && body.stream === true) body.stream = false;
        await expectSane(JSON.stringify(body));
      }),
      { numRuns: 1_500 },
    );
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  }, 120_000);

  it('is answered, or refused with a 4xx, when an object stands at any place of it', async () => {
    for (const path of PATHS) {
      for (const value of UNSPEAKABLE) {
        for (const kind of ['set', 'add'] as const) {
          const change: Mutation = { kind, path, key: 'extra', value };
          await expectSane(JSON.stringify(mutate(structuredClone<AnyJson>(SEED), change)));
        }
      }
    }
  }, 120_000);

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
