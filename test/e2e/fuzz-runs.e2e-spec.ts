import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Bench } from '../support/app.js';
import { getJson } from '../support/http-client.js';
import { anyMutation, type AnyJson, listPaths, mutate } from '../support/mutations.js';
import { askRun, beginRun, callRun, endRun, runUrl } from '../support/runs-client.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { assertValidError } from '../support/wire-schema.js';

/** A request with most parameters, from which the mutations start. */
const SEED = {
  model: 'chat',
  messages: [
    { role: 'system', content: 'Be brief' },
    { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
    },
    { role: 'tool', tool_call_id: 'c', content: '5' },
  ],
  run_at: 1,
  priority: 9,
  stream: false,
  temperature: 0.5,
  top_logprobs: 2,
  logprobs: true,
  response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } },
  tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
  tool_choice: { type: 'function', function: { name: 'f' } },
  metadata: { a: 'b' },
};

const PLAIN = { model: 'chat', input: 'Hi', metadata: { a: 'b' }, priority: 1 };

describe('a request for a run, however it was mutated', () => {
  let bench: Bench;
  let id: string;
  beforeAll(async () => {
    bench = await Bench.start({ env: { LIMIT_QUEUED_RUNS: '100000' } });
    bench.upstream.always(scriptStream('ok'));
    ({ id } = await beginRun(bench.app));
    await endRun(bench.app, id);
  });
  afterAll(() => bench.close());

  it.each([
    ['a conversation', SEED],
    ['a text', PLAIN],
  ])(
    'is taken, or refused with a 4xx and an envelope: never a 5xx (%s)',
    async (_, seed) => {
      await fc.assert(
        fc.asyncProperty(fc.array(anyMutation(listPaths(seed)), { minLength: 1, maxLength: 3 }), async (mutations) => {
          const body = mutations.reduce<AnyJson>(
            (value, change) => mutate(value, change),
            structuredClone<AnyJson>(seed),
          );
          const { status, json } = await callRun(bench.app, 'POST', '', {}, JSON.stringify(body));
          if (status === 202) return;
          assertValidError(json);
          expect([400, 404]).toContain(status);
          expect(json.error.message).not.toBe('');
        }),
        { numRuns: 400 },
      );
    },
    120_000,
  );

  it('is refused when it is not JSON any more', async () => {
    const text = JSON.stringify(PLAIN);
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 1), async (at) => {
        const { status, json } = await callRun(bench.app, 'POST', '', {}, text.slice(0, at));
        assertValidError(json);
        expect(status).toBe(400);
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  it('has an address that may hold anything, and gets an envelope', async () => {
    const anything = fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('-1', '1e9', '0x1', '999999999999999', ''));
    const name = fc.constantFrom(
      'limit',
      'after',
      'order',
      'status',
      'model',
      'include',
      'ticket',
      'limit[]',
      'after[a]',
    );
    const query = fc
      .array(fc.tuple(name, anything), { minLength: 1, maxLength: 3 })
      .map((pairs) => pairs.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('&'));
    const place = fc.constantFrom('', id, `${id}/events`, 'run_x', 'run_x/events', '%00', '%F0%9F', '..%2f..');
    await fc.assert(
      fc.asyncProperty(place, query, async (path, asked) => {
        const { status, json } = await getJson(`${runUrl(bench.app, path)}?${asked}`);
        if (status === 200) return;
        assertValidError(json);
        expect([400, 401, 404, 410]).toContain(status);
      }),
      { numRuns: 300 },
    );
  }, 60_000);

  it('is refused with 404 for an id of any length', async () => {
    expect((await getJson(runUrl(bench.app, 'x'.repeat(4_000)))).status).toBe(404);
  });

  it.each([
    ['no body', undefined, null],
    ['a list', [], null],
    ['no model', { input: 'x' }, 'model'],
    ['neither messages nor input', { model: 'chat' }, 'input'],
    ['both', { model: 'chat', input: 'x', messages: [{ role: 'user', content: 'x' }] }, 'input'],
    ['null for both', { model: 'chat', input: null, messages: null }, 'input'],
    ['an empty list', { model: 'chat', messages: [] }, 'messages'],
    ['an unknown role', { model: 'chat', input: [{ role: 'king', content: 'x' }] }, 'input[0].role'],
    ['a number as input', { model: 'chat', input: 5 }, 'input'],
    ['a time that is a string', { model: 'chat', input: 'x', run_at: '2027-01-01' }, 'run_at'],
    ['a time with a fraction', { model: 'chat', input: 'x', run_at: 1.5 }, 'run_at'],
    ['a time in milliseconds', { model: 'chat', input: 'x', run_at: 1_796_000_000_000 }, 'run_at'],
    ['a priority above 9', { model: 'chat', input: 'x', priority: 10 }, 'priority'],
    ['a priority below 0', { model: 'chat', input: 'x', priority: -1 }, 'priority'],
    ['a stream', { model: 'chat', input: 'x', stream: true }, 'stream'],
    ['metadata that is not an object', { model: 'chat', input: 'x', metadata: 'a' }, 'metadata'],
    ['a form that the workflow has not', { model: 'default', input: 'x', tools: [TOOL()] }, 'tools'],
    ['tool_choice without tools', { model: 'chat', input: 'x', tool_choice: 'auto' }, 'tool_choice'],
  ])('is refused with 400, and told where: %s', async (_, body, param) => {
    const { status, json } = await callRun(bench.app, 'POST', '', {}, body);
    assertValidError(json);
    expect([status, json.error.param]).toEqual([400, param]);
  });

  it('tells how many faults it has', async () => {
    const { json } = await askRun(bench.app, { temperature: 9, priority: 11, run_at: 'x' });
    expect((json as { error: { message: string } }).error.message).toContain('2 further faults');
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=1.5', 'limit'],
    ['limit=x', 'limit'],
    ['limit=', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['order=down', 'order'],
    ['status=done', 'status'],
    ['after=run_nobody', 'after'],
    ['after=x&after=y', 'after'],
    ['model=a&model=b', 'model'],
  ])('for a list is refused: %s', async (query, param) => {
    const { status, json } = await getJson(`${runUrl(bench.app)}?${query}`);
    assertValidError(json);
    expect([status, json.error]).toMatchObject([400, { param, code: 'invalid_value' }]);
  });

  it.each(['', '-1', '1e3', '0x10', '1.5', 'x', '1&after=2'])('for events after "%s" is refused', async (after) => {
    const { status, json } = await getJson(runUrl(bench.app, `${id}/events?after=${after}`));
    expect([status, json]).toMatchObject([400, { error: { param: 'after', code: 'invalid_value' } }]);
  });

  it('is refused with 404 for a run that does not exist, and with 405 for another method', async () => {
    for (const path of ['run_nobody', 'run_nobody/events']) {
      expect(await callRun(bench.app, 'GET', path)).toMatchObject({ status: 404, json: { error: { code: null } } });
    }
    expect((await askRun(bench.app, { model: 'nobody' })).json).toMatchObject({ error: { code: 'model_not_found' } });
    for (const [method, path, allow] of [
      ['DELETE', '', 'GET, POST'],
      ['POST', id, 'GET, DELETE'],
      ['POST', `${id}/events`, 'GET'],
      ['GET', `${id}/cancel`, 'POST'],
      ['GET', `${id}/ticket`, 'POST'],
    ] as const) {
      const { status, headers } = await callRun(bench.app, method, path);
      expect([path, status, headers['allow']]).toEqual([path, 405, allow]);
    }
    expect((await callRun(bench.app, 'GET', `${id}?include=log`)).json).toMatchObject({ error: { param: 'include' } });
  });
});

function TOOL(): object {
  return { type: 'function', function: { name: 'f', parameters: { type: 'object' } } };
}
